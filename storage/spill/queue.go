package spill

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// queueBytes is what a row of a queue costs beyond itself: timestamp and hash.
const queueBytes = 16

// Queue is a first-in-first-out queue of batches that keeps in memory what the budget allows and the rest on disk: for an
// input that has to wait for another. It belongs to the goroutine that owns its Memory. Pushing and popping may alternate.
//
// Once something is on disk, what follows goes to disk as well until Pop has caught up.
type Queue[T any] struct {
	mem   *Memory
	dir   *Dir
	codec Codec[T]
	limit int64
	pool  *column.Pool

	memory []kept // precedes all files
	files  []*file
	w      *frameWriter[T] // writes the last file if it is not nil; that one is not yet in files
	r      *frameReader[T] // reads files[0] if it is not nil
	held   int64
	rows   int64
	bytes  int64
	closed bool
}

type kept struct {
	batch *column.Batch
	bytes int64
}

// NewQueue returns an empty queue that holds at most limit bytes in memory; 0 means that only the budget of mem counts.
func NewQueue[T any](mem *Memory, dir *Dir, codec Codec[T], limit int64) *Queue[T] {
	q := &Queue[T]{mem: mem, dir: dir, codec: codec, limit: limit, pool: column.NewPool[T]()}
	mem.Register(q)
	return q
}

// Rows is the number of rows in the queue.
func (q *Queue[T]) Rows() int64 { return q.rows }

// Bytes is the memory that the rows in the queue would occupy; it is an estimate while the queue is read from disk.
func (q *Queue[T]) Bytes() int64 { return q.bytes }

// Push appends b, which it takes over, even if it fails.
func (q *Queue[T]) Push(b *column.Batch) error {
	rows := column.Rows[T](b)
	if len(rows) == 0 {
		b.Release()
		return nil
	}
	size := sizeOf(q.codec, rows, queueBytes)
	keep, err := q.admit(size)
	if err != nil {
		b.Release()
		return err
	}
	if keep {
		q.memory = append(q.memory, kept{b, size})
		q.held += size
	} else if err := q.write(b); err != nil {
		return err
	}
	q.rows += int64(len(rows))
	q.bytes += size
	return nil
}

// admit tells whether a batch may stay in memory, which is then reserved.
func (q *Queue[T]) admit(size int64) (keep bool, err error) {
	if q.spilled() || q.limit > 0 && q.held+size > q.limit {
		return false, nil
	}
	fits, err := q.mem.fit(size)
	if fits && q.spilled() {
		// Room was made by spilling this queue; what follows must not overtake.
		q.mem.Release(size)
		fits = false
	}
	return fits, err
}

func (q *Queue[T]) spilled() bool { return len(q.files) > 0 || q.w != nil }

// write appends b to the last file and releases it.
func (q *Queue[T]) write(b *column.Batch) error {
	defer b.Release()
	if q.w == nil {
		w, err := newFrameWriter(q.mem, q.dir, q.codec)
		if err != nil {
			return err
		}
		q.w = w
	}
	return q.w.write(frame[T]{column.Rows[T](b), b.Times, b.Hashes})
}

// Pop returns the oldest batch, which is then the caller's, or nil when the queue is empty. Batches that were on disk may
// come back cut or with other limits, never in another order.
func (q *Queue[T]) Pop() (*column.Batch, error) {
	if len(q.memory) > 0 {
		k := q.memory[0]
		q.memory[0] = kept{}
		q.memory = q.memory[1:]
		q.held -= k.bytes
		q.mem.Release(k.bytes)
		q.rows -= int64(k.batch.Len())
		q.bytes -= k.bytes
		return k.batch, nil
	}
	for q.spilled() {
		if err := q.openFirst(); err != nil {
			return nil, err
		}
		b := q.pool.Get()
		f := frame[T]{column.Rows[T](b), b.Times, b.Hashes}
		more, err := q.r.next(&f)
		column.SetRows(b, f.rows)
		b.Times, b.Hashes = f.times, f.hashes
		if more && err == nil {
			n := int64(len(f.rows))
			q.bytes -= int64(float64(q.bytes) * float64(n) / float64(q.rows))
			q.rows -= n
			return b, nil
		}
		b.Release()
		if err != nil {
			return nil, err
		}
		if err := q.dropFirst(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// seal completes the file that is being written, so that it needs no buffer and can be read.
func (q *Queue[T]) seal() error {
	if q.w == nil {
		return nil
	}
	w := q.w
	q.w = nil
	f, err := w.finish()
	if err != nil {
		return err
	}
	q.files = append(q.files, f)
	return nil
}

// openFirst makes q.r the reader of the first file.
func (q *Queue[T]) openFirst() (err error) {
	if q.r != nil {
		return nil
	}
	if len(q.files) == 0 {
		if err := q.seal(); err != nil {
			return err
		}
	}
	q.r, err = newFrameReader(q.files[0], q.codec, bufferSize)
	if err == nil {
		q.mem.Overdraw(bufferSize)
	}
	return err
}

// dropFirst closes and removes the first file.
func (q *Queue[T]) dropFirst() error {
	var err error
	if q.r != nil {
		q.mem.Release(bufferSize)
		err = q.r.close()
		q.r = nil
	}
	f := q.files[0]
	q.files = q.files[1:]
	return errors.Join(err, f.remove())
}

// Spillable implements Consumer.
func (q *Queue[T]) Spillable() int64 { return q.held }

// Spill implements Consumer: it writes all batches in memory to disk, where they precede what is there already.
func (q *Queue[T]) Spill() (freed int64, err error) {
	if len(q.memory) == 0 {
		return 0, nil
	}
	behind := q.w
	first := !q.spilled()
	q.w = nil
	for i, k := range q.memory {
		q.memory[i].batch = nil
		if err := q.write(k.batch); err != nil {
			q.memory = q.memory[i+1:]
			return 0, q.abort(behind, err)
		}
	}
	freed = q.held
	q.mem.Release(freed)
	q.memory, q.held = nil, 0
	if first {
		return freed, nil
	}
	f, err := q.w.finish()
	q.w = behind
	if err != nil {
		return freed, err
	}
	q.files = append([]*file{f}, q.files...)
	return freed, nil
}

// abort drops the file of a spill that failed because of err and restores the writer that was set aside.
func (q *Queue[T]) abort(behind *frameWriter[T], err error) error {
	if q.w != nil {
		err = q.w.abort(err)
	}
	q.w = behind
	return err
}

// Close gives up all batches, memory and files. It may be called at any time and more than once.
func (q *Queue[T]) Close() error {
	if q.closed {
		return nil
	}
	q.closed = true
	q.mem.Unregister(q)
	for _, k := range q.memory {
		k.batch.Release()
	}
	q.mem.Release(q.held)
	q.memory, q.held, q.rows, q.bytes = nil, 0, 0, 0
	err := q.abort(nil, nil)
	for len(q.files) > 0 {
		err = errors.Join(err, q.dropFirst())
	}
	if err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}
