package spill

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
)

// Scan calls do with each batch in order and leaves them in the queue: for rows that are read again and again. A batch is valid
// during the call only. The queue is not pushed to, popped or spilled meanwhile; nothing of it may have been popped before.
func (q *Queue[T]) Scan(do func(b *column.Batch) error) error {
	q.mem.Unregister(q)
	defer q.mem.Register(q)
	for _, k := range q.memory {
		if err := do(k.batch); err != nil {
			return err
		}
	}
	if err := q.seal(); err != nil {
		return err
	}
	for _, f := range q.files {
		if err := q.scanFile(f, do); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue[T]) scanFile(f *file, do func(b *column.Batch) error) (err error) {
	r, err := newFrameReader(f, q.codec, bufferSize)
	if err != nil {
		return err
	}
	q.mem.Overdraw(bufferSize)
	b := q.pool.Get()
	defer func() {
		b.Release()
		q.mem.Release(bufferSize)
		err = errors.Join(err, r.close())
	}()
	for {
		rows := frame[T]{column.Rows[T](b), b.Times, b.Hashes}
		more, err := r.next(&rows)
		column.SetRows(b, rows.rows)
		b.Times, b.Hashes = rows.times, rows.hashes
		if !more || err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
	}
}
