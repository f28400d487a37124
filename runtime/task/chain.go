package task

import (
	"slices"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// chain is what the checkpoints that count have of an operator's state: the indexes of a full snapshot and of what adds to it. The zero chain
// is that of an operator of which nothing has been saved.
type chain struct {
	indexes []*checkpoint.Handle
	base    int64 // bytes of the full snapshot
	added   int64 // bytes of the others
	rows    int64 // of increments that follow the last snapshot of another extent
}

// longChain is how many snapshots are tolerated that the next can take the place of.
const longChain = 32

// next is how much the next snapshot saves. increment and sinceFull are rows, as of state.Backend.Changed. A full snapshot comes when the
// others have become larger than the one before. Where the same keys change again and again, what has changed since the full snapshot
// is little more than an increment, and takes the place of all others, so that a full one is hardly ever needed.
func (c *chain) next(increment, sinceFull int, ok bool) state.Extent {
	switch {
	case len(c.indexes) == 0 || c.added > c.base:
		return state.Full
	case len(c.indexes) == 1 || !ok:
		return state.Increment
	case len(c.indexes) > longChain || int64(sinceFull) <= int64(increment+increment/8)+c.rows/4:
		return state.SinceFull
	}
	return state.Increment
}

// under returns the indexes that a snapshot adds to.
func (c *chain) under(e state.Extent) []*checkpoint.Handle {
	switch e {
	case state.Full:
		return nil
	case state.SinceFull:
		return slices.Clip(c.indexes[:1])
	}
	return slices.Clip(c.indexes)
}

// saved returns the chain when a snapshot counts.
func (c *chain) saved(e state.Extent, o *OperatorState) chain {
	switch e {
	case state.Full:
		return chain{indexes: o.Indexes, base: o.Bytes}
	case state.SinceFull:
		return chain{indexes: o.Indexes, base: c.base, added: o.Bytes}
	}
	return chain{indexes: o.Indexes, base: c.base, added: c.added + o.Bytes, rows: c.rows + o.Rows}
}
