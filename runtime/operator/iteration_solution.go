package operator

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// solutionSet is the solution of a delta iteration at one sub-task: the latest row of each key, in memory. The head changes it
// between two supersteps; operators of the body read it while one lasts.
type solutionSet[S any, K comparable] struct {
	keys   Keys[S, K]
	mem    *spill.Memory
	codec  *column.Codec[S]
	groups *state.Keyed[K]
	rows   *state.Column[S]
	sizes  int64 // of what rows point to
	held   int64
	slots  []uint32

	mu sync.Mutex // of looking up, for which tables may need memory of their own
}

func newSolutionSet[S any, K comparable](ctx *Context, key func(S) K) (*solutionSet[S, K], error) {
	s := &solutionSet[S, K]{keys: *NewKeys(key), mem: ctx.Memory}
	var err error
	if s.codec, err = column.CodecOf[S](); err != nil {
		return nil, err
	}
	if s.groups, err = state.NewKeyed[K](); err != nil {
		return nil, err
	}
	s.rows = state.NewColumn[S](s.groups.States())
	return s, nil
}

// put makes the rows of b, which it takes over, the latest of their keys.
func (s *solutionSet[S, K]) put(b *column.Batch) error {
	defer b.Release()
	keys, hashes := s.keys.Of(b)
	s.slots = append(s.slots[:0], make([]uint32, len(keys))...)
	if err := s.groups.Acquire(keys, hashes, s.slots); err != nil {
		return err
	}
	fixed := int64(unsafe.Sizeof(*new(S)))
	for i, row := range column.Rows[S](b) {
		at := s.rows.At(s.slots[i])
		s.sizes += max(0, int64(s.codec.Size(&row))-fixed) - max(0, int64(s.codec.Size(at))-fixed)
		*at = row
	}
	grown := s.groups.Bytes() + s.sizes - s.held
	if grown <= 0 {
		return nil
	}
	var full *spill.Error
	if err := s.mem.Acquire(grown); errors.As(err, &full) && full.Kind == spill.Budget {
		return fmt.Errorf("the solution set of a delta iteration stays in memory, and its %d rows at this sub-task do not fit: "+
			"raise taskmanager.memory.managed.size or the parallelism: %w", s.groups.Len(), err)
	} else if err != nil {
		return err
	}
	s.held += grown
	return nil
}

// find writes the slots of keys to slots: state.None for keys without a row.
func (s *solutionSet[S, K]) find(keys []K, hashes []uint64, slots []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.Find(keys, hashes, slots)
}

func (s *solutionSet[S, K]) close() {
	s.mem.Release(s.held)
	s.held = 0
}

// SolutionFunction makes any number of records of one of the iteration and the row of its key in the solution set, which is nil
// if there is none. What it points to is valid during the call only.
type SolutionFunction[W, S, O any] interface {
	Join(ctx *FunctionContext, v W, solution *S, out *Collector[O]) error
}

// SolutionFunc is a SolutionFunction that is a plain function.
type SolutionFunc[W, S, O any] func(ctx *FunctionContext, v W, solution *S, out *Collector[O]) error

// Join implements SolutionFunction.
func (f SolutionFunc[W, S, O]) Join(ctx *FunctionContext, v W, solution *S, out *Collector[O]) error {
	return f(ctx, v, solution, out)
}

// SolutionJoin joins rows in the body of a delta iteration with the solution set as the superstep has found it.
type SolutionJoin[W, S any, K comparable, O any] struct {
	Base
	cursor[W]
	Keys[W, K]
	Loop *Loop
	// Number tells the tails and those who read the solution set of a Loop apart.
	Number   int
	Function SolutionFunction[W, S, O]

	lap   *lap
	fctx  *FunctionContext
	out   *Collector[O]
	set   *solutionSet[S, K]
	slots []uint32
	done  bool // the input has ended
}

// Open implements Operator.
func (j *SolutionJoin[W, S, K, O]) Open(ctx *Context) error {
	j.open(ctx)
	j.lap = j.Loop.join(ctx.Subtask)
	j.fctx = NewFunctionContext(ctx)
	j.out = NewCollector[O](ctx.Output(0))
	return openFunction(j.Function, j.fctx)
}

// Process implements Operator.
func (j *SolutionJoin[W, S, K, O]) Process(_ int, b *column.Batch) (bool, error) {
	if j.set == nil {
		j.set = j.lap.shared().(*solutionSet[S, K]) // the head has sent the rows
	}
	keys, hashes := j.Of(b)
	j.slots = append(j.slots[:0], make([]uint32, len(keys))...)
	j.set.find(keys, hashes, j.slots)
	j.begin(b)
	return j.Resume()
}

// Resume implements Operator.
func (j *SolutionJoin[W, S, K, O]) Resume() (bool, error) {
	defer j.out.Flush()
	return j.run(j.apply)
}

func (j *SolutionJoin[W, S, K, O]) apply(hi int) error {
	for j.next < hi {
		i := j.next
		j.next++
		var row *S
		if slot := j.slots[i]; slot != state.None {
			row = j.set.rows.At(slot)
		}
		if err := j.Function.Join(j.fctx, j.cursor.rows[i], row, j.out); err != nil {
			return err
		}
	}
	return nil
}

// EndSuperstep implements SuperstepListener: the head may change the solution set.
func (j *SolutionJoin[W, S, K, O]) EndSuperstep() (bool, error) {
	j.arrive(false)
	return false, nil
}

// EndInput implements Operator.
func (j *SolutionJoin[W, S, K, O]) EndInput(int) (bool, error) {
	j.done = true
	j.arrive(true)
	return false, nil
}

func (j *SolutionJoin[W, S, K, O]) arrive(ended bool) {
	number := j.Number
	j.lap.tell(func(head feedback) error { return head.arrived(number, 0, ended) })
}

// Close implements Operator: like a tail it leaves the lap to the head when its input has ended.
func (j *SolutionJoin[W, S, K, O]) Close() error {
	j.drop()
	if j.lap != nil && !j.done {
		j.lap.leave()
	}
	return closeFunction(j.Function)
}
