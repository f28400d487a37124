package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/network"
)

// resettable is a coordinator that takes back what it gave to attempts of a sub-task that have ended, so that the sub-task can
// begin anew alone. The others end with their epoch when a sub-task is restarted.
type resettable interface {
	Reset(ctx context.Context, job string, subtask int) error
}

// resumable is a coordinator that can begin where another one has ended: what finished sub-tasks were given goes to nobody else.
type resumable interface {
	// Taken returns the identities of what an answer gives to a sub-task.
	Taken(request, answer []byte) (ids []uint64)
	// Resume is called before Start.
	Resume(subtask int, ids []uint64)
}

// errEpochOver is why an attempt fails whose coordinators are gone.
var errEpochOver = errors.New("the coordinators of the job have begun anew")

// coordinators knows who hosts the coordinators of the job's sources, and hosts them if that is this worker.
type coordinators struct {
	w *worker

	mu    sync.Mutex
	epoch *rpc.Fence
	// here is set if this worker hosts; otherwise at is who does.
	here bool
	at   network.Peer
	host *host
	// next is closed when a new epoch begins.
	next chan struct{}
}

// host is one epoch of the coordinators.
type host struct {
	w       *worker
	epoch   *rpc.Fence
	ctx     context.Context
	cancel  context.CancelCauseFunc
	started chan struct{} // closed when byNode is complete, or the epoch has ended
	byNode  map[int32]operator.Coordinator
	taken   []*rpc.Result // by sub-tasks that have finished under earlier epochs

	renewals      int64
	checkpointing *rpc.Checkpointing // nil for a job without checkpoints
	completing    sync.Mutex

	mu      sync.Mutex
	askers  map[askerKey]*asker
	resumed map[askerKey]bool // sub-tasks in taken that have not come again
}

type askerKey struct{ node, subtask int32 }

// asker is the newest attempt of a sub-task that has asked.
type asker struct {
	attempt *rpc.Attempt
	ctx     context.Context
	cancel  context.CancelCauseFunc
	asking  sync.WaitGroup
	// admitted is closed when what older attempts had was taken back, or err says that it cannot be.
	admitted chan struct{}
	err      error
}

// appoint takes note of what a deployment says about the host.
func (c *coordinators) appoint(to *rpc.Coordinator, checkpointing *rpc.Checkpointing, o *rpc.Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to == nil || c.epoch.Compare(to.Epoch) >= 0 {
		return
	}
	if c.host != nil {
		c.host.cancel(errEpochOver)
	}
	c.epoch, c.host, c.at = to.Epoch, nil, network.Peer{}
	c.here = to.TaskManager == c.w.start.TaskManager
	if c.here {
		ctx, cancel := context.WithCancelCause(c.w.ctx)
		c.host = &host{w: c.w, epoch: to.Epoch, ctx: ctx, cancel: cancel, started: make(chan struct{}), byNode: map[int32]operator.Coordinator{},
			taken: to.Taken, askers: map[askerKey]*asker{}, resumed: map[askerKey]bool{}, checkpointing: checkpointing, renewals: to.Renewals}
		c.w.group.Go(c.host.run)
	} else if at, err := c.w.peer(o, to.TaskManager); err == nil {
		c.at = at
	}
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

func (c *coordinators) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host != nil {
		c.host.cancel(errCanceled)
	}
}

// where returns the present epoch and who hosts it; host is nil when another worker does.
func (c *coordinators) where() (*rpc.Fence, *host, network.Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch, c.host, c.at
}

