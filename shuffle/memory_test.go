package shuffle

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
)

func TestLimitsFollowTheProcess(t *testing.T) {
	l := Limits{Fraction: 0.1, Min: 64 << 20, Max: 256 << 20}
	require.EqualValues(t, 64<<20, l.Of(100<<20))
	require.EqualValues(t, 100<<20, l.Of(1000<<20))
	require.EqualValues(t, 256<<20, l.Of(math.MaxInt64), "a process without a limit")
	require.EqualValues(t, math.MaxInt64, Limits{}.Of(1))
}

func TestSharesAreEvenAndBounded(t *testing.T) {
	m := NewMemory(8 << 20)
	m.Join()
	require.EqualValues(t, 8<<20, m.Share())
	g := NewGate(m, func() {})
	require.EqualValues(t, 4<<20, m.Share())
	g.Close()
	g.Close()
	require.EqualValues(t, 8<<20, m.Share())
	m.Resize(0)
	require.EqualValues(t, minShare, m.Share())
	m.Resize(math.MaxInt64)
	require.EqualValues(t, maxShare, m.Share())
	require.EqualValues(t, maxShare, (*Memory)(nil).Share())
}

// wide is memory for strings of any size: they cost nothing, but are counted.
var wide = strings.Repeat("x", 4<<20)

func wideRows(size, n int) *column.Batch {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = wide[:size]
	}
	return column.BatchOf(rows)
}

// release receives all that waits.
func release(g *Gate) {
	for !g.Empty() {
		_, e, _ := g.Receive()
		e.Batch.Release()
	}
}

func TestCreditIsInBytes(t *testing.T) {
	g := NewGate(NewMemory(8<<20), func() {})
	a, b := g.Connect(0), g.Connect(0)
	fill := func(c *Channel) (n int) {
		for ; c.Room(func() {}); n++ {
			c.Send(Element{Batch: wideRows(1<<20, 1)})
		}
		return n
	}
	require.Equal(t, 8, fill(a), "alone it has all")
	require.Equal(t, 1, fill(b), "one batch always passes")
	require.False(t, a.Room(func() {}))
	release(g)
	a.Send(Element{Batch: wideRows(1, 1)})
	require.Equal(t, 4, fill(b), "two that are busy have half each")
	release(g)
	require.Equal(t, 1, func() int { a.Send(Element{Batch: wideRows(4<<20, 3)}); return 1 + fill(a) }(), "larger than all memory")
	bytes, elements := g.Usage()
	require.Equal(t, []int64{12<<20 + 3*16, 1}, []int64{bytes, int64(elements)})
}

func TestWriterSendsWhenItsMemoryIsUsedUp(t *testing.T) {
	g := NewGate(nil, func() {})
	var channels []Sender
	for range 64 {
		channels = append(channels, g.Connect(0))
	}
	w := NewWriter(Rebalance, NewRoundRobin(0), channels, NewMemory(1<<20), func() {})
	for range 20 {
		require.NoError(t, w.Write(wideRows(100_000, 1), time.Time{}))
		require.Less(t, w.held, int64(1<<20))
	}
	require.False(t, g.Empty())
	require.Greater(t, w.Usage(), 0.0)
	w.Flush()
	require.Zero(t, w.Usage())
	_, bytes, buffers := w.Written()
	require.EqualValues(t, 20*100_016, bytes)
	require.EqualValues(t, 20, buffers)
	w.Close()
}

// node is a task of TestAnyTopologyEnds: it passes on what it receives.
type node struct {
	gate    *Gate
	writers []*Writer
	fan     []int64 // how often each writer sends a row
	left    int     // rows that a source has still to make
	inputs  int     // channels that have not ended
	rows    int
	times   map[*Channel]int64
	awake   bool
	ended   bool
}

