package jobmanager

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/compatibility"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// storage is what a leader does with the files of checkpoints: metadata is written when all have acknowledged, and what the log
// does not name any more is deleted by a leader that has just verified that it leads.
type storage struct {
	tidied  map[job.ID]int64 // up to which checkpoint
	tidying map[job.ID]bool
	sizes   map[job.ID]map[string]int64 // of the files of the newest checkpoint, by name
	ended   []job.ID                    // whose files are to go
}

// removeAgain is how long the removal of a job's checkpoints that has failed waits for the next try.
const removeAgain = time.Minute

func newStorage() storage {
	return storage{tidied: map[job.ID]int64{}, tidying: map[job.ID]bool{}, sizes: map[job.ID]map[string]int64{}}
}

// directory is where the checkpoints of a job go.
func (m *JobManager) directory(configured string, id job.ID) (string, error) {
	if configured == "" {
		configured = m.opt.CheckpointDir
	}
	if configured == "" {
		return "", fmt.Errorf("%s is set, and there is no place for checkpoints: set %s to a directory that the JobManager and all TaskManagers reach",
			config.CheckpointInterval.Key, config.CheckpointDir.Key)
	}
	if _, within, err := filesystem.Split(configured); err != nil {
		return "", fmt.Errorf("%s: %w", config.CheckpointDir.Key, err)
	} else if !path.IsAbs(within) {
		return "", fmt.Errorf("%s is %q, which means another place to each process: give an absolute path", config.CheckpointDir.Key, configured)
	}
	return strings.TrimRight(configured, "/") + "/" + string(id), nil
}

// begins reads what a job is to begin with, and refuses what its operators do not fit; its Path is empty for nothing.
func (m *JobManager) begins(ctx context.Context, id job.ID, s *Submitted) (r checkpoints.Restored, err error) {
	conf, err := ConfigurationOf(s)
	if err != nil {
		return r, err
	}
	r.Path = config.Get(conf, config.RestorePath)
	if r.Path == "" || config.Mode(s.Graph.Mode) != config.Streaming {
		return checkpoints.Restored{}, nil
	}
	fs, within, err := filesystem.For(ctx, r.Path)
	if err != nil {
		return r, fmt.Errorf("%s: %w", config.RestorePath.Key, err)
	}
	saved, err := checkpoint.Load(ctx, fs, within)
	if err != nil {
		return r, fmt.Errorf("%s: %w", config.RestorePath.Key, err)
	}
	if err := compatibility.Operators(s.Graph, r.Path, saved.Metadata, config.Get(conf, config.AllowNonRestoredState)).Err(); err != nil {
		return r, err
	}
	r.ID = int64(saved.CheckpointId)
	if saved.Savepoint {
		r.Kind = checkpoints.Savepoint
	}
	if r.Claimed = config.Get(conf, config.RestoreClaimMode) == "CLAIM"; r.Claimed {
		return r, saved.Claim(ctx, string(id))
	}
	return r, saved.Unclaimed(ctx, string(id))
}

// storeOf opens the store of a job's checkpoints.
func storeOf(ctx context.Context, directory string) (*checkpoint.Store, error) {
	fs, within, err := filesystem.For(ctx, directory)
	if err != nil {
		return nil, err
	}
	return checkpoint.NewStore(fs, within), nil
}

