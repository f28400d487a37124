package scheduler

import "github.com/leatproject/leat/runtime/rpc"

// Measure tells what the tasks have done so far. It may be called at any time.
func (l *Local) Measure() (all []*rpc.TaskMetrics) {
	for v, x := range l.vertices {
		for i, t := range x.tasks {
			st := &t.Stats
			m := &rpc.TaskMetrics{Attempt: &rpc.Attempt{Job: l.opt.JobID, Vertex: int32(v), Subtask: int32(i)}, RecordsIn: st.RecordsIn.Load(),
				RecordsOut: st.RecordsOut.Load(), BytesIn: st.BytesIn.Load(), BytesOut: st.BytesOut.Load(), BuffersOut: st.BuffersOut.Load(), OutPoolUsage: st.OutPoolUsage.Load(), Watermark: st.Watermark.Load(),
				Busy: st.Busy.Load(), Idle: st.Idle.Load(), BackPressured: st.BackPressured.Load(),
				Alignment: st.Alignment.Load(), StartDelay: st.StartDelay.Load(), Initialization: st.Initialization.Load()}
			for node, counters := range x.metrics {
				for name, value := range counters[i].All {
					m.Operators = append(m.Operators, &rpc.OperatorMetric{Node: int32(node), Name: name, Value: value})
				}
			}
			all = append(all, m)
		}
	}
	return all
}
