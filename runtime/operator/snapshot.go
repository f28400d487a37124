package operator

import (
	"context"
	"fmt"

	"github.com/leatproject/leat/runtime/state"
)

// KeyedState is what a snapshot needs of a state.Backend, whatever its keys.
type KeyedState interface {
	Sections() []state.Section
	Follow()
	Snapshot(o state.SnapshotOptions) (*state.Snapshot, error)
	Restore(section string, removed bool, block []byte) (apply func(keys state.Range), err error)
}

// OperatorState is state of an operator that has no keys: a list of elements for each sub-task. When the parallelism changes
// the elements of all are given out anew.
type OperatorState struct {
	Name string
	// Union gives all elements to every sub-task; otherwise each goes to one.
	Union bool
	// Broadcast says that all sub-tasks hold the same elements, so that those of one are given to all.
	Broadcast bool
	// Save returns the elements as they are at a barrier. It belongs to the task's goroutine and is quick.
	Save func() ([][]byte, error)
}

// BarrierListener is implemented by operators that have more to do at a barrier than to save their state.
type BarrierListener interface {
	// Barrier says that all that comes before the barrier of a checkpoint has been processed, and nothing of what comes after
	// it. It belongs to the task's goroutine and is quick. The checkpoint is not complete before then, which is called on
	// another goroutine and may be nil, has returned nil.
	Barrier(checkpoint uint64) (then func(ctx context.Context) error, err error)
}

// CheckpointedCoordinator is a Coordinator that has state.
type CheckpointedCoordinator interface {
	Coordinator
	// Snapshot returns the state that belongs to a checkpoint, in which the sub-tasks named take part; it waits for what they
	// tell it at their barriers.
	Snapshot(ctx context.Context, checkpoint uint64, subtasks []int) ([]byte, error)
	// Restore is called before Start with what Snapshot returned.
	Restore(state []byte) error
	// Complete says that a checkpoint, and with it all before it, counts. It may be called again.
	Complete(ctx context.Context, checkpoint uint64) error
}

// Unsaved is implemented by operators whose state cannot be saved: a job with checkpoints that has one is refused.
type Unsaved interface {
	// Unsaved names the state.
	Unsaved() string
}

// States is what an operator has that is saved. It declares it while it is opened: what there was before a restart is then
// at hand.
type States struct {
	// On tells that snapshots may be taken. Without it nothing is saved, and declaring costs nothing.
	On bool
	// Restored has the elements of list states by name, nil if the operator begins anew.
	Restored map[string][][]byte

	// Keyed is the operator's keyed state by name; Lists are its list states.
	Keyed map[string]KeyedState
	Lists []OperatorState
}

// AddKeyed declares keyed state. Its backend is restored after the operator was opened, before the first record.
func (s *States) AddKeyed(name string, b KeyedState) error {
	if !s.On {
		return nil
	}
	if _, twice := s.Keyed[name]; twice {
		return fmt.Errorf("keyed state %q is declared twice", name)
	}
	if s.Keyed == nil {
		s.Keyed = map[string]KeyedState{}
	}
	b.Follow()
	s.Keyed[name] = b
	return nil
}

// AddList declares list state and returns the elements that this sub-task begins with.
func (s *States) AddList(l OperatorState) (elements [][]byte) {
	if s.On {
		s.Lists = append(s.Lists, l)
	}
	return s.Restored[l.Name]
}
