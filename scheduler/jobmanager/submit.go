package jobmanager

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"google.golang.org/protobuf/proto"
)

// NewJob is a job that is to be entered.
type NewJob struct {
	// ID is 32 hexadecimal digits; empty makes one.
	ID job.ID
	// Application and Execute number the call of Execute; without an Application the job stands alone.
	Application string
	Execute     int
	// Program is the digest of the binary, which must be in the blob store.
	Program job.Digest
	// Submission is an encoded rpc.Submission.
	Submission []byte
}

// Submit enters a job and returns its ID when it is in the log. An Execute that was submitted before is not entered again:
// its job's ID is returned. The error is ErrInvalid when the job cannot be run as it is.
func (m *JobManager) Submit(ctx context.Context, n NewJob) (job.ID, error) {
	if n.ID == "" {
		n.ID = NewID()
	} else if !IsID(string(n.ID)) {
		return "", fmt.Errorf("%w: job id %q: it takes 32 hexadecimal digits", ErrInvalid, n.ID)
	}
	command, err := m.prepare(ctx, n)
	if err != nil {
		return "", err
	}
	size, err := m.opt.Blobs.Size(ctx, string(n.Program))
	if errors.Is(err, blob.ErrNotFound) {
		return "", fmt.Errorf("%w: its program is not in the blob store: store it first", ErrInvalid)
	}
	if err != nil {
		return "", err
	}
	graph, _, err := m.opt.Blobs.Put(ctx, bytes.NewReader(n.Submission), "")
	if err != nil {
		return "", err
	}
	command.Graph = job.Digest(graph)
	id := n.ID
	err = m.call(ctx, func() error {
		if known, ok := m.executed(n); ok {
			id = known
			return nil
		}
		return m.command(ctx, &job.ProgramAdded{Digest: n.Program, Size: size}, command)
	})
	return id, err
}

// NewID makes the ID of a job or of an application.
func NewID() job.ID {
	var id [16]byte
	rand.Read(id[:])
	return job.ID(hex.EncodeToString(id[:]))
}

// IsID tells whether a text has the form of an ID.
func IsID(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == 16
}

func (m *JobManager) executed(n NewJob) (id job.ID, ok bool) {
	m.View(func(s *job.State) {
		if _, ok = s.Job(n.ID); ok {
			id = n.ID
		} else if n.Application != "" {
			id, ok = s.Executed(n.Application, n.Execute)
		}
	})
	return id, ok
}

// command proposes on behalf of a client, in Run's goroutine.
func (m *JobManager) command(ctx context.Context, commands ...job.Command) error {
	if m.leader == nil {
		return ErrNotLeader
	}
	if err := m.propose(ctx, m.leader, commands...); err != nil {
		return err
	}
	m.observe()
	return nil
}

// prepare checks a submission.
func (m *JobManager) prepare(ctx context.Context, n NewJob) (*job.JobSubmitted, error) {
	s, err := decodeSubmission(n.Submission)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := s.Graph.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	settings, err := settingsOf(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if c := &settings.Checkpoints; c.On {
		if c.Directory, err = m.directory(c.Directory, n.ID); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	restored, err := m.begins(ctx, n.ID, s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	plan, err := job.PlanOf(s.Graph, settings.Streaming)
	if committing := sinks(s.Graph); err == nil && (s.Graph.Bounded() || settings.Checkpoints.On) && len(committing) > 0 {
		err = plan.AddCommit(committing...)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return &job.JobSubmitted{Job: n.ID, Name: s.Graph.Name, Application: n.Application, Execute: n.Execute, Program: n.Program,
		Settings: settings, Plan: plan, Restore: restored}, nil
}

// sinks are the vertices whose chains hold a sink that may commit.
func sinks(g *graph.JobGraph) []int {
	var all []int
	for i := range g.Vertices {
		for _, n := range g.Vertices[i].Nodes {
			if x := g.Node(n); x.Kind == graph.Sink && !x.Collects {
				all = append(all, i)
				break
			}
		}
	}
	return all
}

func decodeSubmission(encoded []byte) (*Submitted, error) {
	s := &Submitted{Submission: &rpc.Submission{}, Graph: &graph.JobGraph{}, encoded: encoded}
	if err := proto.Unmarshal(encoded, s.Submission); err != nil {
		return nil, fmt.Errorf("decoding the submission: %w", err)
	}
	if err := json.Unmarshal(s.GetGraph(), s.Graph); err != nil {
		return nil, fmt.Errorf("decoding the job graph: %w", err)
	}
	return s, wellFormed(s.Graph)
}

// wellFormed refuses a graph whose parts do not fit together, before anybody follows its references.
func wellFormed(g *graph.JobGraph) error {
	if g.Version != graph.Version {
		return fmt.Errorf("the job graph has version %d, this JobManager knows %d: run client and cluster with the same release", g.Version, graph.Version)
	}
	placed := map[int]bool{}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if len(v.Nodes) == 0 {
			return fmt.Errorf("vertex %d of the job graph has no operator", i)
		}
		for _, e := range v.Edges {
			if !placed[e.From] {
				return fmt.Errorf("vertex %d of the job graph reads operator %d, which does not come before it", i, e.From)
			}
		}
		for _, n := range v.Nodes {
			if g.Node(n) == nil || placed[n] {
				return fmt.Errorf("vertex %d of the job graph has operator %d, which does not exist or stands elsewhere too", i, n)
			}
			placed[n] = true
		}
	}
	return nil
}

// Cancel asks for the end of a job. Cancelling a job that is over does nothing.
func (m *JobManager) Cancel(ctx context.Context, id job.ID) error {
	return m.call(ctx, func() error {
		known := false
		m.View(func(s *job.State) { _, known = s.Job(id) })
		if m.leader == nil {
			return ErrNotLeader
		}
		if !known {
			return fmt.Errorf("job %s: %w", id, ErrNotFound)
		}
		return m.command(ctx, &job.JobCancelled{Job: id})
	})
}

// ConfigurationOf reads the configuration that a job was submitted with.
func ConfigurationOf(s *Submitted) (*config.Configuration, error) {
	conf := config.New()
	for _, key := range sortedKeys(s.GetConfiguration()) {
		if err := conf.SetFrom("the job's configuration", key, s.GetConfiguration()[key]); err != nil {
			return nil, err
		}
	}
	return conf, nil
}
