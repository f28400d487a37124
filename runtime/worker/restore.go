package worker

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// restore is the checkpoint or savepoint that tasks begin with. Its metadata is read once.
type restore struct {
	c      *checkpointing
	path   string
	ignore bool // what the program does not declare any more
	mu     sync.Mutex
	tasks  map[string]*task.Restored // by operator
	// coordinators are the states of those.
	coordinators map[string][]byte
	saved        *checkpoint.Metadata
}

// restoreOf returns what lies in a directory; nil if path is empty.
func (c *checkpointing) restoreOf(path string) *restore {
	if path == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.restores[path]
	if r == nil {
		r = &restore{c: c, path: path, ignore: c.w.opt.IgnoreUnclaimed}
		c.restores = map[string]*restore{path: r} // earlier ones are not needed any more
	}
	return r
}

// read returns the states of tasks and coordinators by operator.
func (r *restore) read(ctx context.Context) (tasks map[string]*task.Restored, coordinators map[string][]byte, err error) {
	if r == nil {
		return nil, nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tasks != nil {
		return r.tasks, r.coordinators, nil
	}
	fs, dir, err := filesystem.For(ctx, r.path)
	if err != nil {
		return nil, nil, fmt.Errorf("restore from %s: %w", r.path, err)
	}
	saved, err := checkpoint.Load(ctx, fs, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("restore from checkpoint: %w", err)
	}
	open := r.c.opener(saved)
	r.saved = saved.Metadata
	r.tasks, r.coordinators = map[string]*task.Restored{}, map[string][]byte{}
	for _, o := range saved.Operators {
		running := slices.DeleteFunc(slices.Clone(o.Subtasks), func(s *checkpoint.Subtask) bool { return s.Finished })
		r.tasks[o.Uid] = &task.Restored{Subtasks: running, InFlight: o.InFlight, Open: open, IgnoreUnclaimed: r.ignore}
		if len(o.Coordinator) > 0 {
			r.coordinators[o.Uid] = o.Coordinator
		}
	}
	return r.tasks, r.coordinators, nil
}

// hadFinished tells whether a task had finished before the checkpoint, which was read.
func (r *restore) hadFinished(x *running) bool {
	if r == nil {
		return false
	}
	g := r.c.w.job
	return g.HadFinished(&g.Vertices[x.attempt.Vertex], func(uid string) bool {
		return r.saved.Operator(uid).HadFinished(int(x.attempt.Subtask), x.parallelism)
	})
}
