package taskmanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/shuffle/wire"
)

// quitTimeout is how long a worker may take to end when its job has.
const quitTimeout = 10 * time.Second

// supervised is the worker of a job.
type supervised struct {
	t      *TaskManager
	job    string
	first  *rpc.Deployment
	ctx    context.Context
	cancel context.CancelCauseFunc
	// ready is closed when the worker takes orders, gone when it has ended.
	ready, gone chan struct{}

	mu     sync.Mutex
	handle Worker // nil until it is launched
	queue  []*rpc.ToWorker
	kick   chan struct{}
	killed string // why
	graph  *graph.JobGraph

	// Owned by the goroutine of Run.
	limit, excess int64
	quitting      bool
	heard         time.Time // zero before its first metrics
	outputs       *outputs
	folder        *folder // nil before its launch
}

// workerOf returns the job's worker and starts one if there is none.
func (t *TaskManager) workerOf(d *rpc.Deployment) *supervised {
	if w := t.workers[d.Job]; w != nil {
		return w
	}
	w := &supervised{t: t, job: d.Job, first: d, ready: make(chan struct{}), gone: make(chan struct{}), kick: make(chan struct{}, 1), outputs: t.outputsOf(d.Job)}
	w.ctx, w.cancel = context.WithCancelCause(t.ctx)
	w.limit = t.memoryOf(1)
	t.workers[d.Job] = w
	close(t.launched)
	t.launched = make(chan struct{})
	t.news.jobs = true
	start := &rpc.Start{Version: rpc.Version, Job: d.Job, Execute: d.Execute, TaskManager: t.number, Generation: t.fence.Generation,
		Term: t.fence.Term, Token: wire.JobToken(t.opt.Secret, d.Job), MetricsMillis: t.opt.MetricsPeriod.Milliseconds()}
	t.group.Go(func() {
		err := w.run(start, d)
		w.cancel(nil)
		close(w.gone)
		t.call(func() { t.workerGone(w, err) })
	})
	return w
}

// run launches the worker and listens to it until it has ended. The error says how.
func (w *supervised) run(start *rpc.Start, d *rpc.Deployment) error {
	t := w.t
	s, err := t.submission(w.ctx, d)
	if err != nil {
		return fmt.Errorf("fetch the submission: %w", err)
	}
	start.Submission = s
	if start.Certificates, err = t.opt.Certificates.Encode(); err != nil {
		return err
	}
	w.name(s)
	if w.folder, err = w.outputs.folder(); err != nil {
		return err
	}
	start.Directory, start.LocalState = w.folder.path, t.state.of(w.job)
	l := Launch{Job: d.Job, Submission: s, MemoryLimit: w.limit, Stdout: t.logs.open(d.Job, "stdout"), Stderr: t.logs.open(d.Job, "stderr"),
		Program: func() (string, error) { return t.blobs.path(w.ctx, d.Program, t.fetch) }}
	h, err := t.opt.Launcher.Launch(w.ctx, l)
	if err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	w.mu.Lock()
	w.handle = h
	w.mu.Unlock()
	unlink := context.AfterFunc(w.ctx, h.Kill)
	defer unlink()
	failed := ""
	if h.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Start{Start: start}}) == nil {
		failed = w.listen(h)
	}
	h.Close()
	stop := t.clock.AfterFunc(quitTimeout, h.Kill)
	status := h.Wait()
	stop()
	w.mu.Lock()
	killed := w.killed
	w.mu.Unlock()
	if why := cmp.Or(killed, failed); why != "" {
		return errors.New(why)
	}
	return t.explain(w.job, status)
}

// explain makes an error of how a worker has ended.
func (t *TaskManager) explain(job string, status error) error {
	err := errors.New("the worker has ended")
	if status != nil {
		err = fmt.Errorf("the worker has ended: %w", status)
	}
	if last := t.logs.tail(job, "stderr", 2<<10); last != "" {
		err = fmt.Errorf("%w; the end of its stderr:\n%s", err, last)
	}
	return err
}

