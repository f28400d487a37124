package operator

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"sync"

	"github.com/leatproject/leat/shuffle"
)

// AlignmentGroup knows the watermarks of all sub-tasks of the sources that wait for each other. It is shared by their
// coordinators and safe for concurrent use.
type AlignmentGroup struct {
	mu      sync.Mutex
	members map[alignmentMember]int64
}

type alignmentMember struct {
	source  *SplitCoordinator
	subtask int
}

// NewAlignmentGroup returns a group without members.
func NewAlignmentGroup() *AlignmentGroup {
	return &AlignmentGroup{members: map[alignmentMember]int64{}}
}

// join adds the sub-tasks of a source: none may run ahead until all have a watermark.
func (g *AlignmentGroup) join(source *SplitCoordinator, parallelism int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range parallelism {
		g.members[alignmentMember{source, i}] = shuffle.MinWatermark
	}
}

// dissolve removes all sub-tasks of a source.
func (g *AlignmentGroup) dissolve(source *SplitCoordinator) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.members, func(m alignmentMember, _ int64) bool { return m.source == source })
}

// report notes the watermark of a member and returns the least of all; shuffle.MaxWatermark stands for a member that is
// idle or has ended.
func (g *AlignmentGroup) report(m alignmentMember, mark int64) (least int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members[m] = mark
	least = shuffle.MaxWatermark
	for _, w := range g.members {
		least = min(least, w)
	}
	return least
}

// leave removes a member that has ended.
func (g *AlignmentGroup) leave(m alignmentMember) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.members, m)
}

// startInterval is how often members that have not all got a watermark yet ask for each other, in milliseconds.
const startInterval = 20

// aligner tells the group how far a source's sub-task is, at each update interval, and hears how far it may go.
type aligner struct {
	ctx      *Context
	drift    int64
	interval int64
	next     int64      // processing time of the next report
	settled  bool       // all members have a watermark
	reports  chan int64 // the newest report, for the goroutine that asks
}

// newAligner returns nil for sources that are not aligned.
func newAligner(ctx *Context, a WatermarkAlignment) *aligner {
	if a.Group == "" || ctx.Mode == Batch {
		return nil
	}
	r := &aligner{ctx: ctx, drift: a.MaxDrift.Milliseconds(), interval: max(1, a.UpdateInterval.Milliseconds()), reports: make(chan int64, 1)}
	r.next = ctx.Now() + min(r.interval, startInterval)
	ctx.WakeAt(r.next)
	return r
}

// tick hands on a report if it is time.
func (a *aligner) tick(now, mark int64) {
	if now >= a.next {
		a.next = now + a.interval
		if !a.settled {
			a.next = now + min(a.interval, startInterval)
		}
		select {
		case <-a.reports:
		default:
		}
		a.reports <- mark
	}
	a.ctx.WakeAt(a.next)
}

// run asks the coordinator for each report until ctx ends and lets the task know by allow.
func (a *aligner) run(ctx context.Context, allow func(mark int64)) error {
	for {
		var mark int64
		select {
		case mark = <-a.reports:
		case <-ctx.Done():
			return nil
		}
		reply, err := a.ctx.Ask(ctx, alignmentRequest(mark))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		least, err := decodeMark(reply)
		if err != nil {
			return err
		}
		if mark != shuffle.MaxWatermark && least != shuffle.MinWatermark {
			a.ctx.Metrics.Counter(alignmentDrift).Store(mark - least)
		}
		a.ctx.Post(func() (bool, error) {
			a.settled = least != shuffle.MinWatermark
			allow(limitOf(least, a.drift))
			return false, nil
		})
	}
}

// limitOf is least + drift without overflow.
func limitOf(least, drift int64) int64 {
	if least > math.MaxInt64-drift {
		return math.MaxInt64
	}
	return least + drift
}

func alignmentRequest(mark int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{requestAlignment}, uint64(mark))
}

func decodeMark(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("watermark of %d bytes cannot be read", len(b))
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}
