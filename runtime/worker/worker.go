package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
)

// closeTimeout is how long a worker that ends waits for others to read what it has sent.
const closeTimeout = 5 * time.Second

// ID is the name of a worker on data connections: there is one for a job and a TaskManager.
func ID(generation uint64, taskManager uint32) string {
	return fmt.Sprintf("%d.%d", generation, taskManager)
}

// Serve runs the tasks that the TaskManager at the other end of link orders, until that says quit, is gone, or ctx ends. build
// makes the job that Start names. The error says why there was nothing to run or why the link broke.
func Serve(ctx context.Context, link Link, build func(*rpc.Start) (*Job, error)) error {
	start, err := receiveStart(link)
	if err != nil {
		return err
	}
	job, err := build(start)
	if err != nil {
		return errors.Join(err, link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Failed{Failed: err.Error()}}))
	}
	return serve(ctx, link, start, job, nil)
}

func receiveStart(link Link) (*rpc.Start, error) {
	m, err := link.Receive()
	if err != nil {
		return nil, err
	}
	start := m.GetStart()
	if start == nil {
		return nil, errors.New("the first message of a TaskManager to its worker is not start")
	}
	if _, err := rpc.Agree(rpc.Version, start.Version); err != nil {
		return nil, err
	}
	return start, nil
}

// worker runs the tasks of one job.
type worker struct {
	link     Link
	start    *rpc.Start
	id       string
	job      *graph.JobGraph // as submitted
	bounded  bool            // there is a commit vertex
	program  task.Code
	opt      Options
	log      *slog.Logger
	exchange *network.Exchange // rows of pipelined edges, and requests to coordinators
	bulk     *network.Exchange // blocking outputs, which TaskManagers send
	store    *blocking.Store
	ctx      context.Context
	group    sync.WaitGroup
	out      outbox
	local    junctions
	coords   coordinators
	checkpts checkpointing
	asked    counter
	memory   *shuffle.Memory

	feeds     feeds
	transfers transfers

	mu    sync.Mutex
	tasks map[taskKey]*running
}

// taskKey names a sub-task; a worker has at most one live attempt of each.
type taskKey struct{ vertex, subtask int32 }

// serve runs a worker. limit is told how much memory the process may use; it may be nil.
func serve(ctx context.Context, link Link, start *rpc.Start, job *Job, limit func(int64)) error {
	w, err := newWorker(link, start, job)
	if err != nil {
		return errors.Join(err, link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Failed{Failed: err.Error()}}))
	}
	return w.run(ctx, limit)
}

// run obeys the TaskManager until the end.
func (w *worker) run(ctx context.Context, limit func(int64)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w.ctx = ctx
	defer context.AfterFunc(ctx, func() { w.link.Close() })()
	if err := w.link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Ready{Ready: true}}); err != nil {
		return err
	}
	w.group.Go(w.accept)
	w.group.Go(func() { w.out.drain(ctx, w.link) })
	w.group.Go(w.measure)
	err := w.obey(limit)
	stop()
	w.close()
	return err
}

