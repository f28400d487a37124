package worker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// coordinator remembers what it is asked.
type coordinator struct {
	asked    chan string
	reset    chan int
	finished chan struct{}
	cleaned  chan string
}

func newCoordinator() *coordinator {
	return &coordinator{asked: make(chan string, 10), reset: make(chan int, 10), finished: make(chan struct{}, 1),
		cleaned: make(chan string, 1)}
}

func (c *coordinator) Start(context.Context, int) error { return nil }
func (c *coordinator) Handle(_ context.Context, subtask int, request []byte) ([]byte, error) {
	switch string(request) {
	case "fail":
		return nil, errors.New("refused")
	case "panic":
		panic("broken")
	}
	c.asked <- string(request)
	return []byte{byte(subtask)}, nil
}
func (c *coordinator) Finish(context.Context) error { c.finished <- struct{}{}; return nil }
func (c *coordinator) Abort(context.Context) error  { return nil }
func (c *coordinator) Clean(_ context.Context, job string) error {
	c.cleaned <- job
	return nil
}
func (c *coordinator) Close() error { return nil }

// forgiving is a coordinator whose sub-tasks may restart alone.
type forgiving struct{ *coordinator }

func (f forgiving) Reset(_ context.Context, _ string, subtask int) error {
	f.reset <- subtask
	return nil
}

// asking is a program of a source and a sink that only has coordinators.
type asking struct{ source, sink operator.Coordinator }

func (p asking) Operator(int) operator.Operator                     { panic("no operator") }
func (p asking) Partitioner(int, int, int, int) shuffle.Partitioner { return nil }
func (p asking) Rows(int, int) *column.Batch                        { return column.NewBatch[string]() }
func (p asking) Coordinator(node int) operator.Coordinator {
	switch node {
	case 1:
		return p.source
	case 2:
		return p.sink
	}
	return nil
}

func (p asking) graph() *graph.JobGraph {
	return graph.Chain(&graph.StreamGraph{Version: graph.Version, Name: "asking", Nodes: []graph.Node{
		{ID: 1, Kind: graph.Source, Name: "Source", Parallelism: 2},
		{ID: 2, Kind: graph.Sink, Name: "Sink", Parallelism: 2, Inputs: []graph.Input{{From: 1, Strategy: shuffle.Forward}}},
	}}, false)
}

// rig is a worker with the TaskManager's end of its link.
type rig struct {
	*worker
	control Control
	done    chan error
	reports chan *rpc.Report
}

// start serves a program as the worker of TaskManager tm.
func start(t *testing.T, p asking, tm uint32) *rig {
	link, control := NewMemoryLink()
	s := &rpc.Start{Version: rpc.Version, Job: "job", TaskManager: tm, Generation: 1, Term: 1, Token: []byte("token"), Directory: t.TempDir()}
	job := &Job{Graph: p.graph(), Program: p, Options: Options{Clock: clock.Real, Logger: slog.New(slog.DiscardHandler)}}
	r := &rig{control: control, done: make(chan error, 1), reports: make(chan *rpc.Report, 100)}
	var err error
	r.worker, err = newWorker(link, s, job)
	require.NoError(t, err)
	go func() { r.done <- r.run(context.Background(), nil) }()
	m, err := control.Receive()
	require.NoError(t, err)
	require.True(t, m.GetReady())
	received := make(chan struct{})
	go func() {
		defer close(received)
		for {
			m, err := control.Receive()
			if err != nil {
				return
			}
			for _, c := range m.GetReport().GetCoordinators() { // what comes close together comes in one report
				r.reports <- &rpc.Report{Coordinators: []*rpc.CoordinatorStatus{c}}
			}
			for _, c := range m.GetReport().GetCheckpoints() {
				r.reports <- &rpc.Report{Checkpoints: []*rpc.CheckpointReport{c}}
			}
			if tasks := m.GetReport().GetTasks(); len(tasks) > 0 {
				r.reports <- &rpc.Report{Tasks: tasks}
			}
		}
	}()
	t.Cleanup(func() {
		control.Close()
		require.NoError(t, <-r.done)
		<-received
	})
	return r
}

