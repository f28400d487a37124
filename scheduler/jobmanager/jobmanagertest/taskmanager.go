package jobmanagertest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// TaskManager says what a real one would. By itself it lets every attempt that it is given run, and cancels when told to.
type TaskManager struct {
	t        testing.TB
	resource string
	stream   rpc.JobManager_ConnectClient
	stop     context.CancelFunc
	conn     *grpc.ClientConn
	done     chan struct{}

	mu       sync.Mutex
	changed  *sync.Cond
	welcome  *rpc.Welcome
	redirect *rpc.Redirect
	orders   []*rpc.Order
	fence    *rpc.Fence
	sequence uint64
	tasks    map[string]*rpc.TaskReport // by job/vertex/subtask
	logs     map[string]string
	finishes bool  // whether attempts end as soon as they run
	err      error // of the stream
}

// patience is how long a stream lasts, so that a test which waits in vain ends.
const patience = 2 * time.Minute

// Join connects a TaskManager; change may alter what it says of itself.
func (c *Cluster) Join(resource string, slots int32, change func(*rpc.Register)) *TaskManager {
	c.t.Helper()
	return c.JoinWith(resource, slots, nil, change)
}

// JoinWith connects a TaskManager that has tasks already.
func (c *Cluster) JoinWith(resource string, slots int32, tasks []*rpc.TaskReport, change func(*rpc.Register)) *TaskManager {
	c.t.Helper()
	tm := &TaskManager{t: c.t, resource: resource, conn: c.Dial(), done: make(chan struct{}), tasks: map[string]*rpc.TaskReport{},
		logs: map[string]string{"taskmanager.log": "started\nready\n"}}
	tm.changed = sync.NewCond(&tm.mu)
	for _, x := range tasks {
		tm.tasks[key(x.GetAttempt())] = x
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	tm.stop = stop
	stream, err := rpc.NewJobManagerClient(tm.conn).Connect(ctx)
	require.NoError(c.t, err)
	tm.stream = stream
	register := &rpc.Register{Version: rpc.Version, Resource: resource, Address: resource + ":6121", Slots: slots, SlotMemory: 128 << 20,
		Machine: &rpc.Machine{Host: resource + ".example.org", Platform: "linux/amd64", Build: "dev", Cores: 4, Memory: 8 << 30, Pid: 42}}
	if change != nil {
		change(register)
	}
	require.NoError(c.t, stream.Send(&rpc.Up{Message: &rpc.Up_Register{Register: register}}))
	go tm.listen()
	c.t.Cleanup(tm.Kill)
	return tm
}

// Kill closes the connection as the end of the process would.
func (tm *TaskManager) Kill() {
	tm.stop()
	<-tm.done
	_ = tm.conn.Close()
}

func (tm *TaskManager) listen() {
	defer close(tm.done)
	for {
		down, err := tm.stream.Recv()
		tm.mu.Lock()
		if err != nil {
			tm.err = err
			tm.changed.Broadcast()
			tm.mu.Unlock()
			return
		}
		tm.take(down)
		tm.changed.Broadcast()
		tm.mu.Unlock()
	}
}

func (tm *TaskManager) take(down *rpc.Down) {
	switch {
	case down.GetWelcome() != nil:
		tm.welcome = down.GetWelcome()
		tm.report(true, tm.all()...)
	case down.GetRedirect() != nil:
		tm.redirect = down.GetRedirect()
	case down.GetOrder() != nil:
		tm.obey(down.GetOrder())
	case down.GetLog() != nil:
		tm.say(&rpc.Up{Message: &rpc.Up_Log{Log: tm.log(down.GetLog())}})
	}
}

func (tm *TaskManager) say(up *rpc.Up) {
	if err := tm.stream.Send(up); err != nil && tm.err == nil {
		tm.err = err
	}
}

func (tm *TaskManager) report(full bool, tasks ...*rpc.TaskReport) {
	tm.sequence++
	tm.say(&rpc.Up{Message: &rpc.Up_Report{Report: &rpc.Report{TaskManager: tm.welcome.GetNumber(), Generation: tm.welcome.GetGeneration(),
		Term: tm.welcome.GetTerm(), Sequence: tm.sequence, Full: full, Tasks: tasks}}})
}

func (tm *TaskManager) all() []*rpc.TaskReport {
	var all []*rpc.TaskReport
	for _, key := range slices.Sorted(maps.Keys(tm.tasks)) {
		all = append(all, tm.tasks[key])
	}
	return all
}

func key(a *rpc.Attempt) string {
	return fmt.Sprintf("%s/%03d/%03d", a.GetJob(), a.GetVertex(), a.GetSubtask())
}

func (tm *TaskManager) obey(o *rpc.Order) {
	if o.GetFence().Compare(tm.fence) <= 0 {
		return
	}
	tm.fence = o.GetFence()
	tm.orders = append(tm.orders, o)
	var news []*rpc.TaskReport
	set := func(a *rpc.Attempt, state rpc.TaskState) {
		tm.tasks[key(a)] = &rpc.TaskReport{Attempt: a, State: state}
		news = append(news, tm.tasks[key(a)])
	}
	for _, a := range o.GetCancel() {
		set(a, rpc.TaskState_CANCELED)
	}
	for _, a := range o.GetForget() {
		delete(tm.tasks, key(a))
	}
	for _, d := range o.GetDeploy() {
		for _, a := range d.GetTasks() {
			set(&rpc.Attempt{Job: d.GetJob(), Vertex: d.GetVertex(), Subtask: a.GetSubtask(), Generation: a.GetGeneration(), Number: a.GetAttempt()},
				rpc.TaskState_RUNNING)
		}
	}
	if len(news) > 0 {
		tm.report(false, news...)
	}
	if tm.finishes {
		tm.endAll(rpc.TaskState_FINISHED, "")
	}
}

func (tm *TaskManager) log(r *rpc.LogRequest) *rpc.LogReply {
	reply := &rpc.LogReply{Request: r.GetRequest()}
	if r.GetName() == "" {
		for _, name := range slices.Sorted(maps.Keys(tm.logs)) {
			reply.Files = append(reply.Files, &rpc.LogFile{Name: name, Size: int64(len(tm.logs[name]))})
		}
		return reply
	}
	text, ok := tm.logs[r.GetName()]
	if !ok {
		reply.Error = "there is no log " + r.GetName()
		return reply
	}
	at := r.GetOffset()
	if at < 0 {
		at += int64(len(text))
	}
	at = min(max(0, at), int64(len(text)))
	end := min(int64(len(text)), at+int64(cmp.Or(r.GetLimit(), 256<<10)))
	reply.Offset, reply.Data, reply.Complete = at, []byte(text[at:end]), end == int64(len(text))
	return reply
}

// await waits until a condition holds or the stream has ended.
func (tm *TaskManager) await(what string, condition func() bool) {
	tm.t.Helper()
	tm.mu.Lock()
	defer tm.mu.Unlock()
	for !condition() {
		require.NoError(tm.t, tm.err, "%s waits for %s", tm.resource, what)
		tm.changed.Wait()
	}
}

// Welcome waits for the Welcome.
func (tm *TaskManager) Welcome() *rpc.Welcome {
	tm.t.Helper()
	tm.await("its welcome", func() bool { return tm.welcome != nil })
	return tm.welcome
}

// Redirect waits for the Redirect.
func (tm *TaskManager) Redirect() *rpc.Redirect {
	tm.t.Helper()
	tm.await("a redirection", func() bool { return tm.redirect != nil })
	return tm.redirect
}

// Err waits for the end of the stream.
func (tm *TaskManager) Err() error {
	<-tm.done
	return tm.err
}

// AwaitTasks waits until it has so many attempts in a state.
func (tm *TaskManager) AwaitTasks(n int, state rpc.TaskState) {
	tm.t.Helper()
	tm.await("tasks", func() bool {
		have := 0
		for _, x := range tm.tasks {
			if x.GetState() == state {
				have++
			}
		}
		return have == n
	})
}

// Tasks are what it would report.
func (tm *TaskManager) Tasks() []*rpc.TaskReport {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return tm.all()
}

// Orders are those that were obeyed so far.
func (tm *TaskManager) Orders() []*rpc.Order {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return slices.Clone(tm.orders)
}

// Finish reports all attempts as finished, those that come later too.
func (tm *TaskManager) Finish() {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	tm.finishes = true
	tm.endAll(rpc.TaskState_FINISHED, "")
}

// Fail reports all running attempts as failed.
func (tm *TaskManager) Fail(cause string) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	tm.endAll(rpc.TaskState_FAILED, cause)
}