func newWorker(link Link, start *rpc.Start, job *Job) (*worker, error) {
	submitted := job.Graph
	if s := start.Submission; len(s.GetGraph()) > 0 {
		submitted = new(graph.JobGraph)
		if err := json.Unmarshal(s.Graph, submitted); err != nil {
			return nil, fmt.Errorf("the submitted graph cannot be read: %w", err)
		}
		if built := job.Graph.Fingerprint(); built != s.Fingerprint {
			return nil, fmt.Errorf("main() has built another graph than the one submitted (fingerprint %s instead of %s): the program must build the same "+
				"whenever it runs; put what may vary, such as the time or a random number, through datastream.Once", built, s.Fingerprint)
		}
	}
	w := &worker{link: link, start: start, id: ID(start.Generation, start.TaskManager), job: submitted, bounded: submitted.Bounded(), program: job.Program, opt: job.Options,
		tasks: map[taskKey]*running{}}
	w.log = job.Options.Logger.With("job", start.Job)
	w.out.kick = make(chan struct{}, 1)
	w.local.all = map[wire.Channel]*junction{}
	w.feeds.open = map[int]*feed{}
	w.coords.w = w
	w.checkpts = checkpointing{w: w, rounds: map[int64]*round{}, copies: w.copiesOf()}
	n := job.Options.Network
	n.Job, n.Worker, n.Token, n.Logger = start.Job, w.id, start.Token, w.log
	n.Epoch = wire.Epoch{Generation: start.Generation, Term: start.Term}
	w.memory = shuffle.NewMemory(w.opt.NetworkMemory.Of(debug.SetMemoryLimit(-1)))
	n.Memory = w.memory
	var err error
	if len(start.Certificates) > 0 {
		certificates, err := security.Decode(start.Certificates, w.log)
		if err != nil {
			return nil, err
		}
		n.ClientTLS, n.ServerTLS = certificates.Client(""), certificates.Server(true)
	}
	if w.store, err = w.newStore(job.Options.Blocking); err != nil {
		return nil, err
	}
	n.Purpose, n.Serve = wire.Rows, w.answer
	w.exchange = network.New(n)
	n.Purpose, n.Serve = wire.Bulk, nil
	w.bulk = network.New(n)
	return w, nil
}

// accept takes over the data connections that the TaskManager passes.
func (w *worker) accept() {
	for {
		conn, p, err := w.link.Accept()
		if err != nil {
			return
		}
		w.group.Go(func() {
			err := w.exchange.Admit(p)
			if err == nil {
				err = w.exchange.Accept(conn, p)
			}
			if err != nil {
				conn.Close()
				w.log.Warn("data connection refused", "from", p.From, "error", err)
			}
		})
	}
}

// obey handles messages until there are no more.
func (w *worker) obey(limit func(int64)) error {
	for {
		m, err := w.link.Receive()
		if errors.Is(err, io.EOF) || w.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		switch m := m.Message.(type) {
		case *rpc.ToWorker_Order:
			w.order(m.Order)
		case *rpc.ToWorker_MemoryLimit:
			w.memory.Resize(w.opt.NetworkMemory.Of(m.MemoryLimit))
			if limit != nil {
				limit(m.MemoryLimit)
			}
		case *rpc.ToWorker_Blob:
			w.transfers.answered(m.Blob)
		case *rpc.ToWorker_Read:
			w.readCollected(m.Read)
		case *rpc.ToWorker_Quit:
			return nil
		}
	}
}

func (w *worker) order(o *rpc.Order) {
	for _, a := range o.Cancel {
		w.mu.Lock()
		r := w.tasks[taskKey{a.Vertex, a.Subtask}]
		w.mu.Unlock()
		if r != nil && r.attempt.Generation == a.Generation && r.attempt.Number == a.Number {
			r.cancel(errCanceled)
		}
	}
	for _, d := range o.Deploy {
		w.deploy(o, d)
	}
	for _, c := range o.Checkpoints {
		w.checkpts.obey(c)
	}
}

// close ends all that runs.
func (w *worker) close() {
	w.mu.Lock()
	for _, r := range w.tasks {
		r.cancel(errCanceled)
	}
	w.mu.Unlock()
	w.coords.close()
	expired, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var closing sync.WaitGroup
	for _, x := range []*network.Exchange{w.exchange, w.bulk} {
		closing.Go(func() {
			if err := x.Close(expired); err != nil {
				w.log.Warn("data connections did not close well", "error", err)
			}
		})
	}
	closing.Wait()
	w.link.Close()
	w.group.Wait()
	if err := w.store.Close(); err != nil {
		w.log.Warn("files of blocking outputs did not close", "error", err)
	}
}

// counter numbers things from 1.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}