// listen takes the worker's messages to their end and returns why it could not run the job, if it said so.
func (w *supervised) listen(h Worker) (failed string) {
	done := make(chan struct{})
	var sender sync.WaitGroup
	defer sender.Wait()
	defer close(done)
	for started := false; ; {
		m, err := h.Receive()
		if err != nil {
			return failed
		}
		switch m := m.Message.(type) {
		case *rpc.FromWorker_Ready:
			if !started {
				started = true
				close(w.ready)
				sender.Go(func() { w.deliver(h, done) })
			}
		case *rpc.FromWorker_Failed:
			failed = m.Failed
		case *rpc.FromWorker_Report:
			if slices.ContainsFunc(m.Report.GetTasks(), func(x *rpc.TaskReport) bool { return x.GetState() >= rpc.TaskState_FINISHED }) {
				h.Flush() // who is told that a job has ended finds what it has printed
			}
			w.t.call(func() { w.t.reported(w, m.Report) })
		case *rpc.FromWorker_Finished:
			w.t.post(func() { w.outputs.take(w.folder, m.Finished) })
		case *rpc.FromWorker_Blob:
			w.t.group.Go(func() { w.transfer(h, m.Blob) })
		case *rpc.FromWorker_Read:
			w.t.post(func() { w.t.answered(m.Read) })
		case *rpc.FromWorker_Metrics:
			w.t.post(func() { w.t.measured(w, m.Metrics) })
		}
	}
}

// deliver sends what is queued until the worker ends.
func (w *supervised) deliver(h Worker, done <-chan struct{}) {
	for {
		w.mu.Lock()
		all := w.queue
		w.queue = nil
		w.mu.Unlock()
		for _, m := range all {
			if h.Send(m) != nil {
				return
			}
		}
		if len(all) > 0 {
			continue
		}
		select {
		case <-w.kick:
		case <-done:
			return
		}
	}
}

// send queues a message. The queue is bounded by what the leader orders.
func (w *supervised) send(m *rpc.ToWorker) {
	w.mu.Lock()
	w.queue = append(w.queue, m)
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

func (w *supervised) cancelAttempt(a *rpc.Attempt) {
	w.send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{Cancel: []*rpc.Attempt{a}}}})
}

// kill ends the worker at once.
func (w *supervised) kill(why string) {
	w.mu.Lock()
	w.killed = cmp.Or(w.killed, why)
	w.mu.Unlock()
	w.cancel(errors.New(why))
}

// quit has the worker end by itself, and kills it if it does not. Called by the goroutine of Run.
func (w *supervised) quit() {
	if w.quitting {
		return
	}
	w.quitting = true
	w.send(&rpc.ToWorker{Message: &rpc.ToWorker_Quit{Quit: true}})
	select {
	case <-w.ready:
		stop := w.t.clock.AfterFunc(quitTimeout, func() { w.kill("it did not end with its job") })
		context.AfterFunc(w.ctx, stop)
	default:
		w.kill("its job has ended")
	}
}

// pid is the worker's process, 0 if it has none of its own.
func (w *supervised) pid() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handle == nil {
		return 0
	}
	return w.handle.Pid()
}

// reported takes over what a worker says of its tasks.
func (t *TaskManager) reported(w *supervised, r *rpc.Report) {
	for _, x := range r.Tasks {
		key := keyOf(x.Attempt)
		a := t.tasks[key]
		if a == nil || a.worker != w || newer(x.Attempt, a.report.Attempt) != 0 || !a.live() ||
			a.report.State == rpc.TaskState_CANCELING && x.State < rpc.TaskState_FINISHED {
			continue
		}
		t.replace(key, x)
	}
	for _, c := range r.Coordinators {
		if h := t.hosted[c.Job]; h != nil && h.Epoch.Compare(c.Epoch) == 0 && t.workers[c.Job] == w {
			t.hosted[c.Job] = c
			t.news.coordinators = append(t.news.coordinators, c)
		}
	}
	for _, c := range r.Checkpoints {
		if t.workers[c.Job] == w {
			t.checkpoints[c.Job] = c
			t.tellCheckpoint(c.Job)
		}
	}
	t.limitMemory()
	t.flush()
}

