package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// letter carries an answer as the only row of a channel.
type letter struct{ Answer []byte }

// asker returns what an operator asks its coordinator by. What sinks of a bounded job have prepared for its end is kept for the
// commit vertex. An unbounded one has none: should a sub-task come to its end, what it has prepared is committed at once. In a job
// with checkpoints the host of the coordinators commits it with the next one, and the commit vertex whatever is left at the end.
func (w *worker) asker(r *running, n *graph.Node) func(context.Context, []byte) ([]byte, error) {
	if n.Collects {
		c := w.collector(r, n)
		r.collectors = append(r.collectors, c)
		return func(ctx context.Context, block []byte) ([]byte, error) { return nil, c.take(ctx, block) }
	}
	c := w.program.Coordinator(n.ID)
	if n.Kind == graph.Sink && w.checkpts.on() {
		r.epoch, _, _ = w.coords.where()
		return func(ctx context.Context, request []byte) ([]byte, error) {
			if checkpoint, atEnd := operator.AtEnd(request); checkpoint > 0 {
				r.keepReport(n.ID, int64(checkpoint), atEnd)
			} else {
				r.keep(n.ID, atEnd)
			}
			return w.ask(ctx, int32(n.ID), r, request)
		}
	}
	if n.Kind == graph.Sink {
		return func(ctx context.Context, request []byte) ([]byte, error) {
			if len(request) > 0 && request[0] == operator.CommitAtEnd {
				if w.bounded {
					r.keep(n.ID, request)
					return nil, nil
				}
				request = append([]byte{operator.CommitNow}, request[1:]...)
			}
			return c.Handle(ctx, int(r.attempt.Subtask), request)
		}
	}
	resumed, _ := c.(resumable)
	if c != nil {
		r.epoch, _, _ = w.coords.where()
	}
	return func(ctx context.Context, request []byte) ([]byte, error) {
		answer, err := w.ask(ctx, int32(n.ID), r, request)
		if err != nil {
			return nil, fmt.Errorf("ask the coordinator of %s: %w", n.Name, err)
		}
		if resumed != nil {
			r.take(n.ID, resumed.Taken(request, answer))
		}
		return answer, nil
	}
}

// ask puts a request to the coordinator of a node, wherever it is. An attempt asks those of one epoch only: others do not know
// what it has been given.
func (w *worker) ask(ctx context.Context, node int32, r *running, request []byte) ([]byte, error) {
	epoch, host, at := w.coords.where()
	a := r.attempt
	switch {
	case epoch.Compare(r.epoch) != 0:
		return nil, errEpochOver
	case host != nil:
		return host.handle(ctx, node, a, r.restored, request)
	case at.Worker == "":
		return nil, fmt.Errorf("%w: nobody hosts them", errEpochOver)
	}
	question, err := proto.Marshal(&rpc.Ask{Epoch: epoch, Node: node, Attempt: a, Restored: r.restored, Request: request})
	if err != nil {
		return nil, err
	}
	return w.call(ctx, at, question)
}

// call sends a question to another worker and waits for the answer.
func (w *worker) call(ctx context.Context, to network.Peer, question []byte) ([]byte, error) {
	got := &mailbox{ready: make(chan struct{}, 1)}
	in := w.exchange.Input(column.NewBatch[letter](), got.fail)
	defer in.Close()
	id := wire.Channel{From: wire.Task{Vertex: "coordinator"}, To: wire.Task{Vertex: w.id, Subtask: w.asked.next()}}
	in.Fetch(to, id, question, nil, got)
	for {
		select {
		case <-got.ready:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if b, ended, err := got.take(); err != nil {
			return nil, err
		} else if ended {
			a := new(rpc.Answer)
			if err := proto.Unmarshal(b, a); err != nil {
				return nil, err
			}
			if a.Over {
				return nil, fmt.Errorf("%w: %s", errEpochOver, a.Error)
			}
			if a.Error != "" {
				return nil, errors.New(a.Error)
			}
			return a.Value, nil
		}
	}
}

// answer serves a question of another worker. It does not block.
func (w *worker) answer(question []byte, to *network.Sender) {
	q := new(rpc.Ask)
	if err := proto.Unmarshal(question, q); err != nil {
		to.Fail(fmt.Errorf("request to a coordinator: %w", err))
		return
	}
	w.group.Go(func() {
		a := &rpc.Answer{}
		ctx, cancel := context.WithCancelCause(w.ctx)
		defer cancel(nil)
		w.group.Go(func() {
			select {
			case <-to.Gone():
				cancel(errAskerGone)
			case <-ctx.Done():
			}
		})
		host, err := w.coords.hosting(ctx, q.Epoch)
		if err == nil {
			a.Value, err = host.handle(ctx, q.Node, q.Attempt, q.Restored, q.Request)
		}
		if err != nil {
			a.Error, a.Over = err.Error(), errors.Is(err, errEpochOver)
		}
		b, err := proto.Marshal(a)
		if err != nil {
			to.Fail(err)
			return
		}
		to.Send(shuffle.Element{Kind: shuffle.Batch, Batch: column.BatchOf([]letter{{b}})})
		to.Send(shuffle.Element{Kind: shuffle.End})
	})
}

// errAskerGone is why a request is given up whose asker nobody hears of any more.
var errAskerGone = errors.New("the attempt that has asked is gone")

// mailbox receives one answer. It implements shuffle.Sender.
type mailbox struct {
	ready chan struct{}

	mu    sync.Mutex
	bytes []byte
	ended bool
	err   error
}

// Send implements shuffle.Sender.
func (m *mailbox) Send(e shuffle.Element) {
	m.mu.Lock()
	switch e.Kind {
	case shuffle.Batch:
		if rows := column.Rows[letter](e.Batch); len(rows) == 1 {
			m.bytes = rows[0].Answer
		}
		e.Batch.Release()
	case shuffle.End:
		m.ended = true
	}
	m.mu.Unlock()
	m.wake()
}

// Room implements shuffle.Sender.
func (m *mailbox) Room(func()) bool { return true }

func (m *mailbox) fail(err error) {
	m.mu.Lock()
	m.err = err
	m.mu.Unlock()
	m.wake()
}

func (m *mailbox) wake() {
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() (b []byte, ended bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return m.bytes, true, nil
	}
	return nil, false, m.err
}
