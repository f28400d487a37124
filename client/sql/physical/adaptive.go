package physical

import (
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Which side of a join is small is guessed before the program runs. Where a cluster runs it in stages a guess need not be followed: the join
// is planned with both sides hashed, and the scheduler has the build side sent to all tasks when it is complete, small, and nothing of the
// other side has begun (scheduler/job, Vertex.Broadcast). A side is sent to all from the start only where it cannot be much larger
// than is guessed.

// maxMisjudged is how many times larger than what is broadcast a side that is broadcast from the start may turn out to be.
const maxMisjudged = 8

// textBytes is how many bytes a value is taken to have whose type does not tell.
const textBytes = 24

// fits says whether rows of a node are few enough to be sent to all tasks.
func (p *planner) fits(n *Node, rows float64) bool {
	return rows*rowBytes(n.types()) <= p.BroadcastBytes
}

// rowBytes is about how many bytes a row has in memory.
func rowBytes(types []datatype.Type) float64 {
	sum := 0
	for _, t := range types {
		if w := vector.Width(t); w > 0 {
			sum += w
		} else {
			sum += textBytes
		}
	}
	return float64(max(1, sum))
}

// broadcasts says whether a side is sent to all tasks whatever size it turns out to have.
func (p *planner) broadcasts(n *Node) bool {
	return p.fits(n, n.rows) && (!p.Adaptive || p.Static && p.fits(n, counted(n)/maxMisjudged))
}

// counted is how many rows a node gives at most by those that the tables have, whatever conditions keep; infinite if nobody knows. Of the sides of
// a join with keys one is taken to have each key once.
func counted(n *Node) float64 {
	switch n.Kind {
	case "TableSourceScan":
		if n.counted {
			return n.rows
		}
		return math.Inf(1)
	case "Values":
		return n.rows
	case "Calc", "Exchange", "HashAggregate", "SortAggregate", "OverAggregate", "Rank", "Sort", "SortLimit", "Limit":
		return counted(n.Inputs[0])
	case "Union":
		sum := 0.0
		for _, in := range n.Inputs {
			sum += counted(in)
		}
		return sum
	case "HashJoin", "SortMergeJoin":
		return max(counted(n.Inputs[0]), counted(n.Inputs[1]))
	case "NestedLoopJoin":
		return counted(n.Inputs[0]) * counted(n.Inputs[1])
	}
	return math.Inf(1)
}
