package worker

import (
	"time"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
)

// measure takes snapshots of what runs until the worker ends.
func (w *worker) measure() {
	period := time.Duration(w.start.MetricsMillis) * time.Millisecond
	if period <= 0 {
		return
	}
	for {
		tick := make(chan struct{})
		stop := w.opt.Clock.AfterFunc(period, func() { close(tick) })
		select {
		case <-tick:
			w.out.measured(w.snapshot())
		case <-w.ctx.Done():
			stop()
			return
		}
	}
}

func (w *worker) snapshot() *rpc.Metrics {
	s := &rpc.Metrics{Time: w.opt.Clock.Now().UnixMilli(), Processes: []*rpc.ProcessMetrics{metrics.OwnProcess(w.start.Job)}}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.tasks {
		if r.task != nil {
			s.Tasks = append(s.Tasks, r.measure())
		}
	}
	return s
}

func (r *running) measure() *rpc.TaskMetrics {
	st := &r.task.Stats
	usage, queued := r.task.Input()
	m := &rpc.TaskMetrics{Attempt: r.attempt, RecordsIn: st.RecordsIn.Load(), RecordsOut: st.RecordsOut.Load(), BytesIn: st.BytesIn.Load(),
		BytesOut: st.BytesOut.Load(), Watermark: st.Watermark.Load(), Busy: st.Busy.Load(), Idle: st.Idle.Load(), BackPressured: st.BackPressured.Load(),
		BuffersOut: st.BuffersOut.Load(), OutPoolUsage: st.OutPoolUsage.Load(), InPoolUsage: int64(1000 * usage), InputQueue: int64(queued),
		Alignment: st.Alignment.Load(), StartDelay: st.StartDelay.Load(), Initialization: st.Initialization.Load()}
	for _, n := range r.metrics {
		for name, v := range n.All {
			m.Operators = append(m.Operators, &rpc.OperatorMetric{Node: int32(n.node), Name: name, Value: v})
		}
	}
	return m
}
