package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// The state of a SplitCoordinator is that of its stages: what has been discovered, and the splits that no sub-task has begun.
// A split that was given out is in the state of its reader from the barrier on before which it has begun there; until then
// it is the coordinator's. So a sub-task tells at each barrier how many have begun, and the state of a checkpoint is made
// when all have told.

var errSplitState = errors.New("the state of the split coordinator cannot be read")

// barrier notes how many splits have begun in a sub-task before a barrier.
func (c *SplitCoordinator) barrier(subtask int, request []byte) error {
	checkpoint, n := binary.Uvarint(request)
	if n <= 0 {
		return errSplitState
	}
	begun := make([]uint64, len(c.stages))
	for i := range begun {
		request = request[n:]
		if begun[i], n = binary.Uvarint(request); n <= 0 {
			return errSplitState
		}
	}
	c.barriers.add(checkpoint, subtask, begun)
	return nil
}

// Snapshot implements CheckpointedCoordinator.
func (c *SplitCoordinator) Snapshot(ctx context.Context, checkpoint uint64, subtasks []int) ([]byte, error) {
	reports, err := c.barriers.wait(ctx, checkpoint, subtasks)
	if err != nil {
		return nil, err
	}
	var b []byte
	for i, s := range c.stages {
		state := s.save(checkpoint, func(subtask int) (uint64, bool) {
			begun, ok := reports[subtask]
			if !ok {
				return 0, false
			}
			return begun[i], true
		})
		b = binary.AppendUvarint(b, uint64(len(state)))
		b = append(b, state...)
	}
	return b, nil
}

// Restore implements CheckpointedCoordinator.
func (c *SplitCoordinator) Restore(state []byte) error {
	for len(state) > 0 {
		n, k := binary.Uvarint(state)
		if k <= 0 || n > uint64(len(state)-k) {
			return errSplitState
		}
		c.restored = append(c.restored, state[k:k+int(n)])
		state = state[k+int(n):]
	}
	if len(c.restored) != len(c.Sources) {
		return fmt.Errorf("the state is of %d sources, the program reads %d one after another", len(c.restored), len(c.Sources))
	}
	return nil
}

// Complete implements CheckpointedCoordinator: splits that have begun in the checkpoint are their readers' for good.
func (c *SplitCoordinator) Complete(_ context.Context, checkpoint uint64) error {
	for _, s := range c.stages {
		s.complete(checkpoint)
	}
	return nil
}

func (s *splitStage) complete(checkpoint uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subtask, n := range s.begins[checkpoint] {
		s.given[subtask] = s.given[subtask][n:]
		s.settled[subtask] += uint64(n)
	}
	done := s.begins[checkpoint]
	maps.DeleteFunc(s.begins, func(id uint64, _ map[int]int) bool { return id <= checkpoint })
	for _, later := range s.begins {
		for subtask := range later {
			later[subtask] -= done[subtask]
		}
	}
}

// A stage is saved as a byte that tells whether it has begun, the position of its enumerator, and splits, each with its length.

// save returns the stage with the splits that have not begun; begun tells how many have in a sub-task, not ok if the sub-task
// has ended.
func (s *splitStage) save(checkpoint uint64, begun func(subtask int) (n uint64, ok bool)) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		return []byte{0}
	}
	left, all := slices.Clone(s.shared), map[int]int{}
	for _, subtask := range slices.Sorted(maps.Keys(s.own)) {
		left = append(left, s.own[subtask]...)
	}
	for _, subtask := range slices.Sorted(maps.Keys(s.given)) {
		given := s.given[subtask]
		n := len(given)
		if total, ok := begun(subtask); ok {
			n = int(total - s.settled[subtask])
		}
		all[subtask] = n
		left = append(left, given[n:]...)
	}
	s.begins[checkpoint] = all
	b := binary.AppendUvarint([]byte{1}, uint64(len(s.position)))
	b = append(b, s.position...)
	return append(b, encodeSplits(left)...)
}

// restore makes the stage what save has returned.
func (s *splitStage) restore(state []byte) error {
	if len(state) == 0 || state[0] == 0 {
		return nil
	}
	b := state[1:]
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return errSplitState
	}
	splits, err := decodeSplits(b[k+int(n):])
	if err != nil {
		return fmt.Errorf("%w: %w", errSplitState, err)
	}
	s.position = slices.Clone(b[k : k+int(n)])
	return s.begin(splits...)
}