// Whatever the graph, the rows and the memory: all comes to its end, no wake is lost, and what is under way is bounded.
func TestAnyTopologyEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		memory := NewMemory(rapid.Int64Range(0, 4<<20).Draw(t, "memory"))
		nodes, want := topology(t, memory)
		widths := rapid.SliceOfN(rapid.SampledFrom([]int{0, 10, 3000, 100_000, 4 << 20}), 1, 5).Draw(t, "widths")
		most := int64(4<<20 + 64)
		var bound int64
		for _, n := range nodes {
			bound += memory.Share()
			for _, fan := range n.fan {
				bound += memory.Share() + fan*max(memory.Share(), most)
			}
		}
		for turns := 0; ; turns++ {
			require.Less(t, turns, 1_000_000)
			var awake []*node
			ended := 0
			var held int64
			for _, n := range nodes {
				if n.awake && !n.ended {
					awake = append(awake, n)
				}
				if n.ended {
					ended++
				}
				bytes, _ := n.gate.Usage()
				held += bytes
				for _, w := range n.writers {
					held += w.held
				}
			}
			require.LessOrEqual(t, held, bound)
			if ended == len(nodes) {
				break
			}
			require.NotEmpty(t, awake, "deadlock")
			n := awake[rapid.IntRange(0, len(awake)-1).Draw(t, "turn")]
			n.turn(t, widths[turns%len(widths)])
		}
		for i, n := range nodes {
			require.Equal(t, want[i], n.rows)
		}
	})
}

// topology draws a graph of layers, each of which writes to the next ones, and how many rows each node will see.
func topology(t *rapid.T, memory *Memory) (nodes []*node, want []int) {
	var layers [][]int
	for l := range rapid.IntRange(2, 4).Draw(t, "layers") {
		var layer []int
		for range rapid.IntRange(1, 4).Draw(t, "nodes") {
			n := &node{times: map[*Channel]int64{}, awake: true}
			n.gate = NewGate(memory, func() { n.awake = true })
			if l == 0 {
				n.left = rapid.IntRange(0, 30).Draw(t, "rows")
			}
			layer = append(layer, len(nodes))
			nodes, want = append(nodes, n), append(want, n.left)
		}
		layers = append(layers, layer)
	}
	for l, from := range layers {
		for k := l + 1; k < len(layers); k++ {
			if k > l+1 && !rapid.Bool().Draw(t, "skips") {
				continue
			}
			// Global alone tells how many rows each node will see, as Broadcast does; the others do of their sum.
			strategy := rapid.SampledFrom([]Strategy{Broadcast, Global}).Draw(t, "strategy")
			for _, f := range from {
				connect(nodes, want, f, layers[k], strategy, memory)
			}
		}
	}
	return nodes, want
}

func connect(nodes []*node, want []int, f int, to []int, strategy Strategy, memory *Memory) {
	n := nodes[f]
	if strategy == Global {
		to = to[:1]
	}
	var channels []Sender
	for _, i := range to {
		channels = append(channels, nodes[i].gate.Connect(0))
		nodes[i].inputs++
		want[i] += want[f]
	}
	n.fan = append(n.fan, int64(len(channels)))
	n.writers = append(n.writers, NewWriter(strategy, nil, channels, memory, func() { n.awake = true }))
}

// turn is what a task does when it is awake: as much as one element, if there is room.
func (n *node) turn(t *rapid.T, width int) {
	for _, w := range n.writers {
		if !w.Room() {
			n.awake = false
			return
		}
	}
	switch c, e, ok := n.gate.Receive(); {
	case ok && e.Kind == Batch:
		require.Equal(t, e.Batch.Bytes(), e.Bytes)
		n.pass(e.Batch)
	case ok && e.Kind == Watermark:
		require.Greater(t, e.Time, n.times[c], "in order")
		n.times[c] = e.Time
	case ok:
		n.inputs--
	case n.left > 0:
		n.pass(wideRows(width, 1))
		n.left--
	case n.inputs > 0:
		n.awake = false
		return
	}
	if n.inputs == 0 && n.left == 0 && n.gate.Empty() {
		n.ended = true
		for _, w := range n.writers {
			w.Control(Element{Kind: End})
			w.Close()
		}
	}
}

// pass writes a batch to all writers, and now and then a watermark.
func (n *node) pass(b *column.Batch) {
	n.rows += b.Len()
	for _, w := range n.writers {
		_ = w.Write(b.Copy(), time.Time{}) // there is no partitioner that could fail
		if n.rows%3 == 0 {
			w.Control(Element{Kind: Watermark, Time: int64(n.rows)})
		}
	}
	b.Release()
}
