package operator

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/leatproject/leat/storage/source"
)

// splitsState is the operator state of a Source: the splits that it reads, each as it is after what was emitted of it,
// behind the number of its source.
const splitsState = "splits"

// restore declares the state and takes in the splits of a restart.
func (s *Source[T]) restore() error {
	s.begun, s.restored = make([]uint64, len(s.Sources)), make([][]source.Split, len(s.Sources))
	for _, e := range s.ctx.States.AddList(OperatorState{Name: splitsState, Save: s.saveSplits}) {
		if len(e) == 0 || int(e[0]) >= len(s.Sources) {
			return fmt.Errorf("a split of source %d of %d cannot be restored: the program has other sources now", e[:min(1, len(e))], len(s.Sources))
		}
		split, err := decodeSplit(e[1:])
		if err != nil {
			return err
		}
		s.restored[e[0]] = append(s.restored[e[0]], split)
	}
	for number, splits := range s.restored {
		for _, split := range splits {
			s.reading = append(s.reading, openSplit[T]{number: number, position: split})
			s.marks.awaited++
		}
	}
	return nil
}

func (s *Source[T]) saveSplits() (elements [][]byte, err error) {
	for _, o := range s.reading {
		elements = append(elements, append([]byte{byte(o.number)}, encodeSplit(o.position)...))
	}
	return elements, nil
}

// begin notes that a split has begun.
func (s *Source[T]) begin(b beginning[T]) {
	if b.given {
		s.begun[b.number]++
		s.reading = append(s.reading, openSplit[T]{b.marks, b.number, b.split})
		return
	}
	i := slices.IndexFunc(s.reading, func(o openSplit[T]) bool {
		return o.marks == nil && o.number == b.number && o.position.ID == b.split.ID
	})
	s.reading[i].marks = b.marks
	s.marks.awaited--
}

// moved notes how far a split has been emitted.
func (s *Source[T]) moved(f fetched[T]) {
	i := slices.IndexFunc(s.reading, func(o openSplit[T]) bool { return o.marks == f.split })
	if f.end {
		s.committer.note(s.reading[i].number, f.position)
		s.reading = slices.Delete(s.reading, i, i+1)
		return
	}
	s.reading[i].position = f.position
}

// Barrier implements BarrierListener: the coordinator has to know which of the splits that it has given out are in the
// state of the sub-tasks.
func (s *Source[T]) Barrier(checkpoint uint64) (then func(ctx context.Context) error, err error) {
	for _, o := range s.reading {
		s.committer.note(o.number, o.position)
	}
	s.committer.barrier(checkpoint)
	request := binary.AppendUvarint([]byte{requestBarrier}, checkpoint)
	for _, n := range s.begun {
		request = binary.AppendUvarint(request, n)
	}
	return func(ctx context.Context) error {
		_, err := s.ctx.Ask(ctx, request)
		return err
	}, nil
}

// Complete implements CheckpointListener.
func (s *Source[T]) Complete(checkpoint uint64) { s.committer.complete(checkpoint) }
