package log

import "sync"

// Watch is a Leadership that can be waited for; forms of log embed it. The zero value is ready: nobody leads.
type Watch struct {
	mu   sync.Mutex
	now  Leadership
	wake chan struct{}
}

// Leadership implements Log.
func (w *Watch) Leadership() Leadership {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Changed implements Log.
func (w *Watch) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wake == nil {
		w.wake = make(chan struct{})
	}
	return w.wake
}

// Set changes the leadership and wakes those who wait.
func (w *Watch) Set(l Leadership) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l == w.now {
		return
	}
	w.now = l
	if w.wake != nil {
		close(w.wake)
		w.wake = nil
	}
}
