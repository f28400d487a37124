package relational

import (
	"errors"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// stepRound is a round of a Recursion: a stack of what is to be done, the first thing on top.
type stepRound struct {
	operators []operator.Operator
	readers   map[int][]stepInput // who reads an operator, or an input
	waits     []int               // by operator, inputs that have not ended
	actions   []stepAction
	emitted   []stepAction
	feeds     []stepFeed
}

// stepInput is an input of an operator of a step.
type stepInput struct{ operator, input int }

// stepAction gives a batch to an operator; without one its input ends, or it goes on.
type stepAction struct {
	stepInput
	batch  *column.Batch
	resume bool
}

// stepFeed is a queue that is read in a round.
type stepFeed struct {
	from  int // Delta or less
	queue *batchQueue
	left  int64 // rows
	keep  bool  // they are read again in the next round
}

func (s *stepRound) open(r *Recursion) error {
	n := len(r.Step)
	*s = stepRound{operators: make([]operator.Operator, n), readers: map[int][]stepInput{}, waits: make([]int, n)}
	for i := len(r.Reads); i > 0; i-- { // what stays comes before what is new: it is built of
		s.feeds = append(s.feeds, stepFeed{from: Delta - i, queue: r.reads[i-1], left: r.reads[i-1].rows, keep: true})
	}
	s.feeds = append(s.feeds, stepFeed{from: Delta, queue: r.last, left: r.last.rows})
	for i, step := range r.Step {
		s.waits[i] = len(step.Inputs)
		for in, from := range step.Inputs {
			s.readers[from] = append(s.readers[from], stepInput{i, in})
		}
		if step.New == nil {
			continue
		}
		ctx := *r.ctx
		ctx.Inputs = len(step.Inputs)
		ctx.Outputs = []*operator.Output{{Signal: func(shuffle.Element) {}, Send: func(b *column.Batch) { s.emit(r, i, b) }}}
		s.operators[i] = step.New()
		if err := s.operators[i].Open(&ctx); err != nil {
			return err
		}
	}
	return nil
}

// emit gives a batch of an operator, or of an input, to those who read it.
func (s *stepRound) emit(r *Recursion, from int, b *column.Batch) {
	if from == len(r.Step)-1 {
		r.failed = errors.Join(r.failed, r.accept(b))
		return
	}
	readers := s.readers[from]
	if b.Len() == 0 || len(readers) == 0 {
		b.Release()
		return
	}
	for i, to := range readers {
		given := b
		if i < len(readers)-1 {
			v := column.Vectors(b)
			var types []datatype.Type
			for _, c := range v.Columns {
				types = append(types, c.Type)
			}
			own := vector.NewBatch(types)
			own.Append(v, 0, v.Rows())
			given = column.OfVectors(own)
		}
		if r.Step[to.operator].New == nil {
			s.emit(r, to.operator, given)
		} else {
			s.emitted = append(s.emitted, stepAction{stepInput: to, batch: given})
		}
	}
}

// step does one thing and says whether there is more to do in this round.
func (s *stepRound) step(r *Recursion) (bool, error) {
	if len(s.actions) == 0 {
		return s.feed(r)
	}
	a := s.actions[len(s.actions)-1]
	s.actions = s.actions[:len(s.actions)-1]
	more, err := s.do(r, a)
	if err != nil {
		return false, err
	}
	if more {
		s.actions = append(s.actions, stepAction{stepInput: a.stepInput, resume: true})
	} else if a.batch == nil && s.waits[a.operator] == 0 {
		s.end(a.operator)
	}
	s.take()
	return true, nil
}

func (s *stepRound) do(r *Recursion, a stepAction) (bool, error) {
	op := s.operators[a.operator]
	switch {
	case a.resume:
		return op.Resume()
	case a.batch != nil:
		return op.Process(a.input, a.batch)
	}
	s.waits[a.operator]--
	if op == nil {
		return false, nil
	}
	return op.EndInput(a.input)
}

// end ends the inputs of those who read an operator or an input.
func (s *stepRound) end(from int) {
	readers := s.readers[from]
	for i := len(readers) - 1; i >= 0; i-- {
		s.actions = append(s.actions, stepAction{stepInput: readers[i]})
	}
}

// take puts what was emitted on top, the first of it first.
func (s *stepRound) take() {
	for i := len(s.emitted) - 1; i >= 0; i-- {
		s.actions = append(s.actions, s.emitted[i])
	}
	s.emitted = s.emitted[:0]
}

// feed reads the next batch of the inputs. Behind the last the round is over.
func (s *stepRound) feed(r *Recursion) (bool, error) {
	if len(s.feeds) == 0 {
		return false, s.close()
	}
	f := &s.feeds[0]
	if f.left == 0 {
		s.end(f.from)
		s.feeds = s.feeds[1:]
		return true, nil
	}
	b, err := f.queue.pop()
	if err != nil {
		return false, err
	}
	f.left -= int64(b.Len())
	if f.keep {
		if err := f.queue.push(column.Vectors(b)); err != nil {
			b.Release()
			return false, err
		}
	}
	s.emit(r, f.from, b)
	s.take()
	return true, nil
}

func (s *stepRound) close() (err error) {
	for _, op := range s.operators {
		if op != nil {
			err = errors.Join(err, op.Close())
		}
	}
	for _, a := range s.actions {
		if a.batch != nil {
			a.batch.Release()
		}
	}
	s.operators, s.actions = nil, nil
	return err
}
