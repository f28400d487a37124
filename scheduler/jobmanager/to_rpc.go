package jobmanager

import (
	"context"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
)

// inline is the largest submission in bytes that a deployment carries itself.
const inline = 64 << 10

// orderWriter turns an order into a message.
type orderWriter struct {
	m     *JobManager
	l     *leader
	state *job.State
	order *job.Order
	out   *rpc.Order
	peers map[*job.Peers]int32
	named map[job.TM]bool
}

func (w *orderWriter) write(ctx context.Context) *rpc.Order {
	o := w.order
	w.peers, w.named = map[*job.Peers]int32{}, map[job.TM]bool{}
	w.out.Fence = &rpc.Fence{Generation: o.Generation, Term: o.Term, Sequence: o.Sequence}
	w.out.TaskManager, w.out.Confirmed = uint32(o.TM), o.Confirmed
	for i := range o.Deploy {
		if d := w.deployment(ctx, &o.Deploy[i]); d != nil {
			w.out.Deploy = append(w.out.Deploy, d)
		}
	}
	w.out.Cancel, w.out.Forget = attempts(o.Cancel), attempts(o.Forget)
	for _, k := range o.Keep {
		w.out.Keep = append(w.out.Keep, &rpc.HeldVertex{Job: string(k.Job), Vertex: int32(k.Vertex), Outputs: producers(k.Outputs)})
	}
	for i := range o.Checkpoints {
		w.out.Checkpoints = append(w.out.Checkpoints, checkpointOrder(&o.Checkpoints[i]))
	}
	for _, id := range o.Drop {
		w.out.Drop = append(w.out.Drop, string(id))
	}
	return w.out
}

func checkpointOrder(o *job.CheckpointOrder) *rpc.CheckpointOrder {
	out := &rpc.CheckpointOrder{Job: string(o.Job), Complete: o.Complete, Abandoned: o.Abandoned}
	if p := o.Trigger; p != nil {
		out.Trigger = &rpc.Trigger{Id: p.ID, Time: p.Triggered, Directory: p.Directory, Stop: p.Stop, Drain: p.Drain, Host: o.Host}
		for _, t := range o.Finished {
			out.Trigger.Finished = append(out.Trigger.Finished, &rpc.SubtaskName{Vertex: int32(t.Vertex), Subtask: int32(t.Subtask)})
		}
	}
	return out
}

// checkpointing is what the tasks of a job begin with; nil if it takes no checkpoints.
func (w *orderWriter) checkpointing(d *job.Deployment) *rpc.Checkpointing {
	j, ok := w.state.Job(d.Job)
	if !ok || !j.Checkpointed() {
		return nil
	}
	return &rpc.Checkpointing{Directory: j.Settings.Checkpoints.Directory, Restore: d.Restore.Path, Restored: d.Restore.ID, Again: j.Restarts > 0 || d.Abort}
}

func attempts(all []job.Attempt) []*rpc.Attempt {
	var out []*rpc.Attempt
	for _, a := range all {
		out = append(out, &rpc.Attempt{Job: string(a.Job), Vertex: int32(a.Vertex), Subtask: int32(a.Subtask), Generation: a.Generation, Number: a.Number})
	}
	return out
}

func producers(all []job.Producer) []*rpc.Producer {
	var out []*rpc.Producer
	for _, p := range all {
		out = append(out, &rpc.Producer{Vertex: int32(p.Vertex), Subtask: int32(p.Subtask), Generation: p.Generation, Attempt: p.Attempt})
	}
	return out
}

// deployment is nil when the job's coordinators have no host that is known yet: the order will be made again.
func (w *orderWriter) deployment(ctx context.Context, d *job.Deployment) *rpc.Deployment {
	var coordinator *rpc.Coordinator
	results := w.results(d)
	if results == nil { // a commit asks nobody
		var ok bool
		if coordinator, ok = w.l.hostOf(w.state, d.Job, w.order); !ok {
			return nil
		}
		w.locate(job.TM(coordinator.GetTaskManager()))
	}
	out := &rpc.Deployment{Job: string(d.Job), Application: d.Application, Execute: int32(d.Execute), Program: string(d.Program),
		Graph: string(d.Graph), Vertex: int32(d.Vertex), Parallelism: int32(d.Parallelism), Coordinator: coordinator,
		Results: results, Abort: d.Abort, Checkpointing: w.checkpointing(d)}
	if s, err := w.m.Submitted(ctx, d.Graph); err == nil && len(s.encoded) <= inline {
		out.Submission = s.encoded
	}
	for _, a := range d.Tasks {
		out.Tasks = append(out.Tasks, &rpc.Assignment{Subtask: int32(a.Subtask), Generation: a.Generation, Attempt: a.Number, Slot: a.Slot,
			From: int32(a.Range.From), To: int32(a.Range.To), Piece: int32(a.Range.Piece), Pieces: int32(a.Range.Pieces)})
	}
	for _, v := range d.Broadcast {
		out.Broadcast = append(out.Broadcast, int32(v))
	}
	for _, p := range d.Inputs {
		out.Inputs = append(out.Inputs, w.index(p))
	}
	for _, p := range d.Outputs {
		out.Outputs = append(out.Outputs, w.index(p))
	}
	return out
}

// index enters peers into the order's table.
func (w *orderWriter) index(p *job.Peers) int32 {
	if i, ok := w.peers[p]; ok {
		return i
	}
	i := int32(len(w.out.Peers))
	w.peers[p] = i
	out := &rpc.Peers{Vertex: int32(p.Vertex)}
	older := false
	for _, at := range p.At {
		w.locate(at.TM)
		out.TaskManagers, out.Attempts = append(out.TaskManagers, uint32(at.TM)), append(out.Attempts, at.Attempt)
		out.Generations = append(out.Generations, at.Generation)
		older = older || at.Generation != w.order.Generation
	}
	if !older {
		out.Generations = nil
	}
	w.out.Peers = append(w.out.Peers, out)
	return i
}

// locate enters a TaskManager's data port.
func (w *orderWriter) locate(n job.TM) {
	if w.named[n] {
		return
	}
	w.named[n] = true
	if t, ok := w.state.TaskManager(n); ok {
		w.out.Locations = append(w.out.Locations, &rpc.Location{TaskManager: uint32(n), Address: t.Address})
	}
}

// results is what a commit vertex commits, with an element for each sub-task of its sinks; nil for others.
func (w *orderWriter) results(d *job.Deployment) []*rpc.Result {
	j, ok := w.state.Job(d.Job)
	if !ok {
		return nil
	}
	var out []*rpc.Result
	for _, e := range j.Plan.Vertices[d.Vertex].Edges {
		if e.Exchange != job.Committed {
			continue
		}
		for i := range j.Vertices[e.From].Subtasks {
			out = append(out, &rpc.Result{Vertex: int32(e.From), Subtask: int32(i), Value: j.Vertices[e.From].Subtasks[i].Result})
		}
	}
	return out
}
