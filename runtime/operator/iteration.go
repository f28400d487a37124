package operator

import (
	"sync"

	"github.com/leatproject/leat/storage/column"
)

// Loop joins the head of an iteration with its tails, sub-task by sub-task: what reaches tail i goes back to head i. They run
// in one process, for sub-tasks of equal number of one region share a slot. A Loop belongs to the program's graph and is safe
// for concurrent use.
//
// The head takes what comes back as mail, which a task reads whatever else it waits for, and puts it into a queue that goes to
// disk. So a tail never waits for the body that it is part of, and the ring cannot lock itself up.
type Loop struct {
	mu   sync.Mutex
	laps map[int]*lap
}

// NewLoop returns a Loop that nobody has joined.
func NewLoop() *Loop { return &Loop{laps: map[int]*lap{}} }

// maxInFlight is the number of batches that a lap holds between a tail and its head.
const maxInFlight = 16

// lap is one sub-task of a Loop: of one attempt, for the tasks of a region end before any of them begins anew.
type lap struct {
	loop    *Loop
	subtask int

	mu       sync.Mutex
	head     feedback
	post     func(func() (bool, error)) // to the head's task; nil until it is open
	waiting  []func() (bool, error)     // what was said before
	inFlight int
	starved  []func() // tails that wait for the head
	solution any      // the solution set of a delta iteration
}

// feedback is the head as its tails see it. All calls come from its task.
type feedback interface {
	// take takes over a batch that has come back by a tail.
	take(tail int, b *column.Batch) error
	// arrived says that the superstep has ended at a tail, where so many rows have come; with ended, no other will begin.
	arrived(tail int, rows int64, ended bool) error
}

// join returns the lap of a sub-task.
func (l *Loop) join(subtask int) *lap {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.laps[subtask]
	if x == nil {
		x = &lap{loop: l, subtask: subtask}
		l.laps[subtask] = x
	}
	return x
}

// leave takes the lap off the loop: the next attempt begins another.
func (x *lap) leave() {
	x.loop.mu.Lock()
	defer x.loop.mu.Unlock()
	if x.loop.laps[x.subtask] == x {
		delete(x.loop.laps, x.subtask)
	}
}

// lead makes the caller the head.
func (x *lap) lead(head feedback, ctx *Context) {
	x.mu.Lock()
	x.head, x.post = head, ctx.Post
	waiting := x.waiting
	x.waiting = nil
	x.mu.Unlock()
	for _, f := range waiting {
		ctx.Post(f)
	}
}

// tell posts f to the head's task.
func (x *lap) tell(f func(head feedback) error) {
	letter := func() (bool, error) { return false, f(x.head) }
	x.mu.Lock()
	post := x.post
	if post == nil {
		x.waiting = append(x.waiting, letter)
	}
	x.mu.Unlock()
	if post != nil {
		post(letter)
	}
}

// send gives a batch to the head. When it is behind, room is false and wake is called as soon as it no longer is.
func (x *lap) send(tail int, b *column.Batch, wake func()) (room bool) {
	x.mu.Lock()
	x.inFlight++
	if room = x.inFlight < maxInFlight; !room {
		x.starved = append(x.starved, wake)
	}
	x.mu.Unlock()
	x.tell(func(head feedback) error {
		x.received()
		return head.take(tail, b)
	})
	return room
}

func (x *lap) received() {
	x.mu.Lock()
	x.inFlight--
	var starved []func()
	if x.inFlight < maxInFlight/2 {
		starved, x.starved = x.starved, nil
	}
	x.mu.Unlock()
	for _, wake := range starved {
		wake()
	}
}

// share makes v, which belongs to the head, known to operators of the body. They read it while a superstep lasts, the head
// changes it between two.
func (x *lap) share(v any) {
	x.mu.Lock()
	x.solution = v
	x.mu.Unlock()
}

func (x *lap) shared() any {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.solution
}