func fence(sequence uint64) *rpc.Fence { return &rpc.Fence{Generation: 1, Term: 1, Sequence: sequence} }

// appoint tells the worker who hosts.
func (r *rig) appoint(t *testing.T, tm uint32, sequence uint64, address string) {
	require.NoError(t, r.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{
		Locations: []*rpc.Location{{TaskManager: tm, Address: address}},
		Deploy:    []*rpc.Deployment{{Coordinator: &rpc.Coordinator{TaskManager: tm, Epoch: fence(sequence)}}}}}}))
}

func attempt(subtask, number int32) *rpc.Attempt {
	return &rpc.Attempt{Job: "job", Subtask: subtask, Generation: 1, Number: number}
}

// asking is an attempt that was deployed in the present epoch.
func (r *rig) asking(subtask, number int32) *running {
	epoch, _, _ := r.coords.where()
	return &running{w: r.worker, attempt: attempt(subtask, number), epoch: epoch}
}

func (r *rig) status(t *testing.T) *rpc.CoordinatorStatus {
	for report := range r.reports {
		if len(report.Coordinators) > 0 {
			return report.Coordinators[0]
		}
	}
	return nil
}

func TestCoordinatorsOfAnotherWorker(t *testing.T) {
	c := newCoordinator()
	host, guest := start(t, asking{source: c}, 1), start(t, asking{source: newCoordinator()}, 2)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- host.exchange.Serve(listener) }()
	defer func() { listener.Close(); require.NoError(t, <-served) }()

	// The guest is told first: its request waits until the host has been appointed.
	guest.appoint(t, 1, 5, listener.Addr().String())
	answers := make(chan []byte, 1)
	for epoch, _, _ := guest.coords.where(); epoch == nil; epoch, _, _ = guest.coords.where() {
		require.NoError(t, guest.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_MemoryLimit{}})) // it has obeyed what came before
	}
	go func() {
		a, err := guest.ask(t.Context(), 1, guest.asking(1, 0), []byte("split"))
		require.NoError(t, err)
		answers <- a
	}()
	host.appoint(t, 1, 5, "")
	require.Equal(t, []byte{1}, <-answers)
	require.Equal(t, "split", <-c.asked)
	require.Empty(t, host.status(t).Cause)
	for request, want := range map[string]string{"fail": "refused", "panic": "panic: broken"} {
		_, err = guest.ask(t.Context(), 1, guest.asking(1, 0), []byte(request))
		require.ErrorContains(t, err, want)
	}
	_, err = guest.ask(t.Context(), 3, guest.asking(1, 0), nil)
	require.ErrorContains(t, err, "operator 3 has no coordinator")

	// An older attempt is not answered; a newer one ends the epoch.
	_, err = guest.ask(t.Context(), 1, guest.asking(1, -1), nil)
	require.ErrorContains(t, err, "given up")
	_, err = guest.ask(t.Context(), 1, guest.asking(1, 1), nil)
	require.ErrorIs(t, err, errEpochOver)
	require.Contains(t, host.status(t).Cause, "sub-task 1 of Source was restarted")
	host.appoint(t, 1, 6, "")
	require.EqualValues(t, 6, host.status(t).Epoch.Sequence)
	_, err = guest.ask(t.Context(), 1, guest.asking(1, 1), nil)
	require.ErrorContains(t, err, "epoch 1.1.5 is over")
	require.EqualValues(t, -1, guest.lost(err).Vertex)
	_, err = host.ask(t.Context(), 1, &running{attempt: attempt(1, 1), epoch: fence(5)}, nil)
	require.ErrorIs(t, err, errEpochOver, "an attempt asks only those that it was deployed with")
}

