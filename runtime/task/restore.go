package task

import (
	"encoding/binary"
	"fmt"
	"path"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// Restored is the state of an operator in the checkpoint that a job begins with.
type Restored struct {
	// Subtasks are those that the operator had then.
	Subtasks []*checkpoint.Subtask
	// Open opens a state file of the checkpoint by the name that its handles have; it may be called by many goroutines at once.
	// The reader belongs to the caller.
	Open func(name string) (*checkpoint.Reader, error)
}

// restoring is what is read of an operator's state for one sub-task.
type restoring struct {
	*Restored
	indexes [][]*checkpoint.Index // by old sub-task
	readers map[string]*checkpoint.Reader
	keys    state.Range
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
	r := &restoring{Restored: c.Restored[n.spec.ID], readers: map[string]*checkpoint.Reader{}, keys: c.Keys}
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
	name := path.Base(h.Path)
	f := r.readers[name]
	if f == nil {
		var err error
		if f, err = r.Open(name); err != nil {
			return nil, err
		}
		r.readers[name] = f
	}
	return f.Read(h)
}

// lists are the elements that a sub-task gets of each list: all of a union, those of one old sub-task of what was broadcast,
// else every element that its number falls on.
func (r *restoring) lists(subtask, parallelism int) (map[string][][]byte, error) {
	all := map[string][][]byte{}
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
			for _, e := range elements {
				if l.Union || l.Broadcast || count[l.Name]%parallelism == subtask {
					all[l.Name] = append(all[l.Name], e)
				}
				count[l.Name]++
			}
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
	defer func() {
		for _, f := range r.readers {
			f.Close() //nolint:errcheck // only read
		}
	}()
	for old, chain := range r.indexes {
		for i, index := range chain {
			for _, b := range index.Backends {
				if superseded(chain[i+1:], b.Name) {
					continue
				}
				if err := r.backend(n, r.Subtasks[old].Indexes[i].Path, b); err != nil {
					return n.failed(err)
				}
			}
		}
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

// backend applies the blocks of one index to keyed state.
func (r *restoring) backend(n *node, file string, b *checkpoint.Backend) error {
	to := n.ctx.States.Keyed[b.Name]
	if to == nil {
		return fmt.Errorf("the checkpoint has keyed state %q, which the operator does not have any more", b.Name)
	}
	for _, block := range b.Blocks {
		if block.Last < uint32(r.keys.First) || block.First > uint32(r.keys.Last) {
			continue
		}
		if int(block.Section) >= len(b.Sections) {
			return fmt.Errorf("read state file %s: block of section %d of %d: %w", file, block.Section, len(b.Sections), checkpoint.ErrCorrupt)
		}
		data, err := r.read(&checkpoint.Handle{Path: file, Offset: block.Offset, Length: block.Length})
		if err != nil {
			return err
		}
		apply, err := to.Restore(b.Sections[block.Section].Name, block.Removed, data)
		if err != nil {
			return fmt.Errorf("read state file %s: %w", file, err)
		}
		apply(r.keys)
	}
	return nil
}
