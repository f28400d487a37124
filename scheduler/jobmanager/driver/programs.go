package driver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest"
)

// Programs implements rest.Drivers: uploaded programs become applications of a JobManager whose drivers Launcher runs.
type Programs struct {
	*Launcher
	JobManager *jobmanager.JobManager
}

var _ rest.Drivers = (*Programs)(nil)

// Submit enters an executable as an application, unless it is known. The id is 32 hexadecimal digits, name is for people.
func (p *Programs) Submit(ctx context.Context, id, name string, d rest.Driver) error {
	f, err := os.Open(d.Path)
	if err != nil {
		return err
	}
	digest, _, err := p.opt.Blobs.Put(ctx, f, "")
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("storing the program: %w", err)
	}
	return p.Enter(ctx, id, name, digest, d)
}

// Enter is Submit of a program that is in the blob store.
func (p *Programs) Enter(ctx context.Context, id, name, digest string, d rest.Driver) error {
	return p.JobManager.SubmitApplication(ctx, jobmanager.Driver{Application: id, Name: name, Program: job.Digest(digest),
		Args: d.Args, Configuration: d.Configuration})
}

// Run implements rest.Drivers.
func (p *Programs) Run(ctx context.Context, d rest.Driver) (jobID string, err error) {
	id := string(jobmanager.NewID())
	name := filepath.Base(d.Path)
	if _, uploaded, ok := strings.Cut(name, "_"); ok {
		name = uploaded
	}
	if err := p.Submit(ctx, id, name, d); err != nil {
		return "", err
	}
	why := "the program ended without a job"
	err = p.JobManager.AwaitApplication(ctx, id, func(a *job.Application, first job.ID) bool {
		jobID, why = string(first), cmp.Or(a.Error, why)
		return first != "" || a.State.Terminal()
	})
	if err == nil && jobID == "" {
		err = fmt.Errorf("%w: %s", jobmanager.ErrInvalid, why)
	}
	return jobID, err
}

// Plan implements rest.Drivers.
func (p *Programs) Plan(ctx context.Context, d rest.Driver) (json.RawMessage, error) {
	return p.Launcher.Plan(ctx, d.Path, jobmanager.Driver{Args: d.Args, Configuration: d.Configuration})
}
