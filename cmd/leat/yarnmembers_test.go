package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func TestMembersOnYARN(t *testing.T) {
	all := func(members ...messages.Member) messages.Members { return messages.Members{Members: members} }
	leads := messages.Member{ID: "s1", Address: "s1", Answers: true, Leader: true}
	follows := messages.Member{ID: "s2", Address: "s2", Answers: true}
	dead := messages.Member{ID: "am1", Address: "am1"}
	for _, x := range []struct {
		name   string
		all    messages.Members
		own    string
		master bool
		rounds int
		want   change
	}{
		{"a new standby is added", all(leads), "s3", false, 1, change{add: true}},
		{"which removes nobody", all(leads, dead), "s3", false, 9, change{add: true}},
		{"a new ApplicationMaster takes the place of the dead one", all(leads, follows, dead), "am2", true, 1, change{remove: []string{"am1"}, add: true}},
		{"and leads", all(leads, follows), "s2", true, 1, change{lead: true}},
		{"a standby need not", all(leads, follows), "s2", false, 1, change{}},
		{"all is well", all(leads, follows), "s1", true, 9, change{}},
		{"a member may be silent for a moment", all(leads, follows, dead), "s1", true, 2, change{}},
		{"but not for long", all(leads, follows, dead), "s1", true, 3, change{remove: []string{"am1"}}},
	} {
		silent := map[string]int{}
		var got change
		for range x.rounds {
			got = changeOf(x.all, x.own, x.master, silent)
		}
		require.Equal(t, x.want, got, x.name)
	}
}

// Standbys that still take the dead ApplicationMaster for their leader are waited for; those that are dead are not.
func TestLivesOnYARN(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := l.Addr().String()
	require.NoError(t, l.Close())
	asked := 0
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 4 {
			http.Redirect(w, r, "http://"+dead+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		_, _ = w.Write([]byte("{}")) // the test sees that it is missing
	}))
	t.Cleanup(standby.Close)
	m := &applicationMaster{conf: config.New()}
	lives, err := m.livesOn(t.Context(), slog.New(slog.DiscardHandler), []string{dead, standby.Listener.Addr().String()})
	require.NoError(t, err)
	require.True(t, lives)
	lives, err = m.livesOn(t.Context(), slog.New(slog.DiscardHandler), []string{dead, dead})
	require.NoError(t, err)
	require.False(t, lives)
}
