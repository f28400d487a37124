package nomad_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// published serves a file to nodes, as a repository of artifacts does.
func published(t *testing.T, path string) nomad.Artifact {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	files, err := nomad.Serve(l, "127.0.0.1")
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	a, err := files.Add(path, "")
	require.NoError(t, err)
	return a
}

// register registers a job spec with those variables, and removes it with the test.
func register(t *testing.T, client *api.Client, spec string, variables map[string]string) *api.Job {
	t.Helper()
	text, err := os.ReadFile("../../scripts/" + spec)
	require.NoError(t, err)
	var given strings.Builder
	for name, value := range variables {
		fmt.Fprintf(&given, "%s = %q\n", name, value)
	}
	job, err := client.Jobs().ParseHCLOpts(&api.JobsParseRequest{JobHCL: string(text), Variables: given.String(), Canonicalize: true})
	require.NoError(t, err)
	if os.Getenv("NOMAD_TOKEN") != "" { // what its tasks may do
		rules, err := os.ReadFile("../../scripts/nomad/policy.hcl")
		require.NoError(t, err)
		_, err = client.ACLPolicies().Upsert(&api.ACLPolicy{Name: "leat-" + *job.ID, Rules: string(rules), JobACL: &api.JobACL{Namespace: "default", JobID: *job.ID}}, nil)
		require.NoError(t, err)
	}
	_, _, err = client.Jobs().Register(job, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _, err := client.Jobs().Deregister(*job.ID, true, nil)
		require.NoError(t, err)
	})
	return job
}

// standing is the cluster of the job spec, as those see it who submit programs.
type standing struct {
	t            *testing.T
	client       *api.Client
	home, secret string
}

func startStanding(t *testing.T, client *api.Client, variables map[string]string) standing {
	t.Helper()
	s := standing{t, client, t.TempDir(), ""}
	s.secret = filepath.Join(s.home, "secret")
	v := api.NewVariable("nomad/jobs/leat")
	v.Items["secret"] = rand.Text() + rand.Text() + "\n"
	require.NoError(t, os.WriteFile(s.secret, []byte(v.Items["secret"]), 0o600))
	_, _, err := client.Variables().Update(v, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = client.Variables().Delete(v.Path, nil) })
	t.Cleanup(func() { // what they keep is in folders of the test
		until(t, "the end of the cluster", func() bool {
			listed, _, err := client.Allocations().List(nil)
			require.NoError(t, err)
			return !slices.ContainsFunc(listed, func(a *api.AllocationListStub) bool {
				return a.JobID == "leat" && (a.ClientStatus == api.AllocClientStatusRunning || a.ClientStatus == api.AllocClientStatusPending)
			})
		})
	})
	leatBinary := published(t, binary(t, "leat"))
	all := map[string]string{"artifact": leatBinary.Source, "checksum": leatBinary.Checksum, "driver": "raw_exec", "user": "0", "taskmanagers": "1", "slots": "1", "memory": "1024"}
	maps.Copy(all, variables)
	register(t, client, "nomad/session.nomad.hcl", all)
	return s
}

// addresses are those of REST servers that the service names.
func (s standing) addresses() (all []string) {
	found, _, err := s.client.Services().Get("leat-rest", nil)
	if err != nil {
		return nil
	}
	for _, x := range found {
		all = append(all, net.JoinHostPort(x.Address, strconv.Itoa(x.Port)))
	}
	return all
}

// leat runs a command against whoever answers.
func (s standing) leat(args ...string) ran {
	all := append(slices.Clone(args[:1:1]), "-D"+config.Masters.Key+"="+strings.Join(s.addresses(), ","), "-Dcluster.secret-file="+s.secret)
	return leat(s.t, s.home, append(all, args[1:]...)...)
}

// members waits until that many JobManagers are members and answer, and returns them.
func (s standing) members(n int) (all []messages.Member) {
	s.t.Helper()
	until(s.t, "members", func() bool {
		var m messages.Members
		if got := s.leat("members", "list", "--json"); got.code == 0 {
			require.NoError(s.t, json.Unmarshal([]byte(got.out), &m), got.out)
		}
		all = m.Members
		return len(all) == n && !slices.ContainsFunc(all, func(m messages.Member) bool { return !m.Answers })
	})
	return all
}

// The cluster of the job spec runs jobs, and has as many TaskManagers as its group counts.
func TestSessionSpec(t *testing.T) {
	client := requireNomad(t)
	s := startStanding(t, client, nil)
	until(t, "the JobManager", func() bool { return s.leat("list").code == 0 })
	input := filepath.Join(folder(t), "in.txt")
	require.NoError(t, os.WriteFile(input, []byte("to be or not to be\n"), 0o644))
	got := s.leat("run", "-t", "remote", "-p", "1", binary(t, "wordcount"), "--input", input)
	require.Zero(t, got.code, got.err)
	require.Len(t, strings.Split(strings.TrimSpace(got.out), "\n"), 4, got.out)
	_, _, err := client.Jobs().Scale("leat", "taskmanager", new(2), "more room", false, nil, nil)
	require.NoError(t, err)
	got = s.leat("run", "-t", "remote", "-p", "2", binary(t, "wordcount"), "--input", input)
	require.Zero(t, got.code, got.err)
}

