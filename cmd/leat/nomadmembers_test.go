package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func TestMembersOnNomad(t *testing.T) {
	member := func(id, address string, answers bool) messages.Member {
		return messages.Member{ID: id, Address: address, Answers: answers}
	}
	a, b, dead := member("a", "a", true), member("b", "b", true), member("c", "c", false)
	for _, x := range []struct {
		name   string
		all    []messages.Member
		own    messages.Member
		here   []string // that Nomad runs
		rounds int
		want   change
		member bool
	}{
		{"a member has nothing to do", []messages.Member{a, b, dead}, a, []string{"a", "b"}, 9, change{}, true},
		{"there is room", []messages.Member{a}, b, []string{"a", "b"}, 1, change{add: true}, false},
		{"a fourth waits", []messages.Member{a, b, member("c", "c", true)}, member("d", "d", true), []string{"a", "b", "c", "d"}, 9, change{}, false},
		{"and while another hangs", []messages.Member{a, b, dead}, member("d", "d", true), []string{"a", "b", "c", "d"}, 9, change{}, false},
		{"one that Nomad has lost may be silent for a moment", []messages.Member{a, b, dead}, member("d", "d", true), []string{"a", "b", "d"}, 3, change{}, false},
		{"but not for long", []messages.Member{a, b, dead}, member("d", "d", true), []string{"a", "b", "d"}, 4, change{remove: []string{"c"}, add: true}, false},
		{"one that answers is not lost", []messages.Member{a, b, member("c", "c", true)}, member("d", "d", true), []string{"a", "b", "d"}, 9, change{}, false},
		{"a member moves", []messages.Member{a, b, dead}, member("c", "d", true), []string{"a", "b", "d"}, 1, change{add: true}, false},
		{"one has got the address of another", []messages.Member{a, b, dead}, member("d", "c", true), []string{"a", "b", "c"}, 1, change{remove: []string{"c"}, add: true}, false},
	} {
		silent := map[string]int{}
		var got change
		var is bool
		for range x.rounds {
			got, is = joining(messages.Members{Members: x.all}, x.own, x.here, 3, silent)
		}
		require.Equal(t, x.want, got, x.name)
		require.Equal(t, x.member, is, x.name)
	}
}

func TestStranded(t *testing.T) {
	status := func(id string, answers bool) jobmanager.MemberStatus {
		return jobmanager.MemberStatus{ID: id, Control: id, Answers: answers}
	}
	for _, x := range []struct {
		name    string
		members []jobmanager.MemberStatus
		here    []string
		want    bool
	}{
		{"one that was never a member knows nothing", nil, []string{"a"}, false},
		{"all are there", []jobmanager.MemberStatus{status("a", true), status("b", true), status("c", true)}, nil, false},
		{"two hang", []jobmanager.MemberStatus{status("a", true), status("b", false), status("c", false)}, []string{"a", "b", "d"}, false},
		{"two are gone", []jobmanager.MemberStatus{status("a", true), status("b", false), status("c", false)}, []string{"a", "d"}, true},
		{"one of two is gone", []jobmanager.MemberStatus{status("a", true), status("b", false)}, []string{"a"}, true},
	} {
		require.Equal(t, x.want, stranded(x.members, x.here), x.name)
	}
}

func TestReplicasOnNomad(t *testing.T) {
	for _, x := range []struct{ replicas, storage, want string }{
		{"1", "", ""},
		{"3", "/shared", ""},
		{"2", "/shared", "three can lose one"},
		{"3", "", "high-availability.storageDir"},
	} {
		conf := config.New()
		require.NoError(t, conf.Set("jobmanager.replicas", x.replicas))
		require.NoError(t, conf.Set("high-availability.storageDir", x.storage))
		err := checkReplicas(conf)
		if x.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, x.want)
	}
}