func TestCoordinatorTakesBack(t *testing.T) {
	c := forgiving{newCoordinator()}
	r := start(t, asking{source: c}, 1)
	r.appoint(t, 1, 1, "")
	require.Empty(t, r.status(t).Cause)
	for n := range int32(2) {
		_, err := r.ask(t.Context(), 1, r.asking(0, n), []byte("split"))
		require.NoError(t, err)
	}
	require.Equal(t, 0, <-c.reset)
	require.Empty(t, c.reset)
}

// resuming is a coordinator that takes note of what was taken before.
type resuming struct {
	forgiving
	resumed chan []uint64
}

func (r resuming) Taken(_, answer []byte) []uint64 { return []uint64{uint64(answer[0]) + 7} }
func (r resuming) Resume(_ int, ids []uint64)      { r.resumed <- ids }

func TestNewEpochKnowsWhatFinishedSubtasksHaveTaken(t *testing.T) {
	c := resuming{forgiving{newCoordinator()}, make(chan []uint64, 1)}
	r := start(t, asking{source: c}, 1)
	r.appoint(t, 1, 1, "")
	require.Empty(t, r.status(t).Cause)
	first := &running{w: r.worker, attempt: attempt(1, 0)}
	_, err := r.asker(first, r.job.Node(1))(t.Context(), []byte("split"))
	require.NoError(t, err)
	result, err := first.result()
	require.NoError(t, err)

	require.NoError(t, r.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{Deploy: []*rpc.Deployment{{Coordinator: &rpc.Coordinator{
		TaskManager: 1, Epoch: fence(2), Taken: []*rpc.Result{{Vertex: 0, Subtask: 1, Value: result}}}}}}}}))
	require.EqualValues(t, 2, r.status(t).Epoch.Sequence)
	require.Equal(t, []uint64{8}, <-c.resumed)
	for n := int32(1); n < 3; n++ {
		_, err = r.ask(t.Context(), 1, r.asking(1, n), []byte("split"))
		require.NoError(t, err)
		require.Equal(t, 1, <-c.reset, "the sub-task runs again")
	}
}

func TestCommitVertex(t *testing.T) {
	c := newCoordinator()
	r := start(t, asking{sink: c}, 1)
	run := &running{w: r.worker, attempt: attempt(1, 0)}
	ask := r.asker(run, r.job.Node(2))
	r.bounded = false
	_, err := ask(t.Context(), []byte{operator.CommitAtEnd, 's'})
	require.NoError(t, err)
	require.Equal(t, "\x01s", <-c.asked, "what does not end has no commit vertex")
	r.bounded = true
	_, err = ask(t.Context(), []byte{operator.CommitAtEnd, 'a'})
	require.NoError(t, err)
	_, err = ask(t.Context(), []byte{operator.CommitNow, 'b'})
	require.NoError(t, err)
	require.Equal(t, "\x01b", <-c.asked, "parts are committed at once")
	result, err := run.result()
	require.NoError(t, err)
	var prepared rpc.Prepared
	require.NoError(t, proto.Unmarshal(result, &prepared))
	require.Len(t, prepared.Operators, 1)
	order := func(number, attempts int32, abort bool) {
		d := &rpc.Deployment{Vertex: 2, Tasks: []*rpc.Assignment{{Attempt: number}}, Inputs: []int32{0}, Abort: abort,
			Results: []*rpc.Result{{Vertex: 1, Subtask: 1, Value: result}}}
		require.NoError(t, r.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{Deploy: []*rpc.Deployment{d},
			Peers: []*rpc.Peers{{Vertex: 1, Attempts: []int32{0, attempts}}}}}}))
		require.Equal(t, "\x00a", <-c.asked)
	}
	ended := func() {
		for {
			for _, x := range (<-r.reports).Tasks {
				if x.State == rpc.TaskState_FINISHED {
					return
				}
				require.Less(t, x.State, rpc.TaskState_FINISHED, x.Cause)
			}
		}
	}
	order(0, 0, false)
	<-c.finished
	ended()
	require.Empty(t, c.cleaned)
	order(1, 3, false)
	<-c.finished
	ended()
	require.Equal(t, "job", <-c.cleaned, "there were other attempts")
	order(2, 0, true)
	ended()
	require.Equal(t, "job", <-c.cleaned)
	require.Empty(t, c.finished)
}

