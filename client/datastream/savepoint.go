package datastream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// runningJob is the job that Execute runs in this process.
type runningJob struct {
	id    string
	local *scheduler.Local
}

// Savepoint takes a savepoint of the job that Execute runs in this process, on another goroutine, below a folder, or below
// execution.checkpointing.savepoint-dir if that is empty. It returns the savepoint's path. The job goes on. Jobs of a cluster are asked by
// leat savepoint or client/rest.
func (e *Environment) Savepoint(ctx context.Context, folder string) (string, error) {
	return e.savepoint(ctx, folder, scheduler.Savepoint{})
}

// StopWithSavepoint is Savepoint, and with it the job ends: sources emit nothing more, what came before is committed, and Execute
// returns without an error. With drain event time goes to its end first, so that windows and timers fire; a job that is to be continued
// is not drained.
func (e *Environment) StopWithSavepoint(ctx context.Context, folder string, drain bool) (string, error) {
	return e.savepoint(ctx, folder, scheduler.Savepoint{Stop: true, Drain: drain})
}

func (e *Environment) savepoint(ctx context.Context, folder string, s scheduler.Savepoint) (string, error) {
	job := e.running.Load()
	if job == nil || !e.executing.Load() {
		return "", errors.New("no job of this environment runs in this process")
	}
	if folder == "" {
		folder = config.Get(e.conf, config.SavepointDir)
	}
	if folder == "" {
		return "", fmt.Errorf("a savepoint needs a folder: give it one, or set %s", config.SavepointDir.Key)
	}
	var unique [6]byte
	rand.Read(unique[:])
	name := checkpoint.SavepointName(job.id, hex.EncodeToString(unique[:]))
	fs, within, err := filesystem.For(ctx, folder)
	if err != nil {
		return "", err
	}
	s.FS, s.Dir = fs, path.Join(within, name)
	if err := job.local.Savepoint(ctx, s); err != nil {
		return "", err
	}
	return strings.TrimRight(folder, "/") + "/" + name, nil
}
