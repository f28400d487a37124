package physical

import "github.com/leatproject/leat/client/sql/plan"

// The hints that choose how a join is computed: the table that is named is sent to all tasks, is the build side where both sides are
// hashed, is sorted and merged with the other, or is held while all pairs are compared. Where a kind of join has no such form the hint is not followed, as in Flink.
const (
	broadcastHint = "BROADCAST"
	shuffleHash   = "SHUFFLE_HASH"
	shuffleMerge  = "SHUFFLE_MERGE"
	nestLoop      = "NEST_LOOP"
)

// takeHint looks for the first hint that names a side.
func (j *joining) takeHint(n *plan.Join) {
	for _, h := range n.Hints {
		switch h.Name {
		case broadcastHint, shuffleHash, shuffleMerge, nestLoop:
		default:
			continue
		}
		for side, in := range n.Inputs() {
			if plan.IsNamed(in, h.Tables) {
				j.hint, j.hinted = h.Name, side
				return
			}
		}
	}
}
