package worker

import (
	"context"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
)

// outbox gathers what is to be reported while a message is on its way. It holds no more than the states of the worker's tasks.
type outbox struct {
	mu       sync.Mutex
	report   *rpc.Report
	metrics  *rpc.Metrics
	finished []*rpc.Finished
	ended    []*rpc.TaskMetrics // the last figures of attempts that have ended
	kick     chan struct{}
}

func (o *outbox) add(f func(*rpc.Report)) {
	o.mu.Lock()
	if o.report == nil {
		o.report = &rpc.Report{}
	}
	f(o.report)
	o.mu.Unlock()
	o.wake()
}

// measured replaces a snapshot that has not been sent yet.
func (o *outbox) measured(m *rpc.Metrics) {
	o.mu.Lock()
	o.metrics = m
	o.mu.Unlock()
	o.wake()
}

// finish adds the outputs of an attempt. They go out before the report of its end.
func (o *outbox) finish(f *rpc.Finished) {
	o.mu.Lock()
	o.finished = append(o.finished, f)
	o.mu.Unlock()
}

// final adds the last figures of an attempt. They go out before the report of its end.
func (o *outbox) final(m *rpc.TaskMetrics) {
	o.mu.Lock()
	o.ended = append(o.ended, m)
	o.mu.Unlock()
}

func (o *outbox) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// drain sends until ctx or the link ends.
func (o *outbox) drain(ctx context.Context, link Link) {
	for {
		select {
		case <-o.kick:
		case <-ctx.Done():
			return
		}
		r, m, finished := o.take()
		for _, f := range finished {
			if link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Finished{Finished: f}}) != nil {
				return
			}
		}
		if m != nil && link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Metrics{Metrics: m}}) != nil {
			return
		}
		if r != nil && link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Report{Report: r}}) != nil {
			return
		}
	}
}

func (o *outbox) take() (*rpc.Report, *rpc.Metrics, []*rpc.Finished) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r, m, f := o.report, o.metrics, o.finished
	if len(o.ended) > 0 && m == nil {
		m = &rpc.Metrics{}
	}
	if m != nil {
		m.Tasks = append(m.Tasks, o.ended...)
	}
	o.report, o.metrics, o.finished, o.ended = nil, nil, nil, nil
	return r, m, f
}
