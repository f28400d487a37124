package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
)

// receiver returns what takes over the connections of those who read the outputs.
func (o *outputs) receiver(id string, generation, term uint64) (*network.Exchange, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, fmt.Errorf("job %s has been dropped", o.job)
	}
	if o.exchange == nil {
		n := o.t.opt.Network
		n.Job, n.Worker, n.Token, n.Logger = o.job, id, wire.JobToken(o.t.opt.Secret, o.job), o.t.log
		n.Epoch, n.Purpose, n.Serve = wire.Epoch{Generation: generation, Term: term}, wire.Bulk, o.serve
		o.exchange = network.New(n)
	}
	return o.exchange, nil
}

// admitReader finds who takes a connection over that asks for outputs.
func (t *TaskManager) admitReader(p wire.Preamble) (take func(net.Conn, wire.Preamble) error, err error) {
	err = fmt.Errorf("outputs of job %s are not here", p.Job)
	t.call(func() {
		o := t.outputs[p.Job]
		if o == nil {
			return
		}
		var x *network.Exchange
		id := worker.ID(t.fence.GetGeneration(), t.number)
		if x, err = o.receiver(id, t.fence.GetGeneration(), t.fence.GetTerm()); err != nil {
			return
		}
		if err = x.Admit(p); err == nil {
			take = x.Accept
		}
	})
	return take, err
}

// serve answers a request for outputs.
func (o *outputs) serve(request []byte, to *network.Sender) {
	q, err := blocking.ParseRequest(request)
	if err != nil {
		to.Fail(err)
		return
	}
	o.mu.Lock()
	parts, missing := o.parts(q)
	o.mu.Unlock()
	if len(missing) > 0 {
		to.Fail(&blocking.LostError{Stage: q.Stage, Producers: missing, Err: errors.New("this TaskManager does not have all of it")}, missing...)
		return
	}
	o.serving.Go(func() {
		for _, p := range parts {
			if err := p.Store.Adopt(p.Stage); err != nil {
				to.Fail(err, p.Tasks...)
				return
			}
		}
		blocking.Forward(parts, to)
	})
}

// parts divides a request among the folders. Called with mu held.
func (o *outputs) parts(q blocking.Request) (parts []blocking.Part, missing []wire.Task) {
	at := map[*folder]int{}
	for _, task := range q.Tasks {
		h := o.byStage[stageKey{q.Stage, task.Subtask}]
		if h == nil || int(h.Attempt) != task.Attempt {
			missing = append(missing, task)
			continue
		}
		i, ok := at[h.in]
		if !ok {
			i = len(parts)
			at[h.in] = i
			part := q
			part.Tasks = nil
			parts = append(parts, blocking.Part{Store: h.in.store, Request: part})
		}
		parts[i].Tasks = append(parts[i].Tasks, task)
	}
	return parts, missing
}

// retire cuts off those who read under another number than the present one.
func (o *outputs) retire() {
	o.mu.Lock()
	x := o.exchange
	o.exchange = nil
	o.mu.Unlock()
	if x == nil {
		return
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = x.Close(now) // which tells that somebody was still reading
}
