package datastream

import (
	"context"
	"time"

	"github.com/leatproject/leat/scheduler"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// HarnessSnapshots keeps the snapshots that harnesses take of a program, in memory. What was taken by one harness can be
// restored by another, with another parallelism too:
//
//	snapshots := datastream.NewHarnessSnapshots()
//	h := datastream.NewHarness().WithSnapshots(snapshots)
//	...
//	require.NoError(t, h.Snapshot())
//	in.PushAt(order, 2000) // is lost with the failure
//	h.Close()
//
//	h = datastream.NewHarness().WithSnapshots(snapshots) // begins with the last snapshot
//	...
//
// State goes by the uid of operators, or by their place in the program, so the same program is built for both. Harness inputs
// have no state: the test feeds again what came after the snapshot.
type HarnessSnapshots struct {
	store *checkpoint.Store
	taken []*checkpoint.Metadata
}

// NewHarnessSnapshots returns an empty one.
func NewHarnessSnapshots() *HarnessSnapshots {
	return &HarnessSnapshots{store: checkpoint.NewStore(memfs.New(time.Now), "/snapshots")}
}

// WithSnapshots prepares the harness for Snapshot, before Open, which restores the last snapshot if there is one. It is for
// STREAMING.
func (h *Harness) WithSnapshots(s *HarnessSnapshots) *Harness {
	h.snapshots = s
	return h
}

func (s *HarnessSnapshots) prepare(opt *scheduler.Options) {
	opt.Checkpointing = &scheduler.Checkpointing{Timeout: time.Hour, Retained: 1, Store: s.store}
	opt.Restored = s.taken
}

// Snapshot saves the state of all operators as a checkpoint does: only what has changed since the last snapshot of this
// harness, with which it makes a whole.
func (h *Harness) Snapshot() error {
	h.settle()
	if h.err != nil {
		return h.err
	}
	m, err := h.local.Checkpoint(context.Background())
	if err != nil {
		return err
	}
	h.snapshots.taken = []*checkpoint.Metadata{m}
	h.settle()
	return h.err
}