func (t *TaskManager) measured(w *supervised, m *rpc.Metrics) {
	if t.workers[w.job] != w {
		return
	}
	w.heard = t.clock.Now()
	if w.pid() == 0 {
		m.Processes = nil // it is this process
	}
	for _, p := range m.Processes {
		p.Memory, p.Limit = metrics.ResidentMemory(w.pid()), w.limit
	}
	t.figures.Take(t.opt.Resource, m)
	t.news.measure(w.job, m)
	t.flush()
}

// measure replaces a snapshot that has not been sent yet.
func (n *news) measure(job string, m *rpc.Metrics) {
	if n.metrics == nil {
		n.metrics = map[string]*rpc.Metrics{}
	}
	if old := n.metrics[job]; old != nil {
		m.Tasks = append(ended(old, m), m.Tasks...)
	}
	n.metrics[job] = m
}

// ended returns the figures in old of attempts that a later snapshot does not have: their last ones.
func ended(old, later *rpc.Metrics) (last []*rpc.TaskMetrics) {
	has := map[taskKey]int32{}
	for _, x := range later.Tasks {
		has[keyOf(x.Attempt)] = x.Attempt.Number + 1
	}
	for _, x := range old.Tasks {
		if has[keyOf(x.Attempt)] != x.Attempt.Number+1 {
			last = append(last, x)
		}
	}
	return last
}

// workerGone notes the end of a worker.
func (t *TaskManager) workerGone(w *supervised, err error) {
	if t.workers[w.job] == w {
		delete(t.workers, w.job)
		delete(t.checkpoints, w.job)
		t.figures.Remove(w.job)
		t.news.jobs = true
		if h := t.hosted[w.job]; h != nil {
			delete(t.hosted, w.job)
			t.unhosted[w.job] = h.Epoch
			t.news.coordinators = append(t.news.coordinators, &rpc.CoordinatorStatus{Job: w.job, Epoch: h.Epoch, Cause: err.Error()})
		}
	}
	t.settled(w.outputs, w.folder)
	if t.fail(w, err.Error()) {
		t.replaceWorker(w)
	}
	if !w.quitting {
		t.log.Warn("a worker is gone", "job", w.job, "error", err)
	}
	t.flush()
}

// submission returns what the worker needs to build its graph.
func (t *TaskManager) submission(ctx context.Context, d *rpc.Deployment) (*rpc.Submission, error) {
	b := d.Submission
	if len(b) == 0 {
		var err error
		if b, err = t.blobs.read(ctx, d.Graph, t.fetch); err != nil {
			return nil, err
		}
	}
	s := new(rpc.Submission)
	return s, proto.Unmarshal(b, s)
}

// waitWorker returns the worker of a job when it takes orders.
func (t *TaskManager) waitWorker(ctx context.Context, job, id string) (Worker, error) {
	for {
		var w *supervised
		var own string
		var more chan struct{}
		t.call(func() { w, own, more = t.workers[job], worker.ID(t.fence.GetGeneration(), t.number), t.launched })
		if own != id {
			return nil, fmt.Errorf("worker %s is wanted, this is %s", id, own)
		}
		if w == nil {
			select {
			case <-more:
				continue
			case <-ctx.Done():
				return nil, fmt.Errorf("job %s is not known to this TaskManager", job)
			}
		}
		select {
		case <-w.ready:
			return w.handle, nil
		case <-w.gone:
			return nil, fmt.Errorf("the worker of job %s has ended", job)
		case <-ctx.Done():
			return nil, fmt.Errorf("the worker of job %s is not ready", job)
		}
	}
}
