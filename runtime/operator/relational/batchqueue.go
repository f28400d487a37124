package relational

import (
	"errors"
	"unsafe"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// batchQueue keeps batches, first in, first out, in memory as long as there is some and then on disk. A batch is kept in its wire form.
type batchQueue struct {
	queue *spill.Queue[string]
	types []datatype.Type
	pool  *column.Pool
	wires *column.Batch // popped, but not all of it
	at    int
	bytes int64 // of all that is in the queue
	rows  int64
}

func newBatchQueue(ctx *operator.Context, types []datatype.Type, pool *column.Pool) (*batchQueue, error) {
	codec, err := column.CodecOf[string]()
	if err != nil {
		return nil, err
	}
	return &batchQueue{queue: spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0), types: types, pool: pool}, nil
}

// push copies the rows of b that count.
func (q *batchQueue) push(b *vector.Batch) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	wire, err := b.AppendWire(make([]byte, 0, b.Bytes()+64), 0, n)
	if err != nil {
		return err
	}
	q.rows += int64(n)
	q.bytes += int64(len(wire))
	return q.queue.Push(column.BatchOf([]string{unsafe.String(unsafe.SliceData(wire), len(wire))}))
}

// pop returns the oldest batch, or nil when there is none.
func (q *batchQueue) pop() (*column.Batch, error) {
	if q.wires == nil {
		wires, err := q.queue.Pop()
		if wires == nil || err != nil {
			return nil, err
		}
		q.wires, q.at = wires, 0
	}
	wires := column.Rows[string](q.wires)
	wire := wires[q.at]
	wires[q.at] = ""
	q.at++
	if q.at == len(wires) {
		q.wires.Release()
		q.wires = nil
	}
	b := q.pool.Get()
	v := column.Vectors(b)
	if err := v.DecodeWire(unsafe.Slice(unsafe.StringData(wire), len(wire))); err != nil {
		b.Release()
		return nil, err
	}
	q.rows -= int64(v.Length)
	q.bytes -= int64(len(wire))
	return b, nil
}

func (q *batchQueue) close() error {
	if q == nil {
		return nil
	}
	return q.queue.Close()
}

// Partitions of a batch stay together until they are so much.
const (
	partitionBits  = 4
	partitionRows  = 1024
	partitionBytes = 64 << 10
	// maxPartitionLevel is how often rows are partitioned: what does not fit then has too many rows of one key.
	maxPartitionLevel = 5
)

// partitions splits rows by bits of a hash of theirs: at each level by other ones, none of which tables use.
type partitions struct {
	ctx     *operator.Context
	queues  []*batchQueue
	pending []*vector.Batch
	shift   int
	rows    [][]int32
	hashes  []uint64
}

func newPartitions(ctx *operator.Context, types []datatype.Type, pool *column.Pool, level int) (*partitions, error) {
	p := &partitions{ctx: ctx, shift: 64 - 16 - partitionBits*(level+1), rows: make([][]int32, 1<<partitionBits)}
	for range p.rows {
		q, err := newBatchQueue(ctx, types, pool)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.queues, p.pending = append(p.queues, q), append(p.pending, vector.NewBatch(types))
	}
	ctx.Memory.Overdraw(partitionBytes << partitionBits)
	return p, nil
}

// add copies rows, which have keys in columns.
func (p *partitions) add(b *vector.Batch, columns []*vector.Vector) error {
	n := b.Rows()
	if cap(p.hashes) < n {
		p.hashes = make([]uint64, n)
	}
	hashes := p.hashes[:n]
	vector.Hash(columns, n, b.Selection, hashes)
	for i, h := range hashes {
		row := int32(i)
		if b.Selection != nil {
			row = b.Selection[i]
		}
		to := h >> p.shift & (1<<partitionBits - 1)
		p.rows[to] = append(p.rows[to], row)
	}
	for i, rows := range p.rows {
		if len(rows) == 0 {
			continue
		}
		to := p.pending[i]
		to.AppendRows(b, rows)
		p.rows[i] = rows[:0]
		if to.Length < partitionRows && to.Bytes() < partitionBytes {
			continue
		}
		if err := p.flush(i); err != nil {
			return err
		}
	}
	return nil
}

func (p *partitions) flush(i int) error {
	err := p.queues[i].push(p.pending[i])
	p.pending[i].Reset()
	return err
}

// finish returns the partitions, which are the caller's then.
func (p *partitions) finish() ([]*batchQueue, error) {
	for i := range p.pending {
		if err := p.flush(i); err != nil {
			return nil, err
		}
	}
	queues := p.queues
	p.queues = nil
	return queues, p.close()
}

func (p *partitions) close() (err error) {
	if p == nil {
		return nil
	}
	for _, q := range p.queues {
		err = errors.Join(err, q.close())
	}
	if len(p.pending) == 1<<partitionBits {
		p.ctx.Memory.Release(partitionBytes << partitionBits)
	}
	p.queues, p.pending = nil, nil
	return err
}
