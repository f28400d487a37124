package shuffle

import (
	"math/rand/v2"

	"github.com/leatproject/leat/storage/column"
)

// Partitioner decides which channels the rows of a batch go to. It belongs to one producing task.
type Partitioner interface {
	// Select writes the channel, below n, of each row of b to channels, which has b.Len() elements. It may set b.Hashes.
	Select(b *column.Batch, channels []uint32, n int) error
}

// Strategy names how rows are spread, as Flink's plan shows it.
type Strategy string

// The strategies. Forward, Broadcast and Global need no Partitioner.
const (
	Forward   Strategy = "FORWARD"
	Hash      Strategy = "HASH"
	Rebalance Strategy = "REBALANCE"
	Rescale   Strategy = "RESCALE"
	Shuffle   Strategy = "SHUFFLE"
	Broadcast Strategy = "BROADCAST"
	Global    Strategy = "GLOBAL"
	Custom    Strategy = "CUSTOM"
)

// RoundRobin deals rows out one by one, beginning at a channel of its own for each sub-task: rebalance and rescale.
type RoundRobin struct{ next uint32 }

// NewRoundRobin returns a partitioner that begins at channel start.
func NewRoundRobin(start int) *RoundRobin { return &RoundRobin{uint32(start)} }

// Select implements Partitioner.
func (p *RoundRobin) Select(_ *column.Batch, channels []uint32, n int) error {
	c := p.next % uint32(n)
	for i := range channels {
		channels[i] = c
		if c++; c == uint32(n) {
			c = 0
		}
	}
	p.next = c
	return nil
}

// Random spreads rows evenly at random, repeatably for a seed: Flink's shuffle.
type Random struct{ rng *rand.Rand }

// NewRandom returns a partitioner whose choices depend on seed alone.
func NewRandom(seed uint64) *Random { return &Random{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

// Select implements Partitioner.
func (p *Random) Select(_ *column.Batch, channels []uint32, n int) error {
	for i := range channels {
		channels[i] = p.rng.Uint32N(uint32(n))
	}
	return nil
}

// KeyGroup returns the key group of a key hash: its top bits, for a maximum parallelism that is any number up to 32768. All
// hashes with the same top 16 bits are of one group.
func KeyGroup(hash uint64, maxParallelism int) int {
	return int((hash >> 48) * uint64(maxParallelism) >> 16)
}

// Subtask returns the sub-task that owns a key group: groups are given out in contiguous ranges.
func Subtask(keyGroup, maxParallelism, parallelism int) int {
	return keyGroup * parallelism / maxParallelism
}

// KeyGroups returns the range [from, to) of key groups that a sub-task owns: the inverse of Subtask.
func KeyGroups(subtask, maxParallelism, parallelism int) (from, to int) {
	return (subtask*maxParallelism + parallelism - 1) / parallelism, ((subtask+1)*maxParallelism + parallelism - 1) / parallelism
}

// Prefixes returns the top 16 bits of the first and of the last hash that a sub-task owns.
func Prefixes(subtask, maxParallelism, parallelism int) (first, last uint16) {
	from, to := KeyGroups(subtask, maxParallelism, parallelism)
	begin, _ := KeyGroups(from, 1<<16, maxParallelism)
	end, _ := KeyGroups(to, 1<<16, maxParallelism)
	return uint16(begin), uint16(end - 1)
}

// ByHash sends each row to the sub-task that owns the key group of its hash.
type ByHash struct {
	// Hashes writes the key hash of each row of b to out.
	Hashes         func(b *column.Batch, out []uint64) error
	MaxParallelism int

	subtasks []uint16 // by key group
}

// Select implements Partitioner and leaves the hashes in b.
func (p *ByHash) Select(b *column.Batch, channels []uint32, n int) error {
	b.Hashes = append(b.Hashes[:0], make([]uint64, len(channels))...)
	if err := p.Hashes(b, b.Hashes); err != nil {
		return err
	}
	if p.subtasks == nil {
		p.subtasks = make([]uint16, p.MaxParallelism)
		for group := range p.subtasks {
			p.subtasks[group] = uint16(Subtask(group, p.MaxParallelism, n))
		}
	}
	maxP, subtasks := uint64(len(p.subtasks)), p.subtasks
	for i, h := range b.Hashes {
		channels[i] = uint32(subtasks[(h>>48)*maxP>>16])
	}
	return nil
}
