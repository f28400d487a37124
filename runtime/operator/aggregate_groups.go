package operator

import (
	"errors"
	"unsafe"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// hashGroups finds the group of each row by key: what hash operators are made of. In BATCH it keeps to the memory budget: when
// that is used up the groups are frozen, and rows of keys that have none are set aside, in partitions by bits of their
// hash. When the groups in memory are done each partition takes its turn, by the next bits of the hash (hybrid hash
// aggregation). So all rows of a key meet in one group, in the order of their arrival, and accumulators are never encoded.
type hashGroups[T any, K comparable] struct {
	keys   *Keys[T, K]
	ctx    *Context
	groups *state.Keyed[K]
	slots  []uint32 // of the rows of the last batch
	fresh  bool     // the last batch has keys that are new, or had when it was begun

	codec     *column.Codec[T] // of rows to be set aside; nil for types that cannot be
	held      int64            // reserved
	extra     int64            // memory of groups that their table does not know of
	level     int
	deepest   bool // the partition is the last level
	frozen    bool
	aside     *spill.Partitions[T]
	moved     *column.Batch
	todo      []partitionList[T]
	queue     *spill.Queue[T] // the partition that is being read
	partition bool            // queue has been read, its groups not yet emitted
}

// partitionList is what was set aside at one level.
type partitionList[T any] struct {
	parts *spill.Partitions[T]
	next  int // the first partition that has not been read
	level int
}

func (g *hashGroups[T, K]) open(ctx *Context, keys *Keys[T, K]) (err error) {
	g.ctx, g.keys = ctx, keys
	if g.groups, err = state.NewKeyed[K](); err != nil {
		return err
	}
	if ctx.Mode == Batch && ctx.Memory != nil && ctx.Spill != nil {
		// A type without a codec comes from no exchange; its groups stay in memory.
		g.codec, _ = column.CodecOf[T]()
	}
	return nil
}

// place sets g.slots to the groups of b's rows, makes groups for new keys, and takes rows that have to wait out of b. It
// returns the keys of the rows that are left, valid until the next call.
func (g *hashGroups[T, K]) place(b *column.Batch) ([]K, error) {
	keys, hashes := g.keys.Of(b)
	if cap(g.slots) < len(keys) {
		g.slots = make([]uint32, max(len(keys), 64))
	}
	g.slots = g.slots[:len(keys)]
	if g.frozen {
		g.fresh = false
		g.groups.Find(keys, hashes, g.slots)
		return g.setAside(b, keys, hashes)
	}
	before := g.groups.Len()
	if err := g.groups.Acquire(keys, hashes, g.slots); err != nil {
		return nil, err
	}
	g.fresh = g.groups.Len() > before
	if !g.fresh {
		return keys, nil
	}
	return keys, g.account()
}

// retain accounts for a record that a group holds on to.
func (g *hashGroups[T, K]) retain(v *T) {
	if g.codec != nil {
		g.extra += int64(g.codec.Size(v)) - int64(unsafe.Sizeof(*v))
	}
}

// account reserves what the groups have grown by, and freezes them when the budget is used up.
func (g *hashGroups[T, K]) account() error {
	grown := g.groups.Bytes() + g.extra - g.held
	if g.codec == nil || grown <= 0 {
		return nil
	}
	err := g.ctx.Memory.Acquire(grown)
	var full *spill.Error
	if err != nil && !(errors.As(err, &full) && full.Kind == spill.Budget) {
		return err
	}
	g.held += grown
	if err == nil {
		return nil
	}
	g.ctx.Memory.Overdraw(grown)
	if g.deepest {
		return nil
	}
	g.aside, err = spill.NewPartitions(g.ctx.Memory, g.ctx.Spill, g.codec, 0, g.level)
	if errors.Is(err, spill.ErrLevel) {
		// The keys share nearly all of their hash, so they are few.
		g.deepest = true
		return nil
	}
	g.frozen = err == nil
	return err
}

// setAside moves the rows without a group from b to the partitions.
func (g *hashGroups[T, K]) setAside(b *column.Batch, keys []K, hashes []uint64) ([]K, error) {
	if g.moved == nil {
		g.moved = column.NewBatch[T]()
	}
	rows, moved, kept := column.Rows[T](b), column.Rows[T](g.moved), 0
	for i, slot := range g.slots {
		if slot == state.None {
			moved = append(moved, rows[i])
			g.moved.Hashes = append(g.moved.Hashes, hashes[i])
			continue
		}
		rows[kept], keys[kept], g.slots[kept] = rows[i], keys[i], slot
		kept++
	}
	clear(rows[kept:])
	column.SetRows(b, rows[:kept])
	b.Times, b.Hashes = b.Times[:0], b.Hashes[:0]
	column.SetRows(g.moved, moved)
	err := g.aside.Add(g.moved)
	clear(moved)
	column.SetRows(g.moved, moved[:0])
	g.moved.Hashes = g.moved.Hashes[:0]
	g.slots = g.slots[:kept]
	return keys[:kept], err
}

// pop returns the next batch of the partition that is being read; nil if there is none.
func (g *hashGroups[T, K]) pop() (*column.Batch, error) {
	if g.queue == nil {
		return nil, nil
	}
	b, err := g.queue.Pop()
	if b == nil && err == nil {
		g.queue, g.partition = nil, true
	}
	return b, err
}

// following drops the groups, which are done, and begins the next partition of what was set aside. Without one it is false,
// and all is as it was before the first row.
func (g *hashGroups[T, K]) following() (more bool, err error) {
	g.groups.Reset()
	if g.codec == nil {
		return false, nil
	}
	if bytes := g.groups.Bytes(); bytes < g.held {
		g.ctx.Memory.Release(g.held - bytes)
		g.held = bytes
	}
	g.extra, g.frozen = 0, false
	if g.aside != nil {
		parts := g.aside
		g.aside = nil
		g.todo = append(g.todo, partitionList[T]{parts: parts, level: g.level + 1})
		if err := parts.Finish(); err != nil {
			return false, err
		}
	}
	for len(g.todo) > 0 {
		top := &g.todo[len(g.todo)-1]
		if top.next == top.parts.Len() {
			g.todo = g.todo[:len(g.todo)-1]
			if err := top.parts.Close(); err != nil {
				return false, err
			}
			continue
		}
		q := top.parts.Partition(top.next)
		top.next++
		if q.Rows() > 0 {
			g.queue, g.level, g.deepest = q, top.level, false
			return true, nil
		}
	}
	g.level, g.deepest = 0, false
	return false, nil
}

// close gives up memory and files.
func (g *hashGroups[T, K]) close() error {
	if g.codec == nil {
		return nil
	}
	g.ctx.Memory.Release(g.held)
	g.held = 0
	var err error
	if g.aside != nil {
		err = g.aside.Close()
	}
	for _, l := range g.todo {
		err = errors.Join(err, l.parts.Close())
	}
	g.aside, g.todo, g.queue = nil, nil, nil
	return err
}
