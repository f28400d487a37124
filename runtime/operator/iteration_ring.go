package operator

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/shuffle"
)

// The ports of an iteration's head: on IterationBody each superstep begins, on IterationResult comes what the last one has left.
const (
	IterationBody = iota
	IterationResult
)

// The tails of an iteration: of what comes back by FeedbackTail the next superstep is made. A bulk iteration may have a
// CriterionTail, of which the number of rows counts; a delta iteration has a SolutionTail, whose rows change the solution set.
const (
	FeedbackTail  = 0
	CriterionTail = 1
	SolutionTail  = 1
)

// SuperstepsMetric is the name of the metric of an iteration's head that counts supersteps.
const SuperstepsMetric = "supersteps"

// IterationRing drives the head of an iteration through its supersteps: what heads have in common.
type IterationRing struct {
	Base
	Loop *Loop
	// Tails is the number of streams that come back, and of operators that read the solution set. Live is the one without whose
	// rows the iteration ends, -1 if none does.
	Tails, Live int

	ctx    *Context
	asking context.Context // ends with the operator
	stop   context.CancelFunc
	lap    *lap
	head   head
	state  ringState
	inputs int // that have not ended
	run    int64
	step   int64
	sent   bool // the superstep has been sent, and has not yet ended at all tails
	here   []bool
	ended  []bool // tails at which no superstep will begin
	live   int64  // rows of the superstep at tail Live
}

// head is what a head does in the states of its iteration.
type head interface {
	feedback
	// turn makes what has come back that with which the next superstep begins; more says that it is not done with it. No
	// sub-task begins the superstep before all of them are done.
	turn() (more bool, err error)
	// emit emits a batch of the superstep, result one of the result; none says that there was nothing left.
	emit() (none bool, err error)
	result() (none bool, err error)
}

type ringState int

const (
	ringWaits ringState = iota // for input, tails or the coordinator
	ringTurns
	ringEmits
	ringEnds
)

func (r *IterationRing) open(ctx *Context, h head) {
	r.ctx, r.head, r.inputs = ctx, h, ctx.Inputs
	r.asking, r.stop = context.WithCancel(ctx)
	r.here, r.ended = make([]bool, r.Tails), make([]bool, r.Tails)
	r.lap = r.Loop.join(ctx.Subtask)
	r.lap.lead(h, ctx)
}

// EmitsWatermarks implements WatermarkSource: the event time of the input ends before the iteration begins.
func (r *IterationRing) EmitsWatermarks() {}

// EndInput implements Operator: with the last input the iteration begins, and the call lasts until it is over.
func (r *IterationRing) EndInput(int) (bool, error) {
	if r.inputs--; r.inputs > 0 {
		return false, nil
	}
	r.state = ringTurns
	return true, nil
}

// advance asks the coordinator what follows: the first superstep, or after a superstep another one.
func (r *IterationRing) advance() {
	if r.step == 0 {
		r.ask([]byte{requestBegin}, func(answer []byte) {
			r.run, r.step, r.state = int64(binary.LittleEndian.Uint64(answer)), 1, ringEmits
			r.ask(iterationRequest(requestWatch, r.run), func([]byte) {})
		})
		return
	}
	live := r.live
	r.live = 0
	r.ask(iterationRequest(requestNext, r.run, r.step, live), func(answer []byte) {
		if r.ctx.Subtask == 0 {
			r.ctx.Metrics.Add(SuperstepsMetric, 1)
		}
		r.step, r.state = r.step+1, ringEmits
		if len(answer) == 1 && answer[0] == 0 {
			r.state = ringEnds
		}
	})
}

func iterationRequest(kind byte, values ...int64) []byte {
	request := []byte{kind}
	for _, v := range values {
		request = binary.LittleEndian.AppendUint64(request, uint64(v))
	}
	return request
}

// ask puts a request to the coordinator and goes on with what it answers.
func (r *IterationRing) ask(request []byte, then func(answer []byte)) {
	go func() {
		answer, err := r.ctx.Ask(r.asking, request)
		if r.asking.Err() != nil {
			return
		}
		r.ctx.Post(func() (bool, error) {
			if err != nil {
				return false, fmt.Errorf("superstep %d: %w", r.step, err)
			}
			then(answer)
			return true, nil
		})
	}()
}

// Resume implements Operator.
func (r *IterationRing) Resume() (bool, error) {
	switch r.state {
	case ringTurns:
		more, err := r.head.turn()
		if more || err != nil {
			return true, err
		}
		r.state = ringWaits
		r.advance()
	case ringEmits:
		none, err := r.head.emit()
		if !none || err != nil {
			return true, err
		}
		r.state, r.sent = ringWaits, true
		r.ctx.Output(IterationBody).Signal(shuffle.Element{Kind: shuffle.Superstep, Time: r.step})
		r.next()
	case ringEnds:
		none, err := r.head.result()
		if !none || err != nil {
			return true, err
		}
		r.ctx.Output(IterationBody).Watermark(shuffle.MaxWatermark)
		r.ctx.Output(IterationResult).Watermark(shuffle.MaxWatermark)
		return false, nil
	case ringWaits:
		r.ctx.Pause()
	}
	return true, nil
}

// arrived implements feedback.
func (r *IterationRing) arrived(tail int, rows int64, ended bool) error {
	if tail == r.Live {
		r.live += rows
	}
	r.here[tail], r.ended[tail] = !ended, ended
	r.next()
	return nil
}

// next turns when the superstep has ended at all tails.
func (r *IterationRing) next() {
	if !r.sent {
		return
	}
	for tail := range r.here {
		if !r.here[tail] && !r.ended[tail] {
			return
		}
	}
	r.sent, r.state = false, ringTurns
	clear(r.here)
	if r.Live < 0 {
		r.live = 1
	}
}

func (r *IterationRing) close() {
	if r.lap != nil {
		r.stop()
		r.lap.leave()
	}
}
