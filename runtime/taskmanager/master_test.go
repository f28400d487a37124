package taskmanager

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/rpc"
)

const (
	masterVariable = "TEST_MASTERS"
	job            = "0123456789abcdef0123456789abcdef"
	patience       = 2 * time.Minute
)

func options(dir, resource, masters string) Options {
	return Options{Resource: resource, Masters: []string{masters}, Slots: 2, Dir: dir, Secret: []byte("secret"), Launcher: Processes{}, MetricsPeriod: 50 * time.Millisecond,
		Dial: []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}}
}

// cluster is what the members of a JobManager have in common: what they were told.
type cluster struct {
	checkpointed bool // the jobs
	t            *testing.T
	blobs        map[string][]byte

	mu        sync.Mutex
	changed   chan struct{}
	numbers   map[string]uint32
	asked     []*member // in the order in which TaskManagers have connected
	registers []*rpc.Register
	addresses map[uint32]string
	tasks     map[taskKey]*rpc.TaskReport
	at        map[taskKey]uint32         // who reported it
	sizes     map[uint32]*rpc.SizeReport // of vertex 0, by TaskManager
	lost      []*rpc.HeldOutputs
	hosts     []*rpc.CoordinatorStatus
	epoch     *rpc.Fence // of the coordinators, if it is not the next
	counted   map[taskKey]int64
	pids      map[uint32]int // of workers, by TaskManager
	replies   map[uint64]*rpc.LogReply
	reports   int
	held      int // reports that name jobs
	sequence  uint64
	requests  uint64
}

func newCluster(t *testing.T) *cluster {
	return &cluster{t: t, blobs: map[string][]byte{}, changed: make(chan struct{}), numbers: map[string]uint32{}, addresses: map[uint32]string{},
		tasks: map[taskKey]*rpc.TaskReport{}, at: map[taskKey]uint32{}, counted: map[taskKey]int64{}, pids: map[uint32]int{}, sizes: map[uint32]*rpc.SizeReport{}, replies: map[uint64]*rpc.LogReply{}}
}

// update changes what is known and wakes who waits.
func (c *cluster) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// await waits until ok holds.
func (c *cluster) await(what string, ok func() bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c.mu.Lock()
		done, changed := ok(), c.changed
		var states []string
		for k, x := range c.tasks {
			states = append(states, fmt.Sprintf("%d/%d#%d at %d: %v %s", k.vertex, k.subtask, x.Attempt.Number, c.at[k], x.State, x.Cause))
		}
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			slices.Sort(states)
			require.Fail(c.t, "waited in vain for "+what, "%v", states)
		}
	}
}

// all tells whether all of n sub-tasks are in a state.
func (c *cluster) all(n int, state rpc.TaskState) func() bool {
	return func() bool {
		k := 0
		for _, x := range c.tasks {
			if x.State == state {
				k++
			}
		}
		return k == n
	}
}

func (c *cluster) state(vertex, subtask int32) *rpc.TaskReport {
	return c.tasks[taskKey{job, vertex, subtask}]
}

// member is one JobManager, which leads.
type member struct {
	rpc.UnimplementedJobManagerServer
	c                *cluster
	address          string
	server           *grpc.Server
	generation, term uint64
	redirect         string
	lease            time.Duration
	silent           bool // owned by c: it takes connections and answers nothing

	mu      sync.Mutex
	streams map[uint32]grpc.BidiStreamingServer[rpc.Up, rpc.Down]
}

func (c *cluster) lead(generation, term uint64) *member {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(c.t, err)
	m := &member{c: c, address: listener.Addr().String(), server: grpc.NewServer(), generation: generation, term: term, lease: time.Minute,
		streams: map[uint32]grpc.BidiStreamingServer[rpc.Up, rpc.Down]{}}
	rpc.RegisterJobManagerServer(m.server, m)
	done := make(chan struct{})
	go func() { defer close(done); _ = m.server.Serve(listener) }()
	c.t.Cleanup(func() { m.server.Stop(); <-done })
	return m
}

