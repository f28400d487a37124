package operator

import (
	"context"
	"sync"
)

// barrierReports collects what the sub-tasks of a vertex tell their coordinator at the barriers of checkpoints. The zero
// value is ready. Safe for concurrent use.
type barrierReports[R any] struct {
	mu      sync.Mutex
	reports map[uint64]map[int]R // by checkpoint and sub-task
	changed chan struct{}        // closed when a report comes
}

// add notes the report of a sub-task.
func (b *barrierReports[R]) add(checkpoint uint64, subtask int, report R) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reports == nil {
		b.reports = map[uint64]map[int]R{}
	}
	if b.reports[checkpoint] == nil {
		b.reports[checkpoint] = map[int]R{}
	}
	b.reports[checkpoint][subtask] = report
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// wait returns the reports of a checkpoint when all sub-tasks named have told theirs, and forgets those of earlier ones.
func (b *barrierReports[R]) wait(ctx context.Context, checkpoint uint64, subtasks []int) (map[int]R, error) {
	for {
		b.mu.Lock()
		all := b.reports[checkpoint]
		if holdsAll(all, subtasks) {
			for id := range b.reports {
				if id <= checkpoint {
					delete(b.reports, id)
				}
			}
			b.mu.Unlock()
			return all, nil
		}
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func holdsAll[R any](reports map[int]R, subtasks []int) bool {
	for _, s := range subtasks {
		if _, ok := reports[s]; !ok {
			return false
		}
	}
	return true
}
