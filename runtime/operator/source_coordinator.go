package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/storage/source"
)

// The first byte of a request of a source's sub-task to its coordinator.
const (
	requestSplit     byte = iota // and the number of the source: answered by splits to be read at once, or by nothing when there are no more
	requestAlignment             // and a watermark: answered by the least watermark of the alignment group
	requestLeave                 // the sub-task has read everything
	requestBarrier               // a checkpoint, and for each source how many splits of the coordinator have begun by its barrier
	requestOwn                   // and the number of the source: answered at once by the splits that nobody else gets, if there are any
)

// MaxSources is the most sources that one operator can read one after another.
const MaxSources = 255

func splitRequest(number int) []byte { return []byte{requestSplit, byte(number)} }
func ownRequest(number int) []byte   { return []byte{requestOwn, byte(number)} }

// SplitCoordinator runs the enumerators of a Source operator and gives splits to the sub-tasks that ask. Of several
// sources one begins when all sub-tasks have read the one before it.
type SplitCoordinator struct {
	// Sources are those of the Source operator.
	Sources []source.Source
	// Alignment is the group of the source's watermark alignment, or nil.
	Alignment *AlignmentGroup

	stages   []*splitStage
	cancel   context.CancelFunc
	resumed  map[int][]uint64 // what was taken before Start, by sub-task
	barriers barrierReports[[]uint64]
	restored [][]byte // the states of the stages
}

// Start implements Coordinator.
func (c *SplitCoordinator) Start(ctx context.Context, parallelism int) error {
	if c.Alignment != nil {
		c.Alignment.join(c, parallelism)
	}
	ctx, c.cancel = context.WithCancel(ctx)
	for i, src := range c.Sources {
		s := &splitStage{number: i, source: src, ctx: ctx, parallelism: parallelism, done: make(chan struct{}), arrived: map[int]bool{},
			own: map[int][]source.Split{}, given: map[int][]source.Split{}, taken: map[uint64]int{}, settled: map[int]uint64{}, begins: map[uint64]map[int]int{},
			changed: make(chan struct{})}
		for subtask, ids := range c.resumed {
			s.arrived[subtask] = true
			for _, id := range ids {
				s.taken[id] = subtask
			}
			if c.Alignment != nil {
				c.Alignment.leave(alignmentMember{c, subtask})
			}
		}
		c.stages = append(c.stages, s)
	}
	for i, state := range c.restored {
		if err := c.stages[i].restore(state); err != nil {
			return err
		}
	}
	if c.stages[0].begun {
		return nil
	}
	return c.stages[0].begin()
}

// Handle implements Coordinator.
func (c *SplitCoordinator) Handle(ctx context.Context, subtask int, request []byte) ([]byte, error) {
	switch {
	case len(request) == 2 && request[0] == requestSplit && int(request[1]) < len(c.stages):
		return c.stages[request[1]].next(ctx, subtask)
	case len(request) == 2 && request[0] == requestOwn && int(request[1]) < len(c.stages):
		return c.stages[request[1]].left(subtask), nil
	case len(request) == 9 && request[0] == requestAlignment && c.Alignment != nil:
		mark, err := decodeMark(request[1:])
		if err != nil {
			return nil, err
		}
		least := c.Alignment.report(alignmentMember{c, subtask}, mark)
		return binary.BigEndian.AppendUint64(nil, uint64(least)), nil
	case len(request) == 1 && request[0] == requestLeave && c.Alignment != nil:
		c.Alignment.leave(alignmentMember{c, subtask})
		return nil, nil
	case len(request) > 1 && request[0] == requestBarrier:
		return nil, c.barrier(subtask, request[1:])
	}
	return nil, fmt.Errorf("request of %d bytes to the split coordinator cannot be read", len(request))
}

// Taken returns the identities of the splits that an answer gives to a sub-task.
func (c *SplitCoordinator) Taken(request, answer []byte) (ids []uint64) {
	if len(request) != 2 || request[0] != requestSplit && request[0] != requestOwn {
		return nil
	}
	splits, err := decodeSplits(answer)
	if err != nil {
		return nil
	}
	for _, split := range splits {
		ids = append(ids, splitID(int(request[1]), split.ID))
	}
	return ids
}

