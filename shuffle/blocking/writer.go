package blocking

import (
	"fmt"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

const (
	// frameBytes is about the largest frame of several rows.
	frameBytes = 128 << 10
	// A writer collects its share of a quarter of the memory before it encodes, between these bounds.
	minCollect = 64 << 10
	maxCollect = 16 << 20
)

// Output is what an attempt has written.
type Output struct {
	Task        wire.Task
	Rows, Bytes int64
	// Sizes is the bytes of each sub-partition.
	Sizes []int64
}

// Writer is one attempt of a producing task: a shuffle.Sender for the one goroutine of its task that takes what all
// channels of the edge would.
type Writer struct {
	stage       *Stage
	producer    int
	partitioner shuffle.Partitioner
	lost        func(error)
	out         Output
	done        bool

	pool   *column.Pool // the stage's
	rows   *column.Batch
	bytes  int64
	routes []uint32 // the sub-partition of each row
	counts []uint32
	order  []uint32
}

// Writer returns the writer of an attempt. partitioner spreads rows over the stage's sub-partitions; it is nil when there
// is one. lost is called at most once, from the producer's goroutine, when the output cannot be written.
func (st *Stage) Writer(t wire.Task, partitioner shuffle.Partitioner, lost func(error)) (*Writer, error) {
	if partitioner == nil && st.subpartitions != 1 {
		return nil, fmt.Errorf("stage %s has %d sub-partitions, so its writers need a partitioner", st.name, st.subpartitions)
	}
	p, err := st.register(t)
	if err != nil {
		return nil, err
	}
	return &Writer{stage: st, producer: p, partitioner: partitioner, lost: lost, out: Output{Task: t, Sizes: make([]int64, st.subpartitions)}}, nil
}

// Output tells what has been written; it is complete after End.
func (w *Writer) Output() Output { return w.out }

// Room implements shuffle.Sender.
func (w *Writer) Room(wake func()) bool {
	s := w.stage.store
	if w.done || s.used.Load() < s.opt.MemoryBytes {
		return true
	}
	s.mu.Lock()
	s.waiting[w] = wake
	s.mu.Unlock()
	if s.used.Load() >= s.opt.MemoryBytes {
		s.spill()
		if s.busy() {
			return false
		}
	}
	s.mu.Lock()
	delete(s.waiting, w)
	s.mu.Unlock()
	return true
}

// busy tells whether memory is being freed: otherwise waiting would be of no use.
func (s *Store) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spilling
}

// Send implements shuffle.Sender. Watermarks and idleness are dropped: consumers read when all is there. End makes the
// output readable.
func (w *Writer) Send(e shuffle.Element) {
	var err error
	switch {
	case w.done:
		if e.Batch != nil {
			e.Batch.Release()
		}
	case e.Kind == shuffle.Batch:
		err = w.collect(e.Batch)
	case e.Kind == shuffle.End:
		if err = w.flush(); err == nil {
			w.end()
			w.stage.finish(w.producer)
		}
	}
	if err != nil {
		w.Abort()
		w.lost(err)
	}
}

func (w *Writer) collect(b *column.Batch) error {
	defer b.Release()
	n := b.Len()
	at := len(w.routes)
	w.routes = append(w.routes, make([]uint32, n)...)
	if w.partitioner != nil {
		if err := w.partitioner.Select(b, w.routes[at:], w.stage.subpartitions); err != nil {
			return err
		}
	}
	bytes := b.Bytes()
	if w.rows == nil {
		w.pool = w.stage.pool(b)
		w.rows = w.pool.Get()
	}
	w.rows.Append(b, 0, n)
	w.bytes += int64(bytes)
	s := w.stage.store
	s.charge(int64(bytes))
	if w.bytes >= max(minCollect, min(maxCollect, s.opt.MemoryBytes/4/s.writers.Load())) {
		return w.flush()
	}
	return nil
}

// sort computes the order of the rows by sub-partition, by counting.
func (w *Writer) sort() {
	n := w.stage.subpartitions
	if w.counts == nil {
		w.counts = make([]uint32, n+1)
	}
	clear(w.counts)
	for _, r := range w.routes {
		w.counts[r+1]++
	}
	for i := range n {
		w.counts[i+1] += w.counts[i]
	}
	if cap(w.order) < len(w.routes) {
		w.order = make([]uint32, len(w.routes), cap(w.routes))
	}
	w.order = w.order[:len(w.routes)]
	for i, r := range w.routes {
		w.order[w.counts[r]] = uint32(i)
		w.counts[r]++
	}
}

// flush encodes what has been collected as one segment.
func (w *Writer) flush() error {
	if len(w.routes) == 0 {
		return nil
	}
	w.sort()
	sorted := w.pool.Get()
	defer sorted.Release()
	sorted.AppendRows(w.rows, w.order)
	w.rows.Release()
	w.rows = nil
	g := &segment{producer: w.producer, data: make([]byte, 0, w.bytes+w.bytes/8)}
	lo := 0
	for sub := range w.stage.subpartitions {
		hi := int(w.counts[sub]) // sort has moved each count to the end of its sub-partition
		if lo == hi {
			continue
		}
		g.subs, g.offs = append(g.subs, uint32(sub)), append(g.offs, uint32(len(g.data)))
		if err := w.encode(g, sub, sorted, lo, hi); err != nil {
			return err
		}
		w.out.Sizes[sub] += int64(len(g.data)) - int64(g.offs[len(g.offs)-1])
		lo = hi
	}
	if len(g.data) > 1<<32-1 {
		return fmt.Errorf("%d bytes of rows at once: make the rows smaller", len(g.data))
	}
	g.offs = append(g.offs, uint32(len(g.data)))
	w.out.Rows += int64(len(w.routes))
	w.out.Bytes += int64(len(g.data))
	booked := w.bytes
	w.routes, w.bytes = w.routes[:0], 0
	return w.stage.add(g, booked)
}

// encode appends rows lo to hi as frames of their sub-partition.
func (w *Writer) encode(g *segment, sub int, sorted *column.Batch, lo, hi int) error {
	rowBytes := max(1, int(w.bytes)/len(w.routes))
	for lo < hi {
		n := min(hi-lo, max(1, frameBytes/rowBytes))
		at := len(g.data)
		var err error
		g.data, err = wire.AppendBatch(g.data, uint32(w.producer), uint32(sub), sorted, lo, lo+n, w.stage.store.opt.Compress)
		if err != nil {
			return fmt.Errorf("write rows to stage %s: %w", w.stage.name, err)
		}
		if size := len(g.data) - at; size > 8*frameBytes && n > 1 {
			g.data = g.data[:at]
			rowBytes = size / n
			if frameBytes/rowBytes >= n {
				rowBytes = 2 * frameBytes / n
			}
			continue
		}
		lo += n
	}
	return nil
}

// Abort drops what has been written: the attempt has failed.
func (w *Writer) Abort() {
	if !w.done {
		w.end()
		w.stage.drop(w.producer)
	}
}

func (w *Writer) end() {
	w.done = true
	if w.rows != nil {
		w.rows.Release()
	}
	w.stage.leave()
	w.stage.store.charge(-w.bytes)
	w.pool, w.rows, w.routes, w.order, w.bytes = nil, nil, nil, nil, 0
}
