package task

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// Restored is the state of an operator in the checkpoint that a job begins with.
type Restored struct {
	// Subtasks are those that the operator had then.
	Subtasks []*checkpoint.Subtask
	// InFlight leads to the rows that were on their way to the operator.
	InFlight []*checkpoint.Handle
	// Open opens a state file of the checkpoint by the name that its handles have; it may be called by many goroutines at once.
	// The reader belongs to the caller.
	Open func(name string) (*checkpoint.Reader, error)
	// IgnoreUnclaimed leaves out state that the program does not declare any more, which is an error otherwise.
	IgnoreUnclaimed bool
}

// restoring is what is read of an operator's state for one sub-task.
type restoring struct {
	*Restored
	indexes [][]*checkpoint.Index // by old sub-task
	keys    state.Range
	metrics *operator.Metrics // may be nil
	mu      sync.Mutex
	readers map[string]*openFile
}

// restored reads the indexes of an operator's state and hands it its lists. It returns nil if the operator begins anew.
func (t *Task) restored(n *node) (*restoring, error) {
	c := t.cfg.Checkpoints
	if c == nil {
		return nil, nil
	}
	n.ctx.States.On = true
	if c.Restored[n.spec.ID] == nil {
		return nil, nil
	}
	r := &restoring{Restored: c.Restored[n.spec.ID], readers: map[string]*openFile{}, keys: c.Keys, metrics: n.spec.Metrics}
	for _, s := range r.Subtasks {
		var chain []*checkpoint.Index
		for _, h := range s.Indexes {
			data, err := r.read(h)
			if err != nil {
				return nil, n.failed(err)
			}
			index := new(checkpoint.Index)
			if err := proto.Unmarshal(data, index); err != nil {
				return nil, n.failed(fmt.Errorf("read state file %s: the index at offset %d: %w: %w", h.Path, h.Offset, checkpoint.ErrCorrupt, err))
			}
			chain = append(chain, index)
		}
		r.indexes = append(r.indexes, chain)
	}
	var err error
	if n.ctx.States.Restored, err = r.lists(t.cfg.Subtask, t.cfg.Parallelism); err != nil {
		return nil, n.failed(err)
	}
	return r, nil
}

func (r *restoring) read(h *checkpoint.Handle) ([]byte, error) {
	return r.readInto(h, new(checkpoint.Buffer))
}

func (r *restoring) readInto(h *checkpoint.Handle, b *checkpoint.Buffer) ([]byte, error) {
	f, err := r.open(path.Base(h.Path))
	if err != nil {
		return nil, err
	}
	data, err := f.ReadInto(h, b)
	if place := restoredRemote; err == nil && r.metrics != nil {
		if f.Copied() {
			place = restoredLocal
		}
		r.metrics.Add(place, int64(h.Length))
	}
	return data, err
}

// The bytes of state that an operator began with, by where they were read, as Flink names them.
const (
	restoredLocal  = "RestoredStateSizeBytes.LOCAL_DISK"
	restoredRemote = "RestoredStateSizeBytes.REMOTE"
)

// lists are the elements that a sub-task gets of each list: all of a union, those of one old sub-task of what was broadcast,
// else its own, or every element that its number falls on if the parallelism has changed.
func (r *restoring) lists(subtask, parallelism int) (map[string]operator.RestoredList, error) {
	all := map[string]operator.RestoredList{}
	count := map[string]int{}
	for old, chain := range r.indexes {
		if len(chain) == 0 {
			continue
		}
		handles := r.Subtasks[old].Indexes
		for _, l := range chain[len(chain)-1].Lists {
			if l.Broadcast && old != subtask%len(r.indexes) {
				continue
			}
			elements, err := r.elements(handles[len(handles)-1].Path, l)
			if err != nil {
				return nil, err
			}
			list := all[l.Name]
			if list.Row, err = DecodeSchema(l.Row); err != nil {
				return nil, fmt.Errorf("list %q: %w", l.Name, err)
			}
			for _, e := range elements {
				mine := count[l.Name] % parallelism
				if s := r.Subtasks[old]; int(s.Parallelism) == parallelism {
					mine = int(s.Subtask) // so that what follows the elements stays behind them
				}
				if l.Union || l.Broadcast || mine == subtask {
					list.Elements = append(list.Elements, e)
				}
				count[l.Name]++
			}
			all[l.Name] = list
		}
	}
	return all, nil
}

func (r *restoring) elements(file string, l *checkpoint.List) (elements [][]byte, err error) {
	for _, b := range l.Elements {
		data, err := r.read(&checkpoint.Handle{Path: file, Offset: b.Offset, Length: b.Length})
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			n, k := binary.Uvarint(data)
			if k <= 0 || n > uint64(len(data)-k) {
				return nil, fmt.Errorf("read state file %s: list %q: %w", file, l.Name, checkpoint.ErrCorrupt)
			}
			elements = append(elements, data[k:k+int(n)])
			data = data[k+int(n):]
		}
	}
	return elements, nil
}

// keyed puts the keyed state of the sub-task's keys into an operator that has been opened, and closes the files.
func (r *restoring) keyed(n *node) (err error) {
	if r == nil {
		return nil
	}
	defer r.close()
	var blocks []keyedBlock
	for old, chain := range r.indexes {
		for i, index := range chain {
			for _, b := range index.Backends {
				if superseded(chain[i+1:], b.Name) || dropped(chain, b.Name) {
					continue
				}
				if blocks, err = r.backend(blocks, n, r.Subtasks[old].Indexes[i].Path, b); err != nil {
					return n.failed(err)
				}
			}
		}
	}
	if err := r.take(blocks); err != nil {
		return n.failed(err)
	}
	return nil
}

// superseded tells whether one of the later indexes holds all of a backend.
func superseded(later []*checkpoint.Index, backend string) bool {
	for _, index := range later {
		for _, b := range index.Backends {
			if b.Name == backend && b.Full {
				return true
			}
		}
	}
	return false
}

// dropped tells whether keyed state had gone when the newest index of a chain was written.
func dropped(chain []*checkpoint.Index, backend string) bool {
	return !slices.ContainsFunc(chain[len(chain)-1].Backends, func(b *checkpoint.Backend) bool { return b.Name == backend })
}

// backend adds the blocks of one index that the sub-task has keys in.
func (r *restoring) backend(blocks []keyedBlock, n *node, file string, b *checkpoint.Backend) ([]keyedBlock, error) {
	to, err := n.ctx.States.Find(b.Name)
	if err != nil {
		return nil, err
	}
	if to == nil && r.IgnoreUnclaimed {
		return blocks, nil
	}
	if to == nil {
		return nil, fmt.Errorf("the checkpoint has keyed state %q, which the operator does not have any more", b.Name)
	}
	migrations, err := r.migrations(b, to.Sections())
	if err != nil {
		return nil, err
	}
	for _, block := range b.Blocks {
		if block.Last < uint32(r.keys.First) || block.First > uint32(r.keys.Last) {
			continue
		}
		if int(block.Section) >= len(b.Sections) {
			return nil, fmt.Errorf("read state file %s: block of section %d of %d: %w", file, block.Section, len(b.Sections), checkpoint.ErrCorrupt)
		}
		if m := migrations[block.Section]; m != nil {
			blocks = append(blocks, keyedBlock{file: file, handle: &checkpoint.Handle{Path: file, Offset: block.Offset, Length: block.Length},
				to: to, section: b.Sections[block.Section].Name, removed: block.Removed, convert: m})
		}
	}
	return blocks, nil
}
