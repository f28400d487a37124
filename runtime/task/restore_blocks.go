package task

import (
	"fmt"
	"sync"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// readAhead is how many blocks of keyed state are read, checked and decoded at a time, before the task takes them in.
const readAhead = 16

// keyedBlock is a block of keyed state that the sub-task has keys in.
type keyedBlock struct {
	file    string
	handle  *checkpoint.Handle
	to      operator.KeyedState
	section string
	removed bool
	convert *state.Migration
}

// open opens a state file, or returns it if it is open.
func (r *restoring) open(name string) (*checkpoint.Reader, error) {
	r.mu.Lock()
	f := r.readers[name]
	if f == nil {
		f = &openFile{}
		r.readers[name] = f
	}
	r.mu.Unlock()
	f.once.Do(func() { f.Reader, f.err = r.Open(name) })
	return f.Reader, f.err
}

// openFile is a state file that is opened by the first that reads it.
type openFile struct {
	*checkpoint.Reader
	once sync.Once
	err  error
}

func (r *restoring) close() {
	for _, f := range r.readers {
		if f.Reader != nil {
			f.Close() //nolint:errcheck // only read
		}
	}
}

// decoded is a block that is ready to be taken in.
type decoded struct {
	apply func(keys state.Range) error
	err   error
}

// take reads blocks on many goroutines and takes them in, in their order, on this one.
func (r *restoring) take(blocks []keyedBlock) (err error) {
	queue, stop := make(chan chan decoded, readAhead), make(chan struct{})
	go func() {
		defer close(queue)
		for i := range blocks {
			ready := make(chan decoded, 1)
			select {
			case queue <- ready:
				go func() { ready <- r.decode(&blocks[i]) }()
			case <-stop:
				return
			}
		}
	}()
	n := 0
	for ready := range queue {
		d := <-ready
		if err != nil {
			continue // the files are closed when nobody reads them any more
		}
		if err = d.err; err == nil {
			err = d.apply(r.keys)
		}
		if err != nil {
			err = fmt.Errorf("restore state %q of file %s: %w", blocks[n].section, blocks[n].file, err)
			close(stop)
		}
		n++
	}
	return err
}

// buffers hold blocks that are being decoded.
var buffers = sync.Pool{New: func() any { return new(checkpoint.Buffer) }}

// decode reads a block. What panics is code of users that reads their types.
func (r *restoring) decode(b *keyedBlock) (d decoded) {
	defer func() {
		if p := recover(); p != nil {
			d.err = operator.PanicError(p)
		}
	}()
	buffer := buffers.Get().(*checkpoint.Buffer)
	defer buffers.Put(buffer)
	data, err := r.readInto(b.handle, buffer)
	if err != nil {
		return decoded{err: err}
	}
	if data, err = b.convert.Convert(data); err != nil {
		return decoded{err: err}
	}
	d.apply, d.err = b.to.Restore(b.section, b.removed, data)
	return d
}