func (m *member) Connect(stream grpc.BidiStreamingServer[rpc.Up, rpc.Down]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	r, c := first.GetRegister(), m.c
	silent := false
	c.update(func() { c.asked, silent = append(c.asked, m), m.silent })
	if silent {
		<-stream.Context().Done()
		return nil
	}
	if m.redirect != "" {
		return stream.Send(&rpc.Down{Message: &rpc.Down_Redirect{Redirect: &rpc.Redirect{Leader: m.redirect}}})
	}
	var n uint32
	c.update(func() {
		c.registers = append(c.registers, r)
		if n = c.numbers[r.Resource]; n == 0 {
			n = uint32(len(c.numbers) + 1)
			c.numbers[r.Resource] = n
		}
		c.addresses[n] = r.Address
	})
	m.mu.Lock()
	m.streams[n] = stream
	m.mu.Unlock()
	if err := stream.Send(&rpc.Down{Message: &rpc.Down_Welcome{Welcome: &rpc.Welcome{Version: rpc.Version, Cluster: "test", Generation: m.generation,
		Term: m.term, Leader: m.address, Number: n, HeartbeatMillis: 100, LeaseMillis: m.lease.Milliseconds()}}}); err != nil {
		return err
	}
	for {
		up, err := stream.Recv()
		if err != nil {
			return nil
		}
		c.update(func() { c.take(n, up) })
	}
}

func (c *cluster) take(n uint32, up *rpc.Up) {
	switch up := up.Message.(type) {
	case *rpc.Up_Report:
		c.reports++
		c.held += min(1, len(up.Report.Jobs))
		for _, x := range up.Report.Tasks {
			c.tasks[keyOf(x.Attempt)], c.at[keyOf(x.Attempt)] = x, n
		}
		c.lost = append(c.lost, up.Report.Lost...)
		for _, x := range up.Report.Sizes {
			if x.Vertex == 1 {
				c.sizes[n] = x
			}
		}
		c.hosts = append(c.hosts, up.Report.Coordinators...)
	case *rpc.Up_Metrics:
		for _, p := range up.Metrics.Processes {
			if p.Job != "" {
				c.pids[n] = int(p.Pid)
			}
		}
		for _, x := range up.Metrics.Tasks {
			for _, o := range x.Operators {
				if o.Name == "counted" {
					c.counted[keyOf(x.Attempt)] = o.Value
				}
			}
		}
	case *rpc.Up_Log:
		c.replies[up.Log.Request] = up.Log
	}
}

func (m *member) Fetch(r *rpc.FetchRequest, stream grpc.ServerStreamingServer[rpc.Chunk]) error {
	b, ok := m.c.blobs[r.Digest]
	if !ok {
		return status.Error(codes.NotFound, "no such blob")
	}
	for b := range slices.Chunk(b[r.Offset:], 256<<10) {
		if err := stream.Send(&rpc.Chunk{Data: b}); err != nil {
			return err
		}
	}
	return nil
}

// order sends an order under the next sequence.
func (m *member) order(n uint32, o *rpc.Order) {
	m.c.mu.Lock()
	m.c.sequence++
	o.Fence = &rpc.Fence{Generation: m.generation, Term: m.term, Sequence: m.c.sequence}
	m.c.mu.Unlock()
	m.send(n, o)
}

func (m *member) send(n uint32, o *rpc.Order) {
	o.TaskManager = n
	m.mu.Lock()
	defer m.mu.Unlock()
	require.NoError(m.c.t, m.streams[n].Send(&rpc.Down{Message: &rpc.Down_Order{Order: o}}))
}

// readLog reads a log of the job to its present end.
func (m *member) readLog(n uint32, r *rpc.LogRequest) *rpc.LogReply {
	c := m.c
	c.mu.Lock()
	c.requests++
	r.Request = c.requests
	c.mu.Unlock()
	m.mu.Lock()
	require.NoError(c.t, m.streams[n].Send(&rpc.Down{Message: &rpc.Down_Log{Log: r}}))
	m.mu.Unlock()
	var reply *rpc.LogReply
	c.await("a piece of a log", func() bool { reply = c.replies[r.Request]; return reply != nil })
	return reply
}

