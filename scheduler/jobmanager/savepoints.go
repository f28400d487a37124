package jobmanager

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// load reads the metadata of a checkpoint or savepoint anywhere.
func load(ctx context.Context, from string) (*checkpoint.Saved, error) {
	fs, within, err := filesystem.For(ctx, from)
	if err != nil {
		return nil, err
	}
	return checkpoint.Load(ctx, fs, within)
}

// Ask asks for a checkpoint or savepoint of a job. It is found by the request's name in Asked. To ask again with the same name does nothing.
// A savepoint goes below the request's directory, or below the one that is configured if that is empty.
func (m *JobManager) Ask(ctx context.Context, id job.ID, r checkpoints.Request) error {
	var graph job.Digest
	asked := false
	m.View(func(s *job.State) {
		if j, ok := s.Job(id); ok {
			graph = j.Graph
			_, asked = outcomeOf(j, r.Name)
		}
	})
	if graph == "" {
		return fmt.Errorf("job %s: %w", id, ErrNotFound)
	}
	if asked {
		return nil
	}
	if r.Kind == checkpoints.Savepoint {
		s, err := m.Submitted(ctx, graph)
		if err != nil {
			return err
		}
		if r.Directory, err = savepointDirectory(s, r); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		r.Directory += "/" + checkpoint.SavepointName(string(id), r.Name)
	}
	return m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		var err error
		m.View(func(s *job.State) { err = askable(s, id) })
		if err != nil {
			return err
		}
		return m.command(ctx, &job.CheckpointAsked{Job: id, Request: r})
	})
}

// askable tells why a job can take no checkpoint.
func askable(s *job.State, id job.ID) error {
	j, ok := s.Job(id)
	switch {
	case !ok:
		return fmt.Errorf("job %s: %w", id, ErrNotFound)
	case j.State != job.Running && j.State != job.Restarting && j.State != job.Created && j.State != job.Initializing:
		return fmt.Errorf("job %s: %w: it is %s", id, ErrRefused, j.State)
	case !j.Checkpointed():
		return fmt.Errorf("job %s: %w: it takes no checkpoints and has no place for savepoints: submit it with %s or %s", id, ErrRefused,
			config.CheckpointInterval.Key, config.SavepointDir.Key)
	}
	return nil
}

// savepointDirectory is the directory below which a savepoint goes.
func savepointDirectory(s *Submitted, r checkpoints.Request) (string, error) {
	directory := r.Directory
	if directory == "" {
		conf, err := ConfigurationOf(s)
		if err != nil {
			return "", err
		}
		directory = config.Get(conf, config.SavepointDir)
	}
	if directory == "" {
		return "", fmt.Errorf("a savepoint needs a target directory: name one, or set %s", config.SavepointDir.Key)
	}
	_, within, err := filesystem.Split(directory)
	if err != nil {
		return "", err
	}
	if !path.IsAbs(within) {
		return "", fmt.Errorf("the target directory %q means another place to each process: give an absolute path", directory)
	}
	return strings.TrimRight(directory, "/"), nil
}

// Asked is what has become of a request; done is false while it is not over.
func Asked(j *job.Job, name string) (o checkpoints.Outcome, done, known bool) {
	o, known = outcomeOf(j, name)
	return o, o.Name != "", known
}

// outcomeOf finds a request; its outcome has no name while there is none.
func outcomeOf(j *job.Job, name string) (o checkpoints.Outcome, known bool) {
	l := &j.Checkpoints
	if i := slices.IndexFunc(l.Outcomes, func(o checkpoints.Outcome) bool { return o.Name == name }); i >= 0 {
		return l.Outcomes[i], true
	}
	return o, l.Pending != nil && l.Pending.Name == name || slices.ContainsFunc(l.Requests, func(r checkpoints.Request) bool { return r.Name == name })
}

// Dispose removes a savepoint. One that a job has claimed is left to that.
func (m *JobManager) Dispose(ctx context.Context, from string) error {
	saved, err := load(ctx, from)
	if err != nil {
		return err
	}
	if !saved.Savepoint {
		return fmt.Errorf("%s is a checkpoint: its job removes it", from)
	}
	if err := saved.Unclaimed(ctx, ""); err != nil {
		return err
	}
	return saved.Remove(ctx)
}
