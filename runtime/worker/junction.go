package worker

import (
	"sync"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
)

// junctions brings producers and consumers of this worker together, whichever is deployed first.
type junctions struct {
	mu  sync.Mutex
	all map[wire.Channel]*junction
}

// at returns the junction of a channel. Whoever comes second takes it off the table.
func (s *junctions) at(id wire.Channel) *junction {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.all[id]; j != nil {
		delete(s.all, id)
		return j
	}
	j := &junction{}
	s.all[id] = j
	return j
}

// forget drops what one end has waited for in vain.
func (s *junctions) forget(ids []wire.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.all, id)
	}
}

// junction is a channel inside a process as its producer sees it. Until the consumer is there it has no room, and keeps what
// is sent all the same: what a task says when it begins.
type junction struct {
	mu      sync.Mutex
	to      shuffle.Sender
	waiting []shuffle.Element
	wake    func()
}

// connect joins the consumer.
func (j *junction) connect(to shuffle.Sender) {
	j.mu.Lock()
	for _, e := range j.waiting {
		to.Send(e)
	}
	wake := j.wake
	j.to, j.waiting, j.wake = to, nil, nil
	j.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// Send implements shuffle.Sender.
func (j *junction) Send(e shuffle.Element) {
	j.mu.Lock()
	to := j.to
	if to == nil {
		j.waiting = append(j.waiting, e)
	}
	j.mu.Unlock()
	if to != nil {
		to.Send(e)
	}
}

// Overtake implements shuffle.Overtaker.
func (j *junction) Overtake(checkpoint uint64, save func([]byte)) {
	if o, ok := j.consumer().(shuffle.Overtaker); ok {
		o.Overtake(checkpoint, save)
	}
}

// Departs implements shuffle.Overtaker.
func (j *junction) Departs(checkpoint uint64, f func()) bool {
	o, ok := j.consumer().(shuffle.Overtaker)
	return ok && o.Departs(checkpoint, f)
}

// consumer is nil as long as it is not there.
func (j *junction) consumer() shuffle.Sender {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.to
}

// Room implements shuffle.Sender.
func (j *junction) Room(wake func()) bool {
	j.mu.Lock()
	to := j.to
	if to == nil {
		j.wake = wake
	}
	j.mu.Unlock()
	return to != nil && to.Room(wake)
}
