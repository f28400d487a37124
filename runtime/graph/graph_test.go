package graph

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
)

// TestGraph runs scripts: a node per line, "KIND NAME parallelism [<- STRATEGY NAME[:port][, ...]] [option=value ...]".
func TestGraph(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			g := parse(t, d.Input)
			d.MaybeScanArgs(t, "auto", &g.AutoParallelism)
			d.MaybeScanArgs(t, "sources", &g.SourceParallelism)
			if err := g.Validate(); err != nil {
				return "error: " + err.Error() + "\n"
			}
			j := Chain(g, !d.HasArg("no-chaining"))
			switch d.Cmd {
			case "draw":
				return j.Draw()
			case "plan":
				b, err := j.PlanJSON("0123")
				require.NoError(t, err)
				return strings.ReplaceAll(string(b), "},{", "},\n{") + "\n"
			}
			d.Fatalf(t, "unknown command")
			return ""
		})
	})
}

func parse(t *testing.T, text string) *StreamGraph {
	g := &StreamGraph{Version: Version, Name: "job", Mode: "STREAMING", MaxParallelism: 4096}
	ids := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		n := Node{ID: i + 1, Kind: Kind(strings.ToUpper(f[0])), Name: f[1], Chaining: ChainAlways, Bounded: true}
		ids[n.Name] = n.ID
		for _, c := range f[2] {
			n.Parallelism = n.Parallelism*10 + int(c-'0')
		}
		number := 0
		for k := 3; k < len(f); k++ {
			switch {
			case f[k] == "<-" || f[k] == ",":
				n.Inputs = append(n.Inputs, Input{From: ids[f[k+2]], Strategy: shuffle.Strategy(f[k+1]), Number: number})
				number++
				k += 2
			case strings.HasPrefix(f[k], "uid="):
				n.UID = f[k][4:]
			case strings.HasPrefix(f[k], "chain="):
				n.Chaining = Chaining(f[k][6:])
			case strings.HasPrefix(f[k], "iteration="):
				n.Iteration = i + 1
				if head := f[k][len("iteration="):]; head != n.Name {
					n.Iteration = ids[head]
				}
			case strings.HasPrefix(f[k], "feeds="):
				head := &g.Nodes[ids[f[k][len("feeds="):]]-1]
				n.Iteration = head.ID
				head.Feedback = append(head.Feedback, n.ID)
			case strings.HasPrefix(f[k], "group="):
				n.SlotSharingGroup = f[k][6:]
			default:
				t.Fatalf("line %d: %q", i+1, f[k])
			}
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g
}

func TestFingerprintIgnoresParallelism(t *testing.T) {
	a := parse(t, "source S 2\nsink K 2 <- FORWARD S")
	b := parse(t, "source S 4\nsink K 4 <- FORWARD S")
	c := parse(t, "source S 2\nsink K 2 <- FORWARD S uid=x")
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	require.NotEqual(t, a.Fingerprint(), c.Fingerprint())
	auto := parse(t, "source S 0\nsink K 0 <- FORWARD S")
	auto.SourceParallelism, auto.AutoParallelism = 3, 7
	require.Equal(t, a.Fingerprint(), auto.Fingerprint())
	require.Equal(t, a.OperatorID(2), b.OperatorID(2))
	require.NotEqual(t, a.OperatorID(2), c.OperatorID(2))
}

func TestMaxParallelism(t *testing.T) {
	require.Equal(t, 4096, MaxParallelism(1))
	require.Equal(t, 4096, MaxParallelism(2730))
	require.Equal(t, 8192, MaxParallelism(4096))
	require.Equal(t, 32768, MaxParallelism(30000))
}
