package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// KeyedState is what a snapshot needs of a state.Backend, whatever its keys.
type KeyedState interface {
	Sections() []state.Section
	Follow()
	Changed() state.Changed
	Snapshot(o state.SnapshotOptions) (*state.Snapshot, error)
	Restore(section string, removed bool, block []byte) (apply func(keys state.Range) error, err error) // keeps nothing of block
}

// OperatorState is state of an operator that has no keys: a list of elements for each sub-task. When the parallelism changes
// the elements of all are given out anew.
type OperatorState struct {
	Name string
	// Union gives all elements to every sub-task; otherwise each goes to one.
	Union bool
	// Broadcast says that all sub-tasks hold the same elements, so that those of one are given to all.
	Broadcast bool
	// Row is the type of the rows if each element is a block of a column.Codec, which may then change; nil for other elements.
	Row *column.Schema
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

// CheckpointListener is implemented by operators that want to know which checkpoints are complete.
type CheckpointListener interface {
	// Complete says that a checkpoint, and with it all before it, counts. It belongs to the task's goroutine and is quick.
	Complete(checkpoint uint64)
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
	// Restored has list states by name, nil if the operator begins anew.
	Restored map[string]RestoredList

	// Keyed is the operator's keyed state by name; Lists are its list states.
	Keyed map[string]KeyedState
	Lists []OperatorState

	families map[string]func(name string) (KeyedState, error)
	mistakes []error
}

// RestoredList is what a sub-task begins with of a list state. Row is the one of its OperatorState then.
type RestoredList struct {
	Elements [][]byte
	Row      *column.Schema
}

// Err is what was wrong with declarations.
func (s *States) Err() error { return errors.Join(s.mistakes...) }

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

// DropKeyed says that keyed state is gone: checkpoints from now on do not hold it. A snapshot of it that is being taken goes on.
func (s *States) DropKeyed(name string) { delete(s.Keyed, name) }

// AddFamily declares keyed states that come and go, with a common prefix to their names. make declares one that a checkpoint
// has.
func (s *States) AddFamily(prefix string, make func(name string) (KeyedState, error)) {
	if s.families == nil {
		s.families = map[string]func(string) (KeyedState, error){}
	}
	s.families[prefix] = make
}

// Find returns the keyed state that a checkpoint has under a name, nil if there is none.
func (s *States) Find(name string) (KeyedState, error) {
	if b := s.Keyed[name]; b != nil {
		return b, nil
	}
	for prefix, make := range s.families {
		if strings.HasPrefix(name, prefix) {
			return make(name)
		}
	}
	return nil, nil
}

// AddList declares list state and returns the elements that this sub-task begins with.
func (s *States) AddList(l OperatorState) (elements [][]byte) {
	if s.On {
		s.Lists = append(s.Lists, l)
	}
	old := s.Restored[l.Name]
	if l.Row == nil || old.Row == nil || len(old.Elements) == 0 {
		return old.Elements
	}
	elements, err := migrated(l, old)
	if err != nil {
		s.mistakes = append(s.mistakes, err)
	}
	return elements
}

// Section describes a list whose elements are rows as a state without keys. Entries of broadcast state are those of a map.
func (l *OperatorState) Section() state.Section {
	s := state.Section{Name: l.Name, Kind: "list", Row: l.Row}
	if l.Broadcast {
		s.Kind = "map"
	}
	return s
}

// migrated are elements of an earlier type as elements of what the program declares.
func migrated(l OperatorState, old RestoredList) (elements [][]byte, err error) {
	was := l
	was.Row = old.Row
	m, err := state.Migrate(was.Section(), l.Section())
	if err != nil || len(m.Changes) == 0 {
		return old.Elements, err
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	for _, block := range old.Elements {
		if block, err = m.ConvertRows(nil, block); err != nil {
			return nil, err
		}
		elements = append(elements, block)
	}
	return elements, nil
}
