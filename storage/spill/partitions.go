package spill

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// Which bits of a key hash serve what: the top 16 are the key group, which is equal or nearly so for all rows of a task;
// below them each level of partitioning takes its own; the low 20 are left to the hash tables within a partition.
const (
	groupBits = 16
	tableBits = 20
	// DefaultPartitionBits gives 16 partitions and 7 levels.
	DefaultPartitionBits = 4
)

// ErrLevel is returned when rows shall be split by more levels than the hash has bits for. Such rows share nearly all of
// their hash, most often because they have one key: take another algorithm, such as sorting, for them.
var ErrLevel = errors.New("rows cannot be partitioned further: their key hashes are nearly all equal")

// Partitions splits rows by hash, for aggregations and joins that exceed memory: rows of one key are in one partition, and
// a partition whose rows still exceed memory is split again at the next level. It belongs to the goroutine that owns its
// Memory. The partition of a row is (hash >> (48 - bits*(level+1))) mod 2^bits.
type Partitions[T any] struct {
	mem      *Memory
	parts    []*Queue[T]
	pending  []*column.Batch
	pool     *column.Pool
	full     int // rows of a pending batch
	held     int64
	shift    uint
	channels []uint32
}

// NewPartitions returns 2^bits empty partitions that split by the bits of level, which counts from 0. bits 0 means
// DefaultPartitionBits.
func NewPartitions[T any](mem *Memory, dir *Dir, codec Codec[T], bits, level int) (*Partitions[T], error) {
	if bits == 0 {
		bits = DefaultPartitionBits
	}
	shift := 64 - groupBits - bits*(level+1)
	if shift < tableBits {
		return nil, ErrLevel
	}
	p := &Partitions[T]{mem: mem, pool: column.NewPool[T](), shift: uint(shift)}
	for range 1 << bits {
		p.parts = append(p.parts, NewQueue(mem, dir, codec, 0))
	}
	p.pending = make([]*column.Batch, len(p.parts))
	p.full = column.NewBatch[T]().RowLimit() / 4
	p.held = frameBytes << bits
	mem.Overdraw(p.held)
	return p, nil
}

// Add copies the rows of b, which stays the caller's and must carry key hashes.
func (p *Partitions[T]) Add(b *column.Batch) error {
	n := b.Len()
	if n == 0 {
		return nil
	}
	if p.pending == nil {
		return errors.New("rows were added to partitions after Finish")
	}
	if len(b.Hashes) != n {
		return errors.New("rows without key hash cannot be partitioned: partition them by key first")
	}
	if cap(p.channels) < n {
		p.channels = make([]uint32, n)
	}
	channels, mask := p.channels[:n], uint64(len(p.parts)-1)
	for i, h := range b.Hashes {
		channels[i] = uint32(h >> p.shift & mask)
	}
	for i, to := range p.pending {
		if to == nil {
			p.pending[i] = p.fresh(len(b.Times) > 0)
		}
	}
	b.Scatter(channels, p.pending)
	for i, b := range p.pending {
		if b.Len() >= p.full {
			p.pending[i] = nil
			if err := p.parts[i].Push(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh returns a batch with room for what makes it full and a share of the batch that does.
func (p *Partitions[T]) fresh(times bool) *column.Batch {
	b := p.pool.Get()
	room := p.full + p.full/4
	if cap(column.Rows[T](b)) < room {
		column.SetRows(b, make([]T, 0, room))
	}
	if cap(b.Hashes) < room {
		b.Hashes = make([]uint64, 0, room)
	}
	if times && cap(b.Times) < room {
		b.Times = make([]int64, 0, room)
	}
	return b
}

// Finish ends the input. Only then are the partitions complete.
func (p *Partitions[T]) Finish() error {
	for i, b := range p.pending {
		p.pending[i] = nil
		if b != nil {
			if err := p.parts[i].Push(b); err != nil {
				return err
			}
		}
		if err := p.parts[i].seal(); err != nil {
			return err
		}
	}
	p.mem.Release(p.held)
	p.pending, p.held = nil, 0
	return nil
}

// Len is the number of partitions.
func (p *Partitions[T]) Len() int { return len(p.parts) }

// Partition returns partition i, whose rows are in order of arrival: Pop them. Its Bytes tell whether it has to be split
// again.
func (p *Partitions[T]) Partition(i int) *Queue[T] { return p.parts[i] }

// Close gives up all memory and removes all files. It may be called at any time and more than once.
func (p *Partitions[T]) Close() error {
	var err error
	for _, q := range p.parts {
		err = errors.Join(err, q.Close())
	}
	p.mem.Release(p.held)
	p.pending, p.held = nil, 0
	if err != nil {
		return fmt.Errorf("close partitions: %w", err)
	}
	return nil
}
