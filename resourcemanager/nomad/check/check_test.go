package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/resourcemanager/nomad/check"
	"github.com/leatproject/leat/resourcemanager/nomad/nomadtest"
)

func run(t *testing.T, c *nomadtest.Cluster, token string, spec nomad.Spec) (lines string, ok bool) {
	t.Setenv("NOMAD_NAMESPACE", "")
	spec.Cluster, spec.Command = "c", "leat"
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		ok = check.Run(t.Context(), check.Options{Client: c.Client(token), Spec: spec, Size: resourcemanager.Size{Slots: 1, MemoryBytes: 1 << 30, MilliCPUs: 500}},
			func(r findings.Finding) { fmt.Fprintf(&b, "%s: %s: %s\n", r.Status, r.Name, r.Text) })
		lines = b.String()
	})
	require.Empty(t, c.Jobs(), "nothing is left behind")
	require.Empty(t, c.Variable("nomad/jobs/leat-check"))
	return lines, ok
}

func TestAllIsWell(t *testing.T) {
	c := nomadtest.New()
	c.Tokens = map[string][]string{"t": {"*"}}
	lines, ok := run(t, c, "t", nomad.Spec{Secret: true})
	require.True(t, ok)
	require.Equal(t, `ok: address: http://nomad.test answers in 0s
ok: token: token t with the policies *
ok: namespace: default
ok: rights: jobs can be listed, read, submitted and dispatched
ok: drivers: exec on 1 of 1 ready nodes
ok: room: a worker of 1024 MB and 500 thousandths of a core would be placed at once
`, lines)
	c.Tokens = nil
	lines, ok = run(t, c, "", nomad.Spec{Driver: "raw_exec"})
	require.True(t, ok)
	require.Contains(t, lines, "warning: token: ACLs are off")
}

func TestWhatIsMissing(t *testing.T) {
	rights := []string{"list-jobs", "read-job", "dispatch-job", "scale-job", "variables-write"}
	for _, tc := range []struct {
		change func(*nomadtest.Cluster)
		spec   nomad.Spec
		ok     bool
		want   []string
	}{
		{func(c *nomadtest.Cluster) {
			c.Fault = func(string) *nomadtest.Fault { return &nomadtest.Fault{} }
		}, nomad.Spec{}, false, []string{"FAILED: address: ", "connection reset by peer", "set NOMAD_ADDR"}},
		{func(c *nomadtest.Cluster) { c.Tokens = map[string][]string{"other": {"*"}} }, nomad.Spec{}, false,
			[]string{"FAILED: token: ACL token not found (status 403): Nomad does not know the token; set NOMAD_TOKEN"}},
		{nil, nomad.Spec{Namespace: "data"}, false, []string{"FAILED: namespace: Namespace not found", "set NOMAD_NAMESPACE"}},
		{func(c *nomadtest.Cluster) { c.Tokens["t"] = []string{"list-jobs", "read-job"} }, nomad.Spec{Secret: true}, false,
			[]string{"FAILED: rights: the token lacks dispatch-job, submit-job, variables write", "warning: drivers: the token may not see nodes"}},
		{func(c *nomadtest.Cluster) { c.Tokens["t"] = rights }, nomad.Spec{Secret: true}, true,
			[]string{"warning: rights: ", "the job leat-c-worker-1-1024m-500c has to be registered by somebody else"}},
		{func(c *nomadtest.Cluster) { c.Nodes[0].Drivers["docker"].Healthy = false }, nomad.Spec{Driver: "docker", Image: "i"}, false,
			[]string{"FAILED: drivers: none of 1 ready nodes has the driver docker", `warning: room: `, `1 nodes do not satisfy "missing drivers"`}},
		{nil, nomad.Spec{NodePool: "big"}, false, []string{"FAILED: drivers: none of the 1 nodes is ready and eligible"}},
		{nil, nomad.Spec{Datacenters: []string{"eu*"}}, false, []string{"FAILED: drivers: none of the 1 nodes"}},
		{nil, nomad.Spec{Datacenters: []string{"dc*"}}, true, []string{"ok: drivers"}},
	} {
		c := nomadtest.New()
		c.Tokens = map[string][]string{"t": {"*"}}
		if tc.change != nil {
			tc.change(c)
		}
		lines, ok := run(t, c, "t", tc.spec)
		require.Equal(t, tc.ok, ok, lines)
		for _, want := range tc.want {
			require.Contains(t, lines, want)
		}
	}
}