// With three JobManagers the cluster of the job spec goes on when the one that leads is moved.
func TestReplicatedSessionSpec(t *testing.T) {
	client := requireNomad(t)
	dir := folder(t)
	s := startStanding(t, client, map[string]string{"jobmanagers": "3", "storage": dir + "/ha"})
	before := s.members(3)
	ticks := &replicas{t: t, client: client, home: s.home, ticks: dir + "/ticks"}
	got := s.leat("run", "-d", "-t", "remote", "-p", "1", binary(t, "ticks"), ticks.ticks)
	require.Zero(t, got.code, got.err)
	ticks.tick()
	began := time.Now()
	moved := ""
	for _, m := range s.members(3) {
		if m.Leader {
			moved = m.Address
			_, err := client.Allocations().Stop(holder(t, client, "leat", m.Address), nil)
			require.NoError(t, err)
		}
	}
	require.NotEmpty(t, moved)
	until(t, "another member", func() bool { return !slices.Contains(addressesOf(s.members(3)), moved) })
	require.Subset(t, append(addressesOf(s.members(3)), moved), addressesOf(before))
	t.Logf("leader moved: three members after %s; longest time without a record: %s", time.Since(began).Round(time.Millisecond), ticks.gap(began).Round(time.Millisecond))
}

// A program is run by dispatch, with arguments.
func TestApplicationSpec(t *testing.T) {
	client := requireNomad(t)
	dir := folder(t)
	require.NoError(t, os.WriteFile(dir+"/in.txt", []byte("to be or not to be\n"), 0o644))
	leatBinary, program := published(t, binary(t, "leat")), published(t, binary(t, "wordcount"))
	job := register(t, client, "nomad/application.nomad.hcl", map[string]string{"artifact": leatBinary.Source, "checksum": leatBinary.Checksum, "driver": "raw_exec",
		"program": program.Source, "program_checksum": program.Checksum, "parallelism": "1"})
	for _, x := range []struct {
		arguments string
		status    string
	}{{"--input " + dir + "/in.txt --output " + dir + "/out", api.AllocClientStatusComplete}, {"--input " + dir + "/nowhere", api.AllocClientStatusFailed}} {
		dispatched, _, err := client.Jobs().Dispatch(*job.ID, map[string]string{"arguments": x.arguments}, nil, "", nil)
		require.NoError(t, err)
		require.Equal(t, x.status, endOf(t, client, dispatched.DispatchedJobID), logOf(t, client, dispatched.DispatchedJobID, "stderr"))
	}
	require.Equal(t, []string{"be,2\n", "not,1\n", "or,1\n", "to,2\n"}, lines(t, dir+"/out"))
}

// The schedule runs the days that are over, each in a cluster of its own, and finds them done the next time.
func TestDailySpec(t *testing.T) {
	client := requireNomad(t)
	dir := folder(t)
	leatBinary, program := published(t, binary(t, "leat")), published(t, binary(t, "daily"))
	job := register(t, client, "backfill/daily.nomad.hcl", map[string]string{"artifact": leatBinary.Source, "checksum": leatBinary.Checksum, "driver": "raw_exec",
		"program": program.Source, "program_checksum": program.Checksum, "parallelism": "1", "state": dir + "/ledger"})
	for _, want := range []string{"3 intervals: 3 succeeded", "3 intervals: 0 succeeded, 3 done before"} {
		before := periodicRuns(t, client, *job.ID)
		_, _, err := client.Jobs().PeriodicForce(*job.ID, nil)
		require.NoError(t, err)
		var run string
		until(t, "the run", func() bool {
			for id := range periodicRuns(t, client, *job.ID) {
				if !before[id] {
					run = id
				}
			}
			return run != ""
		})
		require.Equal(t, api.AllocClientStatusComplete, endOf(t, client, run), logOf(t, client, run, "stderr"))
		until(t, "what it prints: "+want, func() bool { return strings.Contains(logOf(t, client, run, "stdout"), want) }) // after its end
	}
}

// periodicRuns are the jobs that a periodic one has started.
func periodicRuns(t *testing.T, client *api.Client, id string) map[string]bool {
	t.Helper()
	all, _, err := client.Jobs().PrefixList(id + api.JobPeriodicLaunchSuffix)
	require.NoError(t, err)
	runs := map[string]bool{}
	for _, j := range all {
		runs[j.ID] = true
	}
	return runs
}

// logOf is what the one task of a job has written to stdout or stderr.
func logOf(t *testing.T, client *api.Client, job, stream string) string {
	t.Helper()
	all, _, err := client.Jobs().Allocations(job, true, nil)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	files, _ := filepath.Glob(os.Getenv("LEAT_TEST_NOMAD_DIR") + "/c*/alloc/" + all[0].ID + "/alloc/logs/*." + stream + ".0") // the pattern is right
	var text string
	for _, f := range files {
		content, err := os.ReadFile(f)
		require.NoError(t, err)
		text += string(content)
	}
	return text
}

// endOf is the status of a job's one allocation when it has ended.
func endOf(t *testing.T, client *api.Client, job string) (status string) {
	t.Helper()
	until(t, "the end of "+job, func() bool {
		all, _, err := client.Jobs().Allocations(job, true, nil)
		require.NoError(t, err)
		if len(all) > 0 {
			status = all[0].ClientStatus
		}
		return status == api.AllocClientStatusComplete || status == api.AllocClientStatusFailed
	})
	return status
}
