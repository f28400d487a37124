package file

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/sink"
)

// committer renames hidden files to their final names.
type committer struct {
	fs          filesystem.FileSystem
	dir, prefix string
	overwrite   bool
	whole       bool // files replace the directory
	before      func(ctx context.Context, files []committable) error
}

// Commit implements sink.Committer.
func (c *committer) Commit(ctx context.Context, cs []sink.Committable) error {
	files, err := decodeAll(cs)
	if err != nil {
		return err
	}
	if c.whole {
		return c.replace(ctx, files)
	}
	if c.overwrite {
		if err := c.removeOld(ctx, files); err != nil {
			return fmt.Errorf("file sink: %w", err)
		}
	}
	if c.before != nil {
		if err := c.before(ctx, files); err != nil {
			return fmt.Errorf("file sink: %w", err)
		}
	}
	for _, f := range files {
		if f.hidden == "" {
			continue
		}
		err := filesystem.Commit(ctx, c.fs, f.hidden, f.target)
		if errors.Is(err, filesystem.ErrExist) {
			return existsError(f.target)
		}
		if err != nil {
			return fmt.Errorf("file sink: commit %s: %w", f.target, err)
		}
	}
	return nil
}

// removeOld removes what files replace: a file of the same name whose replacement is not yet in its place and, when files
// are the whole output of the job, every other visible part.
func (c *committer) removeOld(ctx context.Context, files []committable) error {
	whole, targets := len(files) > 0, map[string]bool{}
	for _, f := range files {
		whole = whole && f.whole
		if f.hidden == "" {
			continue
		}
		targets[f.target] = true
		if _, err := c.fs.Stat(ctx, f.hidden); errors.Is(err, filesystem.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := c.fs.Remove(ctx, f.target); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return c.removeParts(ctx, c.dir, targets)
}

// removeParts removes all visible parts below dir but those in keep.
func (c *committer) removeParts(ctx context.Context, dir string, keep map[string]bool) error {
	entries, err := c.fs.List(ctx, dir)
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		switch {
		case filesystem.Hidden(e.Name()) || keep[e.Path]:
		case e.IsDir:
			err = c.removeParts(ctx, e.Path, keep)
		case strings.HasPrefix(e.Name(), c.prefix+"-"):
			err = c.fs.Remove(ctx, e.Path)
		}
		if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Abort implements sink.Committer.
func (c *committer) Abort(ctx context.Context, cs []sink.Committable) error {
	files, err := decodeAll(cs)
	errs := []error{err}
	for _, f := range files {
		if f.hidden == "" {
			continue
		}
		if err := c.fs.Remove(ctx, f.hidden); err != nil {
			errs = append(errs, fmt.Errorf("file sink: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Clean implements sink.Cleaner: it removes the hidden files of the job.
func (c *committer) Clean(ctx context.Context, jobID string) error {
	return c.cleanParts(ctx, c.prefix+"-", jobID)
}

// CleanSubtask implements sink.SubtaskCleaner.
func (c *committer) CleanSubtask(ctx context.Context, jobID string, subtask int) error {
	return c.cleanParts(ctx, ownParts(c.prefix, subtask), jobID)
}

// cleanParts removes the hidden files of the job whose names begin with a prefix.
func (c *committer) cleanParts(ctx context.Context, prefix, jobID string) error {
	if err := c.clean(ctx, c.dir, "."+prefix, ownedBy(jobID)); err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return fmt.Errorf("file sink: %w", err)
	}
	return nil
}

func (c *committer) clean(ctx context.Context, dir, prefix, owner string) error {
	entries, err := c.fs.List(ctx, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case e.IsDir && !filesystem.Hidden(e.Name()):
			err = c.clean(ctx, e.Path, prefix, owner)
		case !e.IsDir && strings.HasPrefix(e.Name(), prefix) && strings.Contains(e.Name(), owner):
			err = c.fs.Remove(ctx, e.Path)
		}
		if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ownedBy is a part of the names of a job's hidden files.
func ownedBy(jobID string) string { return ".of-" + jobID + "." }

// Close implements sink.Committer.
func (c *committer) Close() error { return nil }

func decodeAll(cs []sink.Committable) ([]committable, error) {
	files := make([]committable, len(cs))
	for i, b := range cs {
		var err error
		if files[i], err = decodeCommittable(b); err != nil {
			return nil, err
		}
	}
	return files, nil
}