// splitID identifies a split of the source of a number.
func splitID(number int, id string) uint64 { return xxh3.HashStringSeed(id, uint64(number)) }

// Resume notes before Start that a sub-task has finished under an earlier coordinator, and the splits that it has taken: nobody
// else gets them, until it is Reset.
func (c *SplitCoordinator) Resume(subtask int, ids []uint64) {
	if c.resumed == nil {
		c.resumed = map[int][]uint64{}
	}
	c.resumed[subtask] = ids
}

// Reset takes back the splits that a sub-task was given and that are not in its state in the newest complete checkpoint: it begins again
// from there.
func (c *SplitCoordinator) Reset(_ context.Context, _ string, subtask int) error {
	for _, s := range c.stages {
		s.reset(subtask)
	}
	return nil
}

// Finish implements Coordinator.
func (c *SplitCoordinator) Finish(context.Context) error { return nil }

// Abort implements Coordinator.
func (c *SplitCoordinator) Abort(context.Context) error { return nil }

// Close implements Coordinator.
func (c *SplitCoordinator) Close() error {
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	if c.Alignment != nil {
		c.Alignment.dissolve(c)
	}
	var err error
	for _, s := range c.stages {
		err = errors.Join(err, s.close())
	}
	return err
}

// splitStage is the discovery of one source's splits.
type splitStage struct {
	number      int
	source      source.Source
	ctx         context.Context
	parallelism int
	enumerator  source.Enumerator // nil until the stage has begun
	done        chan struct{}     // closed when discovery has ended

	mu       sync.Mutex
	arrived  map[int]bool // sub-tasks that want splits
	begun    bool
	shared   []source.Split         // for the next who asks
	own      map[int][]source.Split // by the sub-task that they are for
	dealt    int                    // splits that were dealt out in turn
	given    map[int][]source.Split // by sub-task
	taken    map[uint64]int         // splits that sub-tasks have taken under an earlier coordinator
	settled  map[int]uint64         // how many more were given before those, and have begun in a complete checkpoint
	begins   map[uint64]map[int]int // how many of given have begun in a checkpoint that may be completed, by sub-task
	position []byte                 // of the enumerator, after the splits that it has found
	changed  chan struct{}          // closed and made anew when splits came or all are known
	all      bool
	err      error
}

// begin starts discovery, with splits that were discovered before a restart. It is called with mu held, or before there are
// requests.
func (s *splitStage) begin(before ...source.Split) error {
	s.begun = true
	e, err := s.source.NewEnumerator(s.ctx, s.parallelism)
	if err == nil && s.position != nil {
		err = e.Restore(s.position)
	}
	if err != nil {
		close(s.done)
		return err
	}
	s.enumerator = e
	s.offer(before)
	go func() {
		defer close(s.done)
		if err := guarded("split enumerator", s.discover); err != nil {
			s.found(nil, nil, err)
		}
	}()
	return nil
}

func (s *splitStage) discover() error {
	for {
		splits, err := s.enumerator.Next(s.ctx)
		var position []byte
		if err == nil || errors.Is(err, source.ErrDone) {
			var unsaved error
			if position, unsaved = s.enumerator.Snapshot(); unsaved != nil {
				err = unsaved
			}
		}
		s.found(splits, position, err)
		if err != nil {
			return nil
		}
	}
}

