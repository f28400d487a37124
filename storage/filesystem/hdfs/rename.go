package hdfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/leatproject/leat/storage/filesystem"
)

// lockAge is when the lock of a rename is taken for left over by a process that died.
const lockAge = time.Minute

var errLocked = errors.New("another rename to this name is going on")

func (f *fileSystem) Rename(ctx context.Context, from, to string) error {
	from, to = clean(from), clean(to)
	s := f.client.hold()
	defer f.client.release(s)
	lost, err := f.rename(ctx, s, from, to)
	if errors.Is(err, os.ErrNotExist) {
		if _, statErr := f.stat(ctx, from); statErr == nil { // so it is the directory of the target that is missing
			if err = f.mkdirAll(ctx, path.Dir(to)); err == nil {
				lost, err = f.rename(ctx, s, from, to)
			}
		}
	}
	if lost && errors.Is(err, os.ErrNotExist) {
		if _, statErr := f.stat(ctx, to); statErr == nil {
			return nil
		}
	}
	if class, _, _ := exception(err); class == "IOException" { // "must both be directories", for one
		if _, statErr := f.stat(ctx, to); statErr == nil {
			err = fmt.Errorf("%w: %w", os.ErrExist, err)
		}
	}
	failed := from
	if err = belowFile(err, filesystem.ErrExist); errors.Is(err, os.ErrExist) {
		failed = to
	}
	return f.fail("rename", failed, err)
}

func (f *fileSystem) rename(ctx context.Context, s *session, from, to string) (lost bool, err error) {
	if !s.plain.Load() { // perhaps only because nothing was sent yet
		if _, err := f.client.callOn(ctx, s, func(c *hdfs.Client) error { _, err := c.Stat(from); return err }); err != nil {
			return false, err
		}
	}
	if !s.plain.Load() {
		return f.renameLocked(ctx, s, from, to)
	}
	return f.client.callOn(ctx, s, func(c *hdfs.Client) error { return c.Rename(from, to) })
}

// renameLocked is for connections on which exclusiveRename cannot work. Creating a file is exclusive, so a lock file orders
// the renames to one name; package hdfs's documentation says what it does not protect from.
func (f *fileSystem) renameLocked(ctx context.Context, s *session, from, to string) (lost bool, err error) {
	lock := path.Join(path.Dir(to), "."+path.Base(to)+".renaming")
	if err := f.lock(ctx, s, lock); err != nil {
		return false, err
	}
	lost, err = f.client.callOn(ctx, s, func(c *hdfs.Client) error {
		if _, err := c.Stat(to); !errors.Is(err, os.ErrNotExist) {
			if err == nil {
				err = os.ErrExist
			}
			return err
		}
		return c.Rename(from, to)
	})
	_, unlockErr := f.client.callOn(context.WithoutCancel(ctx), s, func(c *hdfs.Client) error { return c.Remove(lock) })
	if unlockErr != nil && !errors.Is(unlockErr, os.ErrNotExist) {
		f.client.log.Warn("hdfs: the lock of a rename stays for a minute", "lock", f.url(lock), "error", unlockErr)
	}
	return lost, err
}

// lock creates a lock file, and waits for the one that is there to go or to grow old. Clocks are not compared: a lock is old
// when this process has seen it unchanged for lockAge.
func (f *fileSystem) lock(ctx context.Context, s *session, lock string) error {
	var seen os.FileInfo
	var since time.Time
	for {
		_, err := f.client.callOn(ctx, s, func(c *hdfs.Client) error { return c.CreateEmptyFile(lock) })
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		info, err := f.stat(ctx, lock)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return err
		case seen == nil || !sameFile(seen, info):
			seen, since = info, f.client.clock.now()
		case f.client.clock.now().Sub(since) > lockAge:
			if _, err := f.client.callOn(ctx, s, func(c *hdfs.Client) error { return c.Remove(lock) }); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		if err := f.client.clock.sleep(ctx, firstBackoff); err != nil {
			return errors.Join(err, errLocked)
		}
	}
}

// sameFile compares inodes, where the server tells them, and modification times.
func sameFile(a, b os.FileInfo) bool {
	return fileID(a) == fileID(b) && a.ModTime().Equal(b.ModTime())
}

func fileID(info os.FileInfo) uint64 {
	status, _ := info.Sys().(*hdfs.FileStatus)
	return status.GetFileId()
}
