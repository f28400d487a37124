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
	bases   int   // indexes of the base: the full snapshot, and what it is to be read with
	base    saved // by the base
	added   saved // by the others
	repeats int64 // rows of increments that follow the last snapshot of another extent
}

// saved is what snapshots have saved.
type saved struct {
	rows, bytes int64
	stale       int64 // bytes, about, of rows that were saved again or taken back later, and of what took them back
}

func (s saved) and(other saved) saved {
	return saved{s.rows + other.rows, s.bytes + other.bytes, s.stale + other.stale}
}

// plan is what the next snapshot of an operator saves.
type plan struct {
	extent  state.Extent
	base    bool // it ends the base of those that follow
	changed state.Changed
}

// longChain is how many snapshots are tolerated that the next can take the place of.
const longChain = 32

// next plans the next snapshot. A full one comes when more than half of what was saved is stale. Where the same keys change again and
// again, what has changed since the base is little more than an increment, and takes the place of all others, so that a full one is hardly
// ever needed. Where the state grows, what was added is worth keeping, and once it is as large as the base it becomes part of that.
func (c *chain) next(changed state.Changed) plan {
	p := plan{changed: changed, base: c.added.bytes > c.base.bytes}
	all := c.base.and(c.added)
	repeated := changed.SinceBase <= changed.Increment+changed.Increment/8+int(c.repeats/4)
	switch {
	case len(c.indexes) == 0 || 2*all.stale > all.bytes || len(c.indexes) > 2*longChain:
		p.extent = state.Full
	case len(c.indexes) > c.bases && !changed.Forgotten && (repeated || len(c.indexes)-c.bases >= longChain):
		p.extent = state.SinceBase
	}
	return p
}

// under returns the indexes that a snapshot adds to.
func (c *chain) under(e state.Extent) []*checkpoint.Handle {
	switch e {
	case state.Full:
		return nil
	case state.SinceBase:
		return slices.Clip(c.indexes[:c.bases])
	}
	return slices.Clip(c.indexes)
}

// saved returns the chain when a snapshot counts.
func (c *chain) saved(p plan, o *OperatorState) chain {
	rows, bytes := o.Rows-o.RemovedRows, o.Bytes-o.RemovedBytes
	n := chain{indexes: o.Indexes, bases: c.bases, base: c.base, added: saved{rows: rows, bytes: o.Bytes}}
	again := int64(p.changed.Increment - p.changed.Fresh)
	stale := min(again*bytes/max(rows, 1), bytes) + c.each(int64(p.changed.Lost))
	switch p.extent {
	case state.Full:
		return chain{indexes: o.Indexes, bases: len(o.Indexes), base: n.added}
	case state.SinceBase:
		// What is stale of the base is among the rows that were saved, and taken back, now.
		n.added.stale = min(c.added.stale+stale, bytes+c.each(o.RemovedRows)) + o.RemovedBytes
	default:
		n.added.stale = stale + o.RemovedBytes
		n.added = n.added.and(c.added)
		n.repeats = c.repeats + o.Rows
	}
	if p.base {
		n.bases, n.base, n.added, n.repeats = len(n.indexes), n.base.and(n.added), saved{}, 0
	}
	return n
}

// each is how many bytes rows of the chain take on average.
func (c *chain) each(rows int64) int64 {
	all := c.base.and(c.added)
	return rows * all.bytes / max(all.rows, 1)
}
