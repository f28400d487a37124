package resourcemanager

import (
	"slices"
	"sync"
)

// Losses tells of workers that were lost to whoever reads Lost, in order and at that one's pace: who has news never waits for it.
// It is safe for concurrent use.
type Losses struct {
	lost chan Loss
	over chan struct{} // closed by end
	end  func()
	done chan struct{}

	mu      sync.Mutex
	waiting []Loss
	news    chan struct{} // some are waiting
}

// NewLosses returns one that must be closed.
func NewLosses() *Losses {
	l := &Losses{lost: make(chan Loss), over: make(chan struct{}), done: make(chan struct{}), news: make(chan struct{}, 1)}
	l.end = sync.OnceFunc(func() { close(l.over) })
	go l.hand()
	return l
}

// Tell adds the news that a worker has ended. After Close it does nothing.
func (l *Losses) Tell(name, cause string) { l.add(Loss{Name: name, Cause: cause}) }

// Warn adds the news that a worker will soon be taken away.
func (l *Losses) Warn(name, cause string) { l.add(Loss{Name: name, Cause: cause, Soon: true}) }

func (l *Losses) add(loss Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, loss)
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Lost is the channel of Provider.Lost.
func (l *Losses) Lost() <-chan Loss { return l.lost }

// Close closes Lost. What nobody has read is not told. It may be called again.
func (l *Losses) Close() {
	l.end()
	<-l.done
}

// hand hands losses over.
func (l *Losses) hand() {
	defer close(l.done)
	defer close(l.lost)
	for {
		l.mu.Lock()
		waiting := slices.Clone(l.waiting)
		l.waiting = l.waiting[:0]
		l.mu.Unlock()
		for _, loss := range waiting {
			select {
			case l.lost <- loss:
			case <-l.over:
				return
			}
		}
		select {
		case <-l.news:
		case <-l.over:
			return
		}
	}
}