// keepCheckpoints writes the metadata of what all have acknowledged, and tidies up after what is complete.
func (m *JobManager) keepCheckpoints(ctx context.Context, l *leader) {
	m.View(func(s *job.State) {
		for _, a := range l.observations.Acknowledged(s) {
			j, _ := s.Job(a.Job)
			w := metadataWriter{Acknowledged: a, name: j.Name, graph: j.Graph, directory: j.Settings.Checkpoints.Directory, sizes: l.storage.sizes[a.Job]}
			if n := len(j.Checkpoints.Complete); n > 0 {
				w.newest = uint64(j.Checkpoints.Complete[n-1].ID)
			}
			m.help.Go(func() { m.writeMetadata(ctx, l, &w) })
		}
		for j := range s.Jobs {
			n := len(j.Checkpoints.Complete)
			if n == 0 || j.State.Terminal() || l.storage.tidying[j.ID] || l.storage.tidied[j.ID] == j.Checkpoints.Complete[n-1].ID {
				continue
			}
			l.storage.tidying[j.ID] = true
			l.storage.tidied[j.ID] = j.Checkpoints.Complete[n-1].ID
			id, directory, keep, claimed := j.ID, j.Settings.Checkpoints.Directory, ids(j.Checkpoints.Complete), ""
			if i := j.Checkpoints.Initial; i != nil && i.Claimed && n >= j.Settings.Checkpoints.Retained {
				claimed = i.Path
			}
			m.help.Go(func() {
				m.tidy(ctx, id, directory, keep, claimed)
				_ = m.post(ctx, func() { delete(l.storage.tidying, id); m.dirty = true })
			})
		}
		for _, id := range l.storage.ended {
			if j, ok := s.Job(id); ok && j.Settings.Checkpoints.Directory != "" && len(j.Checkpoints.Complete) == 0 {
				directory := j.Settings.Checkpoints.Directory
				m.help.Go(func() { m.removeCheckpoints(ctx, l, id, directory) })
			}
		}
		l.storage.ended = nil
	})
}

func ids(all []checkpoints.Record) (ids []uint64) {
	for _, r := range all {
		ids = append(ids, uint64(r.ID))
	}
	return ids
}

// metadataWriter makes a checkpoint of what the workers have written.
type metadataWriter struct {
	job.Acknowledged
	name      string
	graph     job.Digest
	directory string
	newest    uint64           // complete one, 0 for none
	sizes     map[string]int64 // of the files of that, if known
}

// writeMetadata makes a checkpoint exist, and tells the leader.
func (m *JobManager) writeMetadata(ctx context.Context, l *leader, w *metadataWriter) {
	record, err := m.commitMetadata(ctx, w)
	_ = m.post(ctx, func() {
		if m.leader != l {
			return // whoever leads now gives it up
		}
		l.storage.sizes[w.Job] = w.sizes
		if l.observations.Written(w.Job, record, err) { // otherwise it was given up, and is swept after the next one
			m.observe()
		}
	})
}

// commitMetadata writes the metadata. From then on the checkpoint exists; it counts when that is in the log.
func (m *JobManager) commitMetadata(ctx context.Context, w *metadataWriter) (checkpoints.Record, error) {
	p := w.Pending
	record := checkpoints.Record{ID: p.ID, Subtasks: w.Subtasks}
	x := &checkpoint.Metadata{JobId: string(w.Job), JobName: w.name, CheckpointId: uint64(p.ID), Triggered: p.Triggered,
		Completed: m.opt.Clock.Now().UnixMilli(), Savepoint: p.Kind == checkpoints.Savepoint}
	for _, part := range w.Parts {
		if err := x.Merge(part.Part); err != nil {
			return record, err
		}
		tasks, _ := part.Details.([]*rpc.TaskSnapshot)
		for _, t := range tasks {
			record.Processed += t.Processed
			record.Persisted += t.Persisted
		}
	}
	s, err := m.Submitted(ctx, w.graph)
	if err != nil {
		return record, err
	}
	store, err := storeOf(ctx, w.directory)
	if err != nil {
		return record, err
	}
	for _, f := range x.Files {
		record.Written += f.Size
	}
	if w.sizes == nil && w.newest > 0 {
		if before, err := store.Read(ctx, w.newest); err == nil { // sizes are only shown
			w.sizes = sizesOf(before)
		}
	}
	checkpoints.Complete(x, s.Graph, w.Finished, w.sizes)
	w.sizes = sizesOf(x)
	for _, n := range w.sizes {
		record.Size += n
	}
	record.Metadata = x.StoredSize()
	if p.Kind == checkpoints.Savepoint {
		record.Path = p.Directory
		fs, within, err := filesystem.For(ctx, p.Directory)
		if err != nil {
			return record, err
		}
		return record, checkpoint.WriteMetadata(ctx, fs, within, x)
	}
	record.Path = fmt.Sprintf("%s/%s", w.directory, path.Base(store.Dir(uint64(p.ID))))
	return record, store.Commit(ctx, x)
}

