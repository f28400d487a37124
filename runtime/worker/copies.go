package worker

import (
	"context"
	"path"

	"github.com/leatproject/leat/storage/checkpoint"
)

// copiesOf are the copies of state files in the folders that the TaskManager gives; nil if the job wants none.
func (w *worker) copiesOf() *checkpoint.Copies {
	if len(w.start.LocalState) == 0 || !w.opt.LocalBackup && !w.opt.LocalRecovery {
		return nil
	}
	return checkpoint.NewCopies(w.start.LocalState, func(err error) {
		w.log.Warn("a local copy of state is of no use, and checkpoint storage is used alone", "error", err)
	})
}

// written are the copies to be made of what is written; nil for none.
func (c *checkpointing) written() *checkpoint.Copies {
	if !c.w.opt.LocalBackup {
		return nil
	}
	return c.copies
}

// opener returns what opens the state files of a checkpoint: their copies if there are any.
func (c *checkpointing) opener(saved *checkpoint.Saved) func(name string) (*checkpoint.Reader, error) {
	open := func(name string) (*checkpoint.Reader, error) { return saved.Open(context.Background(), name) }
	if c.copies == nil || !c.w.opt.LocalRecovery {
		return open
	}
	return func(name string) (*checkpoint.Reader, error) {
		return c.copies.Open(context.Background(), name, saved.Size(name), func() (*checkpoint.Reader, error) { return open(name) })
	}
}

// refers notes which files the tasks here need for a checkpoint.
func (c *checkpointing) refers(r *round, m *checkpoint.Metadata) {
	if c.written() == nil || r.trigger.Directory != "" {
		return
	}
	names := map[string]bool{}
	for _, f := range m.Files {
		names[path.Base(f.Path)] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = map[int64]map[string]bool{}
	}
	c.files[r.id] = names
}

// tidy removes the copies that a complete checkpoint does not need, nor one after it.
func (c *checkpointing) tidy(id int64) {
	c.mu.Lock()
	keep, known := c.files[id]
	for n := range c.files {
		if n <= id {
			delete(c.files, n)
		}
	}
	c.mu.Unlock()
	if !known {
		return
	}
	c.w.group.Go(func() {
		if err := c.copies.Retain(keep, uint64(id)); err != nil {
			c.w.log.Warn("local copies of state were left behind", "error", err)
		}
	})
}
