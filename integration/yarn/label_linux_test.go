package yarn_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// Workers run on the nodes whose label is asked for; a label that the queue has no access to is refused before anything is submitted.
func TestNodeLabel(t *testing.T) {
	client := requireTwoNodes(t)
	nodes, err := client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
	require.NoError(t, err)
	labelled := nodes[0].GetNodeId()
	place := labelled.GetHost() + ":" + strconv.Itoa(int(labelled.GetPort()))
	admin := func(args ...string) { hadoop(t, append([]string{"RMAdminCLI"}, args...)) }
	admin("-addToClusterNodeLabels", "fast(exclusive=true)")
	defer admin("-replaceLabelsOnNode", place+"=")
	admin("-replaceLabelsOnNode", place+"=fast", "-failOnUnknownNodes")

	dir, home, ticks := folder(t), t.TempDir(), filepath.Join(t.TempDir(), "ticks")
	run := func(queue string) ran {
		return leat(t, home, "run", "-d", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, "-Dyarn.taskmanager.node-label=fast",
			"-Dyarn.application.queue="+queue, binary(t, "ticks"), ticks)
	}
	refused := run("etl")
	require.Equal(t, 4, refused.code, refused.err)
	require.Contains(t, refused.err, `queue "etl" has no access to nodes with the label "fast"`)

	app := run("default")
	require.Zero(t, app.code, app.err)
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	nodes, err = client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
	require.NoError(t, err)
	for _, n := range nodes {
		require.EqualValues(t, 1, n.GetNumContainers(), "the JobManager has the other node: %s", n.GetNodeId())
	}
	end(t, client, app.out)
}
