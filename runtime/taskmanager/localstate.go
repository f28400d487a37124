package taskmanager

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// localState has the folders where workers keep copies of state files: a job's next worker here begins with what is in them.
type localState struct {
	roots []string

	mu   sync.Mutex
	jobs map[string]bool
}

func newLocalState(roots []string, dir string) *localState {
	if len(roots) == 0 {
		roots = []string{filepath.Join(dir, "local-state")}
	}
	return &localState{roots: roots, jobs: map[string]bool{}}
}

// of returns the folders of a job, which need not exist.
func (l *localState) of(job string) (dirs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs[job] = true
	for _, root := range l.roots {
		dirs = append(dirs, filepath.Join(root, job))
	}
	return dirs
}

// held are the jobs that may have folders.
func (l *localState) held() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.jobs))
}

// release removes the folders of a job when the worker that may write to them is gone.
func (t *TaskManager) releaseState(job string) {
	l := t.state
	l.mu.Lock()
	had := l.jobs[job]
	delete(l.jobs, job)
	l.mu.Unlock()
	if !had {
		return
	}
	var gone <-chan struct{}
	if w := t.workers[job]; w != nil {
		gone = w.gone
	}
	t.group.Go(func() {
		if gone != nil {
			<-gone
		}
		for _, root := range l.roots {
			if err := os.RemoveAll(filepath.Join(root, job)); err != nil {
				t.log.Warn("local copies of state were left behind", "job", job, "error", err)
			}
		}
	})
}
