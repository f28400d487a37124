package jobmanagertest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/shuffle"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
)

// Cluster is a JobManager that runs.
type Cluster struct {
	*jobmanager.JobManager
	t        testing.TB
	listener *bufconn.Listener
	end      func()
}

// Start starts a JobManager and waits until it leads. Its options have the memory log and a blob store unless change sets
// others. It ends with the test.
func Start(t testing.TB, change func(*jobmanager.Options)) *Cluster {
	t.Helper()
	blobs, err := blob.Open(t.Context(), filepath.Join(t.TempDir(), "blobs"), 1<<20)
	require.NoError(t, err)
	opt := jobmanager.Options{Cluster: "test", Member: jobmanager.Member{Control: "jobmanager:6123", REST: "http://jobmanager:8081"},
		Blobs: blobs, OpenLog: func(m log.Machine) (log.Log, error) { return log.NewMemory(m), nil }}
	if change != nil {
		change(&opt)
	}
	m, err := jobmanager.New(opt)
	require.NoError(t, err)
	c := &Cluster{JobManager: m, t: t, listener: bufconn.Listen(1 << 20)}
	server := grpc.NewServer()
	rpc.RegisterJobManagerServer(server, m)
	served, ran := make(chan error, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { served <- server.Serve(c.listener) }()
	go func() { ran <- m.Run(ctx) }()
	ended := false
	c.end = func() {
		if ended {
			return
		}
		ended = true
		stop()
		require.NoError(t, <-ran)
		server.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) { // stopped before it began to serve
			require.NoError(t, err)
		}
		require.NoError(t, m.Close())
	}
	t.Cleanup(c.end)
	require.NoError(t, m.Lead(t.Context()))
	return c
}

// End ends the JobManager before the test does.
func (c *Cluster) End() { c.end() }

// Dial connects to the control protocol.
func (c *Cluster) Dial() *grpc.ClientConn {
	connection, err := grpc.NewClient("passthrough:///jobmanager", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.listener.DialContext(ctx) }))
	require.NoError(c.t, err)
	return connection
}

// JobID is the ID of SubmitJob's job.
const JobID = job.ID("0123456789abcdef0123456789abcdef")

// Program is the content of SubmitJob's program.
const Program = "a program"

// Submission is a word count with parallelism 2: a source with a tokenizer, an aggregation with a sink.
func Submission(t testing.TB, mode string, configuration map[string]string) []byte {
	t.Helper()
	g := &graph.StreamGraph{Version: graph.Version, Name: "Word Count", Mode: mode, MaxParallelism: 128, Nodes: []graph.Node{
		{ID: 1, Kind: graph.Source, Name: "Source: lines", Parallelism: 2, Chaining: graph.ChainAlways},
		{ID: 2, Kind: graph.Operator, Name: "tokenizer", Parallelism: 2, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 1, Strategy: shuffle.Forward}}},
		{ID: 3, Kind: graph.Operator, Name: "counts", Parallelism: 2, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 2, Strategy: shuffle.Hash}}},
		{ID: 4, Kind: graph.Sink, Name: "Sink: Print to Std. Out", Parallelism: 2, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 3, Strategy: shuffle.Forward}}},
	}}
	encoded, err := json.Marshal(graph.Chain(g, true))
	require.NoError(t, err)
	submission, err := proto.Marshal(&rpc.Submission{Graph: encoded, Fingerprint: g.Fingerprint(), Args: []string{"--input", "text"}, Configuration: configuration})
	require.NoError(t, err)
	return submission
}

// SubmitJob submits the job of Submission.
func (c *Cluster) SubmitJob(mode string, configuration map[string]string) job.ID {
	c.t.Helper()
	digest, _, err := c.Blobs().Put(c.t.Context(), strings.NewReader(Program), "")
	require.NoError(c.t, err)
	id, err := c.Submit(c.t.Context(), jobmanager.NewJob{ID: JobID, Application: string(JobID), Program: job.Digest(digest),
		Submission: Submission(c.t, mode, configuration)})
	require.NoError(c.t, err)
	return id
}
