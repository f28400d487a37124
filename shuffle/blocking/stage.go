package blocking

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// Stage is what the tasks of one vertex have written on this worker along one edge.
type Stage struct {
	store         *Store
	name          string
	subpartitions int
	memory        atomic.Int64 // bytes of segments
	broken        atomic.Bool  // a file could not be written
	adopted       bool         // another process writes it

	writing sync.Mutex // one run at a time; before mu
	journal Writable   // the index, once there is one
	indexed struct {   // what it has, and how much of an adopted one has been read
		producers, runs int
		bytes           int64
	}

	mu        sync.Mutex
	producers []*producer
	index     map[wire.Task]int
	segments  []*segment
	runs      []*run
	files     []*dataFile
	err       error // of writing
	removed   bool
	writers   int
	batches   *column.Pool // large ones, for the writers; nil when there are none
}

// producer is what is known of one attempt.
type producer struct {
	task     wire.Task
	finished bool
	indexed  bool // as finished
}

// Name is the stage's name, Subpartitions the number of its sub-partitions.
func (st *Stage) Name() string       { return st.name }
func (st *Stage) Subpartitions() int { return st.subpartitions }

// segment is what one writer has encoded at a time: frames in the order of sub-partitions.
type segment struct {
	producer int
	subs     []uint32 // the sub-partitions that have rows, ascending
	offs     []uint32 // where each begins in data, and the end
	data     []byte
}

// between is the bytes of sub-partitions from to to.
func (g *segment) between(from, to int) []byte {
	lo, _ := slices.BinarySearch(g.subs, uint32(from))
	hi, _ := slices.BinarySearch(g.subs, uint32(to))
	return g.data[g.offs[lo]:g.offs[hi]]
}

// register adds a producer.
func (st *Stage) register(t wire.Task) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if _, taken := st.index[t]; taken {
		return 0, fmt.Errorf("task %s writes to stage %s already", t, st.name)
	}
	if st.removed {
		return 0, fmt.Errorf("stage %s has been removed", st.name)
	}
	st.index[t] = len(st.producers)
	st.producers = append(st.producers, &producer{task: t})
	st.writers++
	st.store.writers.Add(1)
	return len(st.producers) - 1, nil
}

// leave says that a writer has ended.
func (st *Stage) leave() {
	st.store.writers.Add(-1)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.writers--; st.writers == 0 {
		st.batches = nil
	}
}

// pool returns where writers get the batches in which they collect and sort rows like those of b.
func (st *Stage) pool(b *column.Batch) *column.Pool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.batches == nil {
		st.batches = column.PoolLike(b)
	}
	return st.batches
}

// add takes over a segment whose bytes replace booked ones.
func (st *Stage) add(g *segment, booked int64) error {
	st.mu.Lock()
	err := st.err
	if err == nil && st.removed {
		err = fmt.Errorf("stage %s has been removed", st.name)
	}
	if err == nil {
		st.segments = append(st.segments, g)
		st.memory.Add(int64(len(g.data)))
		booked -= int64(len(g.data))
	}
	st.mu.Unlock()
	st.store.charge(-booked)
	return err
}

// finish makes an attempt's output readable.
func (st *Stage) finish(producer int) {
	st.mu.Lock()
	st.producers[producer].finished = true
	st.mu.Unlock()
}

// drop forgets what an attempt that has failed has in memory.
func (st *Stage) drop(producer int) {
	st.mu.Lock()
	delete(st.index, st.producers[producer].task)
	var freed int64
	// The slice may be one that is being written to a run.
	st.segments = slices.DeleteFunc(slices.Clone(st.segments), func(g *segment) bool {
		if g.producer == producer {
			freed += int64(len(g.data))
		}
		return g.producer == producer
	})
	st.memory.Add(-freed)
	st.mu.Unlock()
	st.store.charge(-freed)
}

// Remove removes the stage with its files: its consumers have all finished, or it is to be made again.
func (st *Stage) Remove() error {
	st.store.mu.Lock()
	if st.store.stages[st.name] == st {
		delete(st.store.stages, st.name)
	}
	st.store.mu.Unlock()
	if err := errors.Join(st.close(), st.store.opt.Files.Remove(st.name)); err != nil {
		return fmt.Errorf("remove blocking output of stage %s: %w", st.name, err)
	}
	return nil
}

// close lets go of the files.
func (st *Stage) close() error {
	st.writing.Lock()
	defer st.writing.Unlock()
	st.mu.Lock()
	freed := st.memory.Swap(0)
	st.removed, st.segments, st.runs = true, nil, nil
	files := st.files
	st.files = nil
	st.mu.Unlock()
	st.store.charge(-freed)
	var errs []error
	for _, f := range files {
		errs = append(errs, f.close())
	}
	if st.journal != nil {
		errs = append(errs, st.journal.Close())
		st.journal = nil
	}
	return errors.Join(errs...)
}
