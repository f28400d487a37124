package task

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// upload writes the state of a task for one checkpoint on a goroutine of its own: blocks as they come, then the index of
// each operator.
type upload struct {
	ctx       context.Context
	cancel    context.CancelFunc
	to        *Checkpoints
	id        uint64
	operators []*uploadedOperator
	rows      []*uploadedRows

	mu    sync.Mutex
	queue []queuedBlock
	all   bool // nothing more comes
	err   error
	woken chan struct{}
}

// queuedBlock is a block of keyed state, or of rows in flight.
type queuedBlock struct {
	backend *uploadedBackend
	block   *state.Block
	rows    *uploadedRows
	frames  []byte
	count   uint32
}

type uploadedOperator struct {
	id       string
	chain    []*checkpoint.Handle
	then     func(ctx context.Context) error
	backends []*uploadedBackend
	lists    []uploadedList
	wrote    OperatorState // without its indexes
}

type uploadedBackend struct {
	operator *uploadedOperator
	index    *checkpoint.Backend
	sections map[string]uint32
}

type uploadedList struct {
	operator.OperatorState
	elements [][]byte
}

func newUpload(ctx context.Context, to *Checkpoints, id uint64) *upload {
	u := &upload{to: to, id: id, woken: make(chan struct{}, 1)}
	u.ctx, u.cancel = context.WithCancel(ctx)
	return u
}

func (o *uploadedOperator) backend(name string, full bool, sections []state.Section) *uploadedBackend {
	b := &uploadedBackend{operator: o, index: &checkpoint.Backend{Name: name, Full: full}, sections: map[string]uint32{}}
	for i, s := range sections {
		b.sections[s.Name] = uint32(i)
		b.index.Sections = append(b.index.Sections, &checkpoint.Section{Name: s.Name, Kind: s.Kind, Key: encodeSchema(s.Key), Row: encodeSchema(s.Row)})
	}
	o.backends = append(o.backends, b)
	return b
}

func encodeSchema(s any) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a schema is plain data
	}
	return b
}

// put hands over a block. It does not block.
func (u *upload) put(b *uploadedBackend, block *state.Block) {
	u.add(queuedBlock{backend: b, block: block})
}

func (u *upload) add(b queuedBlock) {
	u.mu.Lock()
	u.queue = append(u.queue, b)
	u.mu.Unlock()
	u.wake()
}

// fail says that the state cannot be saved.
func (u *upload) fail(err error) {
	u.mu.Lock()
	u.err = err
	u.mu.Unlock()
	u.wake()
}

// finish says that nothing more comes.
func (u *upload) finish() {
	u.mu.Lock()
	u.all = true
	u.mu.Unlock()
	u.wake()
}

func (u *upload) wake() {
	select {
	case u.woken <- struct{}{}:
	default:
	}
}

// waiting is the number of blocks that are not being written yet.
func (u *upload) waiting() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.queue)
}

// run writes everything and hands the outcome to done, unless the upload was cancelled.
func (u *upload) run(done func(states, inFlight []OperatorState, err error)) {
	defer u.cancel()
	states, inFlight, err := u.write()
	if u.ctx.Err() == nil {
		done(states, inFlight, err)
	}
}

func (u *upload) write() (states, inFlight []OperatorState, err error) {
	w, err := u.to.Target(u.ctx, u.id)
	if err != nil {
		return nil, nil, err
	}
	if err := u.blocks(w); err != nil {
		return nil, nil, err
	}
	for _, o := range u.operators {
		if o.then != nil {
			if err := o.then(u.ctx); err != nil {
				return nil, nil, err
			}
		}
		s, err := o.finish(w)
		if err != nil {
			return nil, nil, err
		}
		states = append(states, s)
	}
	inFlight, err = u.finishRows(w)
	return states, inFlight, err
}

// blocks writes the blocks as they come.
func (u *upload) blocks(w *checkpoint.Writer) (err error) {
	var buf []byte
	for {
		u.mu.Lock()
		queue, all, err := u.queue, u.all, u.err
		u.queue = nil
		u.mu.Unlock()
		if err != nil {
			return err
		}
		for _, q := range queue {
			if q.rows != nil {
				err = q.rows.write(w, q.frames, q.count)
			} else {
				err = q.block.Each(func(b *state.Block) (err error) {
					buf, err = q.backend.write(w, b, buf)
					return err
				})
			}
			if err != nil {
				return err
			}
		}
		if all && len(queue) == 0 {
			return nil
		}
		if len(queue) > 0 {
			continue
		}
		select {
		case <-u.woken:
		case <-u.ctx.Done():
			return context.Cause(u.ctx)
		}
	}
}

func (b *uploadedBackend) write(w *checkpoint.Writer, block *state.Block, buf []byte) ([]byte, error) {
	buf = block.Append(buf[:0])
	h, err := w.Append(buf)
	if err != nil {
		return buf, err
	}
	wrote := &b.operator.wrote
	wrote.Rows += int64(block.Rows)
	wrote.Bytes += int64(h.Length)
	if block.Removed {
		wrote.RemovedRows += int64(block.Rows)
		wrote.RemovedBytes += int64(h.Length)
	}
	b.index.Blocks = append(b.index.Blocks, &checkpoint.Block{Section: b.sections[block.Section], Removed: block.Removed,
		First: uint32(block.Range.First), Last: uint32(block.Range.Last), Rows: uint32(block.Rows), Offset: h.Offset, Length: h.Length})
	return buf, nil
}

// finish writes the lists and the index. An operator without state has none.
func (o *uploadedOperator) finish(w *checkpoint.Writer) (OperatorState, error) {
	s := o.wrote
	s.ID = o.id
	if len(o.backends) == 0 && len(o.lists) == 0 {
		return s, nil
	}
	index := &checkpoint.Index{}
	for _, b := range o.backends {
		index.Backends = append(index.Backends, b.index)
	}
	for _, l := range o.lists {
		list := &checkpoint.List{Name: l.Name, Union: l.Union, Broadcast: l.Broadcast}
		if l.Row != nil {
			list.Row = encodeSchema(l.Row)
		}
		if len(l.elements) > 0 {
			var data []byte
			for _, e := range l.elements {
				data = binary.AppendUvarint(data, uint64(len(e)))
				data = append(data, e...)
			}
			h, err := w.Append(data)
			if err != nil {
				return s, err
			}
			s.Rows += int64(len(l.elements))
			s.Bytes += int64(h.Length)
			list.Elements = append(list.Elements, &checkpoint.Block{Rows: uint32(len(l.elements)), Offset: h.Offset, Length: h.Length})
		}
		index.Lists = append(index.Lists, list)
	}
	h, err := writeIndex(w, o.id, index)
	if err != nil {
		return s, err
	}
	s.Bytes += int64(h.Length)
	s.Indexes = append(o.chain, h)
	return s, nil
}

func writeIndex(w *checkpoint.Writer, operator string, index *checkpoint.Index) (*checkpoint.Handle, error) {
	data, err := proto.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("encode the index of operator %s: %w", operator, err)
	}
	return w.Append(data)
}