func TestAnotherGraphIsRefused(t *testing.T) {
	link, control := NewMemoryLink()
	done := make(chan error, 1)
	go func() {
		done <- Serve(context.Background(), link, func(*rpc.Start) (*Job, error) {
			return &Job{Graph: asking{}.graph(), Options: Options{Logger: slog.Default()}}, nil
		})
	}()
	require.NoError(t, control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Start{Start: &rpc.Start{Version: rpc.Version,
		Submission: &rpc.Submission{Graph: []byte("{}"), Fingerprint: "other"}}}}))
	m, err := control.Receive()
	require.NoError(t, err)
	require.Contains(t, m.GetFailed(), "must build the same")
	require.Error(t, <-done)
}

// gathering keeps what is sent.
type gathering struct{ elements []shuffle.Element }

func (g *gathering) Send(e shuffle.Element) { g.elements = append(g.elements, e) }
func (g *gathering) Room(func()) bool       { return true }

func TestJunction(t *testing.T) {
	table := junctions{all: map[wire.Channel]*junction{}}
	id := wire.Channel{Edge: 3}
	producer := table.at(id)
	woken := 0
	require.False(t, producer.Room(func() { woken++ }))
	producer.Send(shuffle.Element{Kind: shuffle.Watermark, Time: 1})
	to := &gathering{}
	table.at(id).connect(to)
	require.Equal(t, 1, woken)
	require.True(t, producer.Room(nil))
	producer.Send(shuffle.Element{Kind: shuffle.End})
	require.Equal(t, []shuffle.Element{{Kind: shuffle.Watermark, Time: 1}, {Kind: shuffle.End}}, to.elements)
	require.Empty(t, table.all)
}

func TestPartners(t *testing.T) {
	for _, x := range []struct {
		strategy                      shuffle.Strategy
		subtask, producers, consumers int
		from, to                      int
	}{
		{shuffle.Forward, 2, 3, 3, 2, 3}, {shuffle.Hash, 1, 2, 5, 0, 5}, {shuffle.Global, 1, 2, 5, 0, 1},
		{shuffle.Rescale, 3, 4, 2, 1, 2}, {shuffle.Rescale, 0, 2, 4, 0, 2}, {shuffle.Rescale, 1, 2, 5, 3, 5},
	} {
		from, to := partners(x.strategy, x.subtask, x.producers, x.consumers)
		require.Equal(t, [2]int{x.from, x.to}, [2]int{from, to}, "%v", x)
	}
}

// Every sub-partition that a producer writes is read by exactly one of its consumers, and by all of them when it is broadcast.
func TestSharesOfBlockingOutputs(t *testing.T) {
	for _, strategy := range []shuffle.Strategy{shuffle.Forward, shuffle.Rescale, shuffle.Hash, shuffle.Global, shuffle.Broadcast} {
		for _, size := range [][2]int{{1, 1}, {2, 5}, {3, 4}, {5, 2}, {4, 4}} {
			producers, consumers := size[0], size[1]
			if strategy == shuffle.Forward && producers != consumers {
				continue
			}
			v := &graph.Vertex{Parallelism: consumers, MaxParallelism: 128}
			e := graph.Edge{Strategy: strategy}
			pieces := subpartitions(e, producers, v)
			for p := range producers {
				read := make([]int, pieces)
				lo, hi := partners(strategy, p, producers, consumers)
				if strategy == shuffle.Global {
					hi = consumers
				}
				for c := lo; c < hi; c++ {
					from, to := shuffle.KeyGroups(c, 128, consumers)
					x := wiring{v: v, r: &running{attempt: attempt(int32(c), 0)}, deployment: &rpc.Deployment{Parallelism: int32(consumers)},
						assignment: &rpc.Assignment{From: int32(from), To: int32(to)}}
					for from, to := x.share(e, producers); from < to; from++ {
						read[from]++
					}
				}
				want := 1
				if strategy == shuffle.Broadcast {
					want = consumers
				}
				for i, n := range read {
					require.Equal(t, want, n, "%s %v: piece %d of producer %d", strategy, size, i, p)
				}
			}
		}
	}
}