// found notes new splits, the position after them, and the end of discovery.
func (s *splitStage) found(splits []source.Split, position []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.position = position
	s.offer(splits)
	if errors.Is(err, source.ErrDone) {
		s.all = true
	} else if err != nil {
		s.err = err
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// offer puts splits where sub-tasks find them.
func (s *splitStage) offer(splits []source.Split) {
	for _, split := range splits {
		if subtask, taken := s.taken[splitID(s.number, split.ID)]; taken {
			s.given[subtask] = append(s.given[subtask], split)
		} else if r := s.owner(split); r >= 0 {
			s.own[r] = append(s.own[r], split)
		} else {
			s.shared = append(s.shared, split)
		}
	}
}

// owner is the sub-task that a split is for, -1 if any may read it.
func (s *splitStage) owner(split source.Split) int {
	if a, ok := s.enumerator.(source.Assigner); ok {
		return a.Assign(split, s.parallelism)
	}
	if readSuccessively(s.source) {
		return -1
	}
	s.dealt++
	return (s.dealt - 1) % s.parallelism
}

// next waits for splits for a sub-task; nil says that there are no more.
func (s *splitStage) next(ctx context.Context, subtask int) ([]byte, error) {
	s.mu.Lock()
	if !s.begun {
		s.arrived[subtask] = true
		if len(s.arrived) == s.parallelism {
			if err := s.begin(); err != nil {
				s.err = err
			}
			close(s.changed)
			s.changed = make(chan struct{})
		}
	}
	for {
		splits, ok, err := s.take(subtask)
		changed := s.changed
		s.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case ok:
			return encodeSplits(splits), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		s.mu.Lock()
	}
}

func (s *splitStage) reset(subtask int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	back := s.given[subtask]
	delete(s.given, subtask)
	delete(s.settled, subtask)
	for _, begun := range s.begins {
		delete(begun, subtask)
	}
	maps.DeleteFunc(s.taken, func(_ uint64, by int) bool { return by == subtask })
	if !s.begun {
		delete(s.arrived, subtask)
	}
	if _, assigned := s.enumerator.(source.Assigner); assigned || !readSuccessively(s.source) {
		s.own[subtask] = append(back, s.own[subtask]...)
	} else {
		s.shared = append(back, s.shared...)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// take returns splits for a sub-task: all of its own, or one that anybody may read; ok without any says that there are no more.
func (s *splitStage) take(subtask int) (splits []source.Split, ok bool, err error) {
	if len(s.own[subtask]) > 0 {
		return s.takeOwn(subtask), true, nil
	}
	if len(s.shared) > 0 {
		splits, s.shared = s.shared[:1:1], s.shared[1:]
	} else {
		return nil, s.all, s.err
	}
	s.given[subtask] = append(s.given[subtask], splits...)
	return splits, true, nil
}

// left is the splits of a sub-task that are there.
func (s *splitStage) left(subtask int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return encodeSplits(s.takeOwn(subtask))
}

func (s *splitStage) takeOwn(subtask int) (splits []source.Split) {
	splits = s.own[subtask]
	delete(s.own, subtask)
	s.given[subtask] = append(s.given[subtask], splits...)
	return splits
}

func (s *splitStage) close() error {
	s.mu.Lock()
	begun := s.begun
	s.begun = true // a late request begins nothing
	s.mu.Unlock()
	if !begun {
		return nil
	}
	<-s.done
	if s.enumerator == nil {
		return nil
	}
	return s.enumerator.Close()
}

// encodeSplits puts splits one after another, each behind its length.
func encodeSplits(splits []source.Split) (b []byte) {
	for _, s := range splits {
		e := encodeSplit(s)
		b = binary.AppendUvarint(b, uint64(len(e)))
		b = append(b, e...)
	}
	return b
}

func decodeSplits(b []byte) (splits []source.Split, err error) {
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < n {
			return nil, fmt.Errorf("splits of %d bytes cannot be read", len(b))
		}
		s, err := decodeSplit(b[k : k+int(n)])
		if err != nil {
			return nil, err
		}
		splits, b = append(splits, s), b[k+int(n):]
	}
	return splits, nil
}

func encodeSplit(s source.Split) []byte {
	b := binary.AppendUvarint(nil, uint64(len(s.ID)))
	b = append(b, s.ID...)
	b = binary.AppendUvarint(b, uint64(len(s.Host)))
	b = append(b, s.Host...)
	return append(b, s.Data...)
}

func decodeSplit(b []byte) (s source.Split, err error) {
	for _, f := range []*string{&s.ID, &s.Host} {
		n, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < n {
			return s, fmt.Errorf("split of %d bytes cannot be read", len(b))
		}
		*f, b = string(b[k:k+int(n)]), b[k+int(n):]
	}
	s.Data = b
	return s, nil
}