func (tm *TaskManager) endAll(state rpc.TaskState, cause string) {
	var news []*rpc.TaskReport
	for _, x := range tm.all() {
		if x.GetState() == rpc.TaskState_RUNNING {
			tm.tasks[key(x.GetAttempt())] = &rpc.TaskReport{Attempt: x.GetAttempt(), State: state, Cause: cause, Bytes: 1}
			news = append(news, tm.tasks[key(x.GetAttempt())])
		}
	}
	if len(news) > 0 {
		tm.report(false, news...)
	}
}

// Measure sends metrics: each running attempt has read and written n records since its start.
func (tm *TaskManager) Measure(time, n int64) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	m := &rpc.Metrics{Time: time, Processes: []*rpc.ProcessMetrics{{Pid: 42, Memory: 64 << 20, Limit: 1 << 30, Heap: 16 << 20, Goroutines: 17}}}
	for _, x := range tm.all() {
		m.Tasks = append(m.Tasks, &rpc.TaskMetrics{Attempt: x.GetAttempt(), RecordsIn: n, RecordsOut: n, BytesIn: 10 * n, BytesOut: 10 * n,
			Watermark: time - 500, Busy: n * 1e6, Idle: n * 5e5, BackPressured: n * 1e5,
			BuffersOut: n / 10, InputQueue: 3, InPoolUsage: 250, OutPoolUsage: 1000,
			Operators: []*rpc.OperatorMetric{{Node: 3, Name: "numLateRecordsDropped", Value: 2}}})
	}
	tm.say(&rpc.Up{Message: &rpc.Up_Metrics{Metrics: m}})
}