// hosting returns the host of an epoch, which may not have been appointed here yet.
func (c *coordinators) hosting(ctx context.Context, epoch *rpc.Fence) (*host, error) {
	for {
		c.mu.Lock()
		order, host := c.epoch.Compare(epoch), c.host
		if order < 0 && c.next == nil {
			c.next = make(chan struct{})
		}
		next := c.next
		c.mu.Unlock()
		switch {
		case order > 0 || order == 0 && host == nil:
			return nil, fmt.Errorf("%w: epoch %s is over", errEpochOver, epoch.Text())
		case order == 0:
			return host, nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// run starts the coordinators and closes them when the epoch ends.
func (h *host) run() {
	err := h.start()
	h.tell(err)
	if err != nil {
		h.cancel(err)
	}
	close(h.started)
	<-h.ctx.Done()
	for node, c := range h.byNode {
		if err := guarded(c.Close); err != nil {
			h.w.log.Warn("coordinator did not close", "operator", h.w.job.Node(int(node)).Name, "error", err)
		}
	}
}

func (h *host) start() error {
	_, states, err := h.w.checkpts.restoreOf(h.checkpointing.GetRestore()).read(h.ctx)
	if err != nil {
		return err
	}
	for i := range h.w.job.Vertices {
		v := &h.w.job.Vertices[i]
		for _, id := range v.Nodes {
			n := h.w.job.Node(id)
			if n.Kind == graph.Sink && h.checkpointing == nil {
				continue
			}
			err := guarded(func() error {
				c := h.w.program.Coordinator(id)
				if c == nil {
					return nil
				}
				h.byNode[int32(id)] = c
				if err := h.resume(i, id, c); err != nil {
					return err
				}
				return h.begin(c, v.Parallelism, states[h.w.job.OperatorID(id)])
			})
			if err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
		}
	}
	return nil
}

// noNode is asked by an attempt before it begins: when it is answered the coordinators have begun and know of it.
const noNode = -1

// begin starts a coordinator with its state. What attempts that have run before have left behind is removed.
func (h *host) begin(c operator.Coordinator, parallelism int, state []byte) error {
	if cc, ok := c.(operator.CheckpointedCoordinator); ok && len(state) > 0 {
		if err := cc.Restore(state); err != nil {
			return err
		}
	}
	if err := c.Start(h.ctx, parallelism); err != nil {
		return err
	}
	if x, ok := c.(cleaner); ok && h.checkpointing.GetAgain() {
		return x.Clean(h.ctx, h.w.start.Job)
	}
	return nil
}

// snapshot returns the states of the coordinators by operator; finished are the sub-tasks that do not take part.
func (h *host) snapshot(ctx context.Context, checkpoint uint64, finished []*rpc.SubtaskName) (map[string][]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(h.ctx, func() { cancel(context.Cause(h.ctx)) })()
	select {
	case <-h.started:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	ended := map[taskKey]bool{}
	for _, f := range finished {
		ended[taskKey{f.Vertex, f.Subtask}] = true
	}
	states := map[string][]byte{}
	for i := range h.w.job.Vertices {
		v := &h.w.job.Vertices[i]
		var subtasks []int
		for s := range v.Parallelism {
			if !ended[taskKey{int32(i), int32(s)}] {
				subtasks = append(subtasks, s)
			}
		}
		for _, id := range v.Nodes {
			c, ok := h.byNode[int32(id)].(operator.CheckpointedCoordinator)
			if !ok {
				continue
			}
			err := guarded(func() (err error) {
				states[h.w.job.OperatorID(id)], err = c.Snapshot(ctx, checkpoint, subtasks)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", h.w.job.Node(id).Name, err)
			}
		}
	}
	return states, nil
}

// complete tells the coordinators that a checkpoint counts. If one cannot commit what that has decided on, the epoch ends: the next
// one begins by committing it.
func (h *host) complete(checkpoint uint64) {
	if checkpoint == 0 {
		return
	}
	<-h.started
	h.completing.Lock()
	defer h.completing.Unlock()
	for node, x := range h.byNode {
		c, ok := x.(operator.CheckpointedCoordinator)
		if !ok || h.ctx.Err() != nil {
			continue
		}
		if err := guarded(func() error { return c.Complete(h.ctx, checkpoint) }); err != nil && h.ctx.Err() == nil {
			err = fmt.Errorf("%s: commit checkpoint %d: %w", h.w.job.Node(int(node)).Name, checkpoint, err)
			h.cancel(err)
			h.tell(err)
		}
	}
}

// resume tells a coordinator what sub-tasks of its vertex have taken before.
func (h *host) resume(vertex, node int, c operator.Coordinator) error {
	for _, x := range h.taken {
		if int(x.Vertex) != vertex {
			continue
		}
		r, ok := c.(resumable)
		if !ok && len(h.w.job.Vertices[vertex].Edges) > 0 {
			return nil // it is not the source
		}
		if !ok {
			return fmt.Errorf("sub-task %d has finished, and what it was given is not known any more", x.Subtask)
		}
		var p rpc.Prepared
		if err := proto.Unmarshal(x.Value, &p); err != nil {
			return fmt.Errorf("result of sub-task %d: %w", x.Subtask, err)
		}
		var ids []uint64
		for _, t := range p.Taken {
			if int(t.Node) == node {
				ids = t.Ids
			}
		}
		r.Resume(int(x.Subtask), ids)
		h.resumed[askerKey{int32(node), x.Subtask}] = true
	}
	return nil
}

// tell reports the state of the epoch.
func (h *host) tell(err error) {
	s := &rpc.CoordinatorStatus{Job: h.w.start.Job, Epoch: h.epoch, Renewals: h.renewals}
	if err != nil {
		s.Cause = err.Error()
	}
	h.w.out.add(func(r *rpc.Report) { r.Coordinators = append(r.Coordinators, s) })
}

// handle answers a request of an attempt that has begun with a checkpoint.
func (h *host) handle(ctx context.Context, node int32, a *rpc.Attempt, restored int64, request []byte) (answer []byte, err error) {
	select {
	case <-h.started:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if h.ctx.Err() != nil {
		return nil, context.Cause(h.ctx)
	}
	if node == noNode {
		return nil, h.expect(a, restored)
	}
	c := h.byNode[node]
	if c == nil {
		return nil, fmt.Errorf("operator %d has no coordinator", node)
	}
	x, err := h.admit(c, node, a, restored)
	if err != nil {
		return nil, err
	}
	defer x.asking.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(x.ctx, func() { cancel(context.Cause(x.ctx)) })()
	err = guarded(func() (err error) {
		answer, err = c.Handle(ctx, int(a.Subtask), request)
		return err
	})
	return answer, err
}

// expect takes back what earlier attempts of a sub-task have from all its coordinators.
func (h *host) expect(a *rpc.Attempt, restored int64) error {
	h.complete(uint64(restored))
	for _, id := range h.w.job.Vertices[a.Vertex].Nodes {
		c := h.byNode[int32(id)]
		if c == nil {
			continue
		}
		x, err := h.admit(c, int32(id), a, restored)
		if err != nil {
			return err
		}
		x.asking.Done()
	}
	return context.Cause(h.ctx)
}

// admit sees to it that only the newest attempt of a sub-task is answered, after older ones are done with. The caller says when
// its request is answered.
func (h *host) admit(c operator.Coordinator, node int32, a *rpc.Attempt, restored int64) (*asker, error) {
	key := askerKey{node, a.Subtask}
	h.mu.Lock()
	x := h.askers[key]
	order := -1
	if x != nil {
		order = cmp.Or(cmp.Compare(x.attempt.Generation, a.Generation), cmp.Compare(x.attempt.Number, a.Number))
	}
	if order > 0 {
		h.mu.Unlock()
		return nil, fmt.Errorf("attempt %d has been given up", a.Number)
	}
	old := x
	again := order < 0 && (old != nil || h.resumed[key])
	if order < 0 {
		delete(h.resumed, key)
		x = &asker{attempt: a, admitted: make(chan struct{})}
		x.ctx, x.cancel = context.WithCancelCause(h.ctx)
		h.askers[key] = x
	}
	x.asking.Add(1)
	h.mu.Unlock()
	if order < 0 {
		if again {
			x.err = h.takeBack(c, node, a.Subtask, old, restored)
		}
		close(x.admitted)
	}
	<-x.admitted
	if x.err != nil {
		x.asking.Done()
		return nil, x.err
	}
	return x, nil
}

// takeBack ends the requests of an attempt that has been replaced and has its coordinator forget it; old is nil if the attempt has
// finished under an earlier epoch. A coordinator that cannot begins anew: the epoch ends.
func (h *host) takeBack(c operator.Coordinator, node, subtask int32, old *asker, restored int64) error {
	if old != nil {
		old.cancel(errors.New("a newer attempt has asked"))
		old.asking.Wait()
	}
	h.complete(uint64(restored))
	err := errors.New("its coordinator does not take back what it gave")
	if r, ok := c.(resettable); ok {
		err = guarded(func() error { return r.Reset(h.ctx, h.w.start.Job, int(subtask)) })
	}
	if err != nil {
		err = fmt.Errorf("%w: sub-task %d of %s was restarted: %w", errEpochOver, subtask, h.w.job.Node(int(node)).Name, err)
		h.cancel(err)
		h.tell(err)
	}
	return err
}

// guarded turns a panic of user code into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w\n%s", operator.PanicError(p), debug.Stack())
		}
	}()
	return f()
}