func sizesOf(m *checkpoint.Metadata) map[string]int64 {
	sizes := map[string]int64{}
	for _, f := range m.Files {
		sizes[path.Base(f.Path)] = f.Size
	}
	return sizes
}

// tidy removes checkpoints and state files that are older than the newest of those to keep, and that none of them needs.
func (m *JobManager) tidy(ctx context.Context, id job.ID, directory string, keep []uint64, claimed string) {
	err := m.log.Verify(ctx)
	if err == nil {
		err = tidyStore(ctx, directory, keep)
	}
	if err == nil && claimed != "" {
		err = removeClaimed(ctx, claimed)
	}
	if err != nil {
		m.opt.Logger.Warn("old checkpoints were left behind", "job", id, "error", err)
	}
}

func tidyStore(ctx context.Context, directory string, keep []uint64) error {
	store, err := storeOf(ctx, directory)
	if err != nil {
		return err
	}
	there, err := store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	newest := keep[len(keep)-1]
	for _, n := range there {
		if n < newest && !slices.Contains(keep, n) {
			if err := store.Discard(ctx, n); err != nil {
				return err
			}
		}
	}
	var kept []*checkpoint.Metadata
	for _, n := range keep {
		x, err := store.Read(ctx, n)
		if err != nil {
			return err // what it refers to is not known: nothing is removed
		}
		kept = append(kept, x)
	}
	_, err = store.Sweep(ctx, kept, newest)
	return err
}

// removeClaimed removes the savepoint that a job has begun with and owns, unless that was done.
func removeClaimed(ctx context.Context, directory string) error {
	fs, within, err := filesystem.For(ctx, directory)
	if err != nil {
		return err
	}
	s, err := checkpoint.Load(ctx, fs, within)
	if errors.Is(err, checkpoint.ErrNoCheckpoint) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Remove(ctx)
}

// removeCheckpoints removes all checkpoints of a job that has ended; if that fails, it is tried again.
func (m *JobManager) removeCheckpoints(ctx context.Context, l *leader, id job.ID, directory string) {
	err := m.log.Verify(ctx)
	if err == nil {
		var store *checkpoint.Store
		if store, err = storeOf(ctx, directory); err == nil {
			err = store.Remove(ctx)
		}
	}
	if err != nil {
		m.opt.Logger.Warn("the checkpoints of a job that has ended are left for now", "job", id, "directory", directory, "error", err)
		m.opt.Clock.AfterFunc(removeAgain, func() {
			_ = m.post(ctx, func() {
				if m.leader == l {
					l.storage.ended, m.dirty = append(l.storage.ended, id), true
				}
			})
		})
	}
}

// lookAfterHosts tells the observations who hosts the coordinators of jobs with checkpoints, and has jobs begin anew that have lost
// theirs.
func (m *JobManager) lookAfterHosts(ctx context.Context, l *leader) error {
	var lost []job.Command
	m.View(func(s *job.State) {
		for j := range s.Jobs {
			if !j.Checkpointed() || j.State != job.Running {
				continue
			}
			h, ok := l.hosts[j.ID]
			_, lives := s.TaskManager(h.number)
			ok = ok && lives && h.renewals == j.Renewals
			if ok {
				l.observations.Hosted(s, j.ID, h.number, m.Now())
				continue
			}
			l.observations.Hosted(s, j.ID, 0, m.Now())
			if j.AllRunning() && !l.mayBeHosted(s, j.ID) {
				cause := "the TaskManager that hosted the coordinators of the job is lost"
				if why := l.ended[j.ID]; why != "" {
					cause = "the coordinators of the job have ended: " + why
				}
				lost = append(lost, &job.JobTroubled{Job: j.ID, Cause: job.Cause{Time: m.Now(), Vertex: -1, Message: cause}})
			}
		}
	})
	clear(l.ended)
	if len(lost) == 0 {
		return nil
	}
	return m.propose(ctx, l, lost...)
}
