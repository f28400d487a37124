package task

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// restoreInFlight puts the rows that were on their way to this sub-task before all others: those that had arrived first, then those
// that had not left their sender. So the order of each key's rows is kept, whatever the parallelism was.
func (t *Task) restoreInFlight() error {
	c := t.cfg.Checkpoints
	if c == nil {
		return nil
	}
	for _, n := range t.nodes {
		r := c.Restored[n.spec.ID]
		if r == nil || len(r.InFlight) == 0 {
			continue
		}
		f := &restoringRows{t: t, n: n, restoring: &restoring{Restored: r, readers: map[string]*openFile{}, keys: c.Keys, metrics: n.spec.Metrics}}
		err := f.run()
		f.close()
		if err != nil {
			return n.failed(fmt.Errorf("restore rows in flight: %w", err))
		}
	}
	return nil
}

// restoringRows reads the rows in flight to one operator.
type restoringRows struct {
	*restoring
	t       *Task
	n       *node
	decoder wire.Decoder
	queued  []shuffle.Queued
}

func (f *restoringRows) run() error {
	type listed struct {
		file string
		*checkpoint.InFlight
	}
	var arrived, sent []listed
	for _, h := range f.InFlight {
		data, err := f.read(h)
		if err != nil {
			return err
		}
		index := new(checkpoint.Index)
		if err := proto.Unmarshal(data, index); err != nil {
			return fmt.Errorf("read state file %s: the index at offset %d: %w: %w", h.Path, h.Offset, checkpoint.ErrCorrupt, err)
		}
		for _, x := range index.InFlight {
			if x.Sent {
				sent = append(sent, listed{h.Path, x})
			} else {
				arrived = append(arrived, listed{h.Path, x})
			}
		}
	}
	for _, x := range append(arrived, sent...) {
		if err := f.rows(x.file, x.InFlight); err != nil {
			return err
		}
	}
	f.t.gate.Restore(f.queued)
	return nil
}

// rows reads those of one input and one old sub-task that are this sub-task's now: by their hashes; to the same one if there
// are as many; otherwise block by block in turn.
func (f *restoringRows) rows(file string, x *checkpoint.InFlight) error {
	t := f.t
	old, olds, strategy := int(x.Subtask), int(x.Parallelism), shuffle.Strategy(x.Strategy)
	to, err := f.to(int(x.Input), strategy)
	if err != nil {
		return err
	}
	same := olds == t.cfg.Parallelism
	if same && old != t.cfg.Subtask {
		return nil
	}
	if first, last := shuffle.Prefixes(old, t.cfg.MaxParallelism, olds); strategy == shuffle.Hash && (last < f.keys.First || first > f.keys.Last) {
		return nil
	}
	for i, b := range x.Blocks {
		if !same && (strategy == shuffle.Global && t.cfg.Subtask != 0 || strategy != shuffle.Global && strategy != shuffle.Hash && (old+i)%t.cfg.Parallelism != t.cfg.Subtask) {
			continue
		}
		data, err := f.read(&checkpoint.Handle{Path: file, Offset: b.Offset, Length: b.Length})
		if err != nil {
			return err
		}
		if err := f.block(data, !same && strategy == shuffle.Hash, int(x.Input), to); err != nil {
			return fmt.Errorf("read state file %s: %w", file, err)
		}
	}
	return nil
}

// to finds the channel whose rows the restored ones precede, nil if the operator is chained to its producer now.
func (f *restoringRows) to(input int, s shuffle.Strategy) (*shuffle.Channel, error) {
	if f.n != f.t.nodes[0] {
		return nil, nil
	}
	for _, c := range f.t.gate.Channels() {
		if c.Input != input {
			continue
		}
		if f.t.strategy[c.Index] == shuffle.Hash && s != shuffle.Hash {
			return nil, fmt.Errorf("input %d was not keyed when the checkpoint was taken: begin with a savepoint, or a checkpoint whose barriers overtook nothing", input)
		}
		return c, nil
	}
	return nil, nil
}

// block decodes a block, and leaves out the rows of other sub-tasks if asked to.
func (f *restoringRows) block(data []byte, filter bool, input int, to *shuffle.Channel) error {
	for len(data) > 0 {
		h, err := wire.ParseHeader(data)
		if err == nil && h.Size() > len(data) {
			err = wire.ErrCorrupt
		}
		if err != nil {
			return fmt.Errorf("rows in flight: %w: %w", checkpoint.ErrCorrupt, err)
		}
		b := f.n.spec.Rows(input)
		if err := f.decoder.Batch(h, data[wire.HeaderSize:h.Size()], b); err != nil {
			return fmt.Errorf("rows in flight: %w", err)
		}
		data = data[h.Size():]
		if filter {
			b = f.mine(b)
		}
		switch {
		case b.Len() == 0:
		case to != nil:
			f.queued = append(f.queued, shuffle.Queued{Channel: to, Batch: b})
		default:
			f.n.push(arrival{0, input, shuffle.Element{Batch: b, Bytes: b.Bytes()}})
		}
	}
	return nil
}

// mine picks the rows whose keys are this sub-task's.
func (f *restoringRows) mine(b *column.Batch) *column.Batch {
	var order []uint32
	for i, h := range b.Hashes {
		if f.keys.Holds(h) {
			order = append(order, uint32(i))
		}
	}
	picked := b.Fresh()
	picked.AppendRows(b, order)
	return picked
}