// store adds a blob.
func (c *cluster) store(b []byte) string {
	sum := sha256.Sum256(b)
	digest := hex.EncodeToString(sum[:])
	c.blobs[digest] = b
	return digest
}

// submission is that of a job of the test program, whose first Execute is over.
func (c *cluster) submission(kind string) *rpc.Submission {
	g := (&wordCount{kind: kind}).graph()
	b, err := json.Marshal(g)
	require.NoError(c.t, err)
	return &rpc.Submission{Graph: b, Fingerprint: g.Fingerprint(), Args: []string{kind}, Earlier: []*rpc.Executed{{State: "FINISHED"}}}
}

// start deploys the word count: sub-task i of each vertex to the i-th TaskManager, under one attempt number.
func (m *member) start(kind string, attempt int32, tms ...uint32) {
	m.deploy(kind, -1, attempt, tms...)
}

// deploy deploys one vertex of the word count, or with -1 all.
func (m *member) deploy(kind string, vertex, attempt int32, tms ...uint32) {
	c := m.c
	b, err := proto.Marshal(c.submission(kind))
	require.NoError(c.t, err)
	self, err := os.Executable()
	require.NoError(c.t, err)
	binary, err := os.ReadFile(self)
	require.NoError(c.t, err)
	program, graph := c.store(binary), c.store(b)
	peers := func(v int32) *rpc.Peers {
		return &rpc.Peers{Vertex: v, TaskManagers: tms, Attempts: []int32{attempt, attempt}}
	}
	var locations []*rpc.Location
	c.mu.Lock()
	for n, a := range c.addresses {
		locations = append(locations, &rpc.Location{TaskManager: n, Address: a})
	}
	epoch := c.epoch
	if epoch == nil {
		epoch = &rpc.Fence{Generation: m.generation, Term: m.term, Sequence: c.sequence + 1}
	}
	c.mu.Unlock()
	for i, n := range tms {
		if slices.Contains(tms[:i], n) {
			continue
		}
		o := &rpc.Order{Peers: []*rpc.Peers{peers(0), peers(1)}, Locations: locations}
		for v := range int32(2) {
			if vertex >= 0 && v != vertex {
				continue
			}
			d := &rpc.Deployment{Job: job, Application: "app", Execute: 1, Program: program, Graph: graph, Vertex: v, Parallelism: 2,
				Coordinator: &rpc.Coordinator{TaskManager: tms[0], Epoch: epoch}}
			if c.checkpointed {
				d.Checkpointing = &rpc.Checkpointing{}
			}
			if v == 0 {
				d.Outputs = []int32{1}
			} else {
				d.Inputs = []int32{0}
			}
			for s, at := range tms {
				if at == n {
					d.Tasks = append(d.Tasks, &rpc.Assignment{Subtask: int32(s), Generation: m.generation, Attempt: attempt, Slot: int32(s), From: int32(64 * s), To: int32(64 * (s + 1))})
				}
			}
			o.Deploy = append(o.Deploy, d)
		}
		m.order(n, o)
	}
}

// manager runs a TaskManager in this process; its workers are processes unless opt changes that.
func (c *cluster) manager(resource, masters string, change func(*Options)) *TaskManager {
	opt := options(c.t.TempDir(), resource, masters)
	if change != nil {
		change(&opt)
	}
	t, err := New(opt)
	require.NoError(c.t, err)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- t.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel(errors.New("the test is over"))
		require.NoError(c.t, <-done)
	})
	return t
}

func (c *cluster) registered(n int) {
	c.t.Helper()
	c.await(fmt.Sprintf("%d TaskManagers", n), func() bool { return len(c.addresses) == n && c.reports >= n })
}

// printed is what the workers of the job have printed at all TaskManagers.
func (m *member) printed(tms ...uint32) string {
	var all bytes.Buffer
	for _, n := range tms {
		all.Write(m.readLog(n, &rpc.LogRequest{Job: job, Name: "stdout", Limit: 1 << 20}).Data)
	}
	return all.String()
}
