package jobmanager

import (
	"encoding/json"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
)

func registration(r *rpc.Register) job.Registration {
	x := r.GetMachine()
	meta, err := json.Marshal(Meta{Host: x.GetHost(), Platform: x.GetPlatform(), Build: x.GetBuild(), Cores: x.GetCores(),
		Memory: x.GetMemory(), PID: x.GetPid(), SlotMemory: r.GetSlotMemory()})
	if err != nil {
		meta = nil
	}
	return job.Registration{Resource: r.GetResource(), Address: r.GetAddress(), Meta: string(meta), Slots: int(r.GetSlots()),
		Outputs: heldOutputs(r.GetOutputs())}
}

func heldOutputs(all []*rpc.HeldOutputs) []job.HeldOutputs {
	var held []job.HeldOutputs
	for _, h := range all {
		x := job.HeldOutputs{Job: job.ID(h.GetJob())}
		for _, p := range h.GetOutputs() {
			x.Outputs = append(x.Outputs, producer(p))
		}
		held = append(held, x)
	}
	return held
}

func producer(p *rpc.Producer) job.Producer {
	return job.Producer{Vertex: int(p.GetVertex()), Subtask: int(p.GetSubtask()), Generation: p.GetGeneration(), Attempt: p.GetAttempt()}
}

func report(r *rpc.Report) job.Report {
	x := job.Report{TM: job.TM(r.GetTaskManager()), Generation: r.GetGeneration(), Term: r.GetTerm(), Sequence: r.GetSequence(),
		Full: r.GetFull(), Lost: heldOutputs(r.GetLost())}
	for _, t := range r.GetTasks() {
		x.Tasks = append(x.Tasks, taskReport(t))
	}
	for _, s := range r.GetSizes() {
		x.Sizes = append(x.Sizes, job.SizeReport{Job: job.ID(s.GetJob()), Vertex: int(s.GetVertex()), Edge: int(s.GetEdge()),
			Tasks: int(s.GetTasks()), Bytes: s.GetBytes()})
	}
	for _, c := range r.GetCheckpoints() {
		x.Checkpoints = append(x.Checkpoints, checkpointReport(c))
	}
	for _, id := range r.GetJobs() {
		x.Jobs = append(x.Jobs, job.ID(id))
	}
	return x
}

func checkpointReport(c *rpc.CheckpointReport) job.CheckpointReport {
	x := job.CheckpointReport{Job: job.ID(c.GetJob()), ID: c.GetId(), Coordinators: c.GetCoordinators(), Part: c.GetPart(), Details: c.GetTasks(), Cause: c.GetCause()}
	for _, t := range c.GetTasks() {
		x.Tasks = append(x.Tasks, checkpoints.Task{Vertex: int(t.GetVertex()), Subtask: int(t.GetSubtask())})
	}
	return x
}

func taskReport(t *rpc.TaskReport) job.TaskReport {
	a := t.GetAttempt()
	x := job.TaskReport{Task: taskOf(a), Attempt: a.GetNumber(), State: stateOf(t.GetState()), Bytes: t.GetBytes(),
		Result: t.GetResult(), Cause: t.GetCause()}
	if t.GetLost() != nil {
		lost := producer(t.GetLost())
		x.Lost = &lost
	}
	return x
}

func taskOf(a *rpc.Attempt) job.Task {
	return job.Task{Job: job.ID(a.GetJob()), Vertex: int(a.GetVertex()), Subtask: int(a.GetSubtask())}
}

// states are the states of a task by their numbers in the protocol.
var states = map[rpc.TaskState]job.TaskState{
	rpc.TaskState_CREATED: job.TaskCreated, rpc.TaskState_SCHEDULED: job.TaskScheduled, rpc.TaskState_DEPLOYING: job.TaskDeploying,
	rpc.TaskState_INITIALIZING: job.TaskInitializing, rpc.TaskState_RUNNING: job.TaskRunning, rpc.TaskState_CANCELING: job.TaskCanceling,
	rpc.TaskState_FINISHED: job.TaskFinished, rpc.TaskState_CANCELED: job.TaskCanceled, rpc.TaskState_FAILED: job.TaskFailed,
	rpc.TaskState_RECONCILING: job.TaskReconciling,
}

// stateOf is CREATED, which is no news, for a state that this version does not know.
func stateOf(s rpc.TaskState) job.TaskState { return states[s] }