// What each producer has written of a sub-partition that several sub-tasks share is read by one of them, but where all read
// everything.
func TestPiecesOfBlockingOutputs(t *testing.T) {
	for _, strategy := range []shuffle.Strategy{shuffle.Rebalance, shuffle.Shuffle, shuffle.Broadcast} {
		for _, size := range [][2]int{{1, 1}, {5, 2}, {4, 4}, {7, 3}} {
			producers, pieces := size[0], size[1]
			read := make([]int, producers)
			for k := range pieces {
				x := wiring{assignment: &rpc.Assignment{From: 3, To: 4, Piece: int32(k), Pieces: int32(pieces)}}
				from, to := x.piece(graph.Edge{Strategy: strategy}, producers)
				require.Less(t, from, to)
				for ; from < to; from++ {
					read[from]++
				}
			}
			want := 1
			if strategy == shuffle.Broadcast {
				want = pieces
			}
			for p, n := range read {
				require.Equal(t, want, n, "%s %v: producer %d", strategy, size, p)
			}
		}
	}
}

// chosen is a partitioner that sends row i to channel i.
type chosen struct{}

func (chosen) Select(_ *column.Batch, out []uint32, n int) error {
	for i := range out {
		out[i] = uint32(i % n)
	}
	return nil
}

// Where a side of a join is read whole, each producer of the other one writes to one sub-partition, which one task reads.
func TestBroadcastOutputs(t *testing.T) {
	job := &graph.JobGraph{Vertices: []graph.Vertex{{}, {MaxParallelism: 128}}}
	for _, producers := range []int{1, 3, 128, 500} {
		used := map[uint32]int{}
		for p := range producers {
			x := wiring{w: &worker{job: job}, r: &running{attempt: &rpc.Attempt{Subtask: int32(p)}}, deployment: &rpc.Deployment{Parallelism: int32(producers), Broadcast: []int32{1}}}
			out := make([]uint32, 5)
			require.NoError(t, x.stagePartitioner(graph.Edge{Strategy: shuffle.Hash}, 1, 128).Select(nil, out, 128))
			for _, c := range out {
				require.Equal(t, out[0], c)
			}
			require.Less(t, out[0], uint32(128))
			used[out[0]]++
		}
		require.Len(t, used, min(producers, 128))
	}
	x := wiring{v: &job.Vertices[1], r: &running{attempt: &rpc.Attempt{}}, deployment: &rpc.Deployment{Vertex: 1, Parallelism: 3, Broadcast: []int32{1}},
		assignment: &rpc.Assignment{From: 3, To: 7}}
	from, to := x.share(graph.Edge{Strategy: shuffle.Hash, Replicable: true}, 2)
	require.Equal(t, [2]int{0, 128}, [2]int{from, to})
	from, to = x.share(graph.Edge{Strategy: shuffle.Hash}, 2)
	require.Equal(t, [2]int{3, 7}, [2]int{from, to})
}

func TestScaledKeepsSubtasks(t *testing.T) {
	for _, n := range []int{1, 3, 7, 100} {
		out := make([]uint32, n)
		require.NoError(t, scaled{chosen{}, n}.Select(nil, out, 128))
		for c, piece := range out {
			from, to := shuffle.KeyGroups(c, 128, n)
			require.True(t, int(piece) >= from && int(piece) < to, "sub-task %d of %d reads [%d, %d), not %d", c, n, from, to, piece)
		}
	}
}
