package filesystem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"path"
	"time"
)

const removePatience = 5 * time.Second // of a writer that has been cancelled

// Commit moves a finished file to its final name, once: when from is gone and to is there, an earlier call has done it and
// the result is nil. ErrExist when both are there, ErrNotExist when neither is.
func Commit(ctx context.Context, fs FileSystem, from, to string) error {
	err := fs.Rename(ctx, from, to)
	if err == nil || !errors.Is(err, ErrNotExist) && !errors.Is(err, ErrExist) {
		return err
	}
	if _, statErr := fs.Stat(ctx, from); !errors.Is(statErr, ErrNotExist) {
		return err
	}
	if _, statErr := fs.Stat(ctx, to); statErr != nil {
		return err
	}
	return nil
}

// AtomicWriter writes a file that becomes visible whole or not at all. It writes to ".name.inprogress.<unique>" in the
// directory of the final name; Close commits it. It is a Writer, and owned by one goroutine.
//
// For a two-phase commit call Prepare, hand the hidden name to whoever decides, and let that one call Commit or Remove.
type AtomicWriter struct {
	ctx       context.Context
	fs        FileSystem
	w         Writer
	path      string
	hidden    string
	committed bool
}

// CreateAtomic begins a file that Close will make visible at path. It does not look whether path is taken: Close does.
func CreateAtomic(ctx context.Context, fs FileSystem, name string) (*AtomicWriter, error) {
	hidden := HiddenName(name)
	w, err := CreateHidden(ctx, fs, hidden)
	if err != nil {
		return nil, err
	}
	return &AtomicWriter{ctx: ctx, fs: fs, w: w, path: name, hidden: hidden}, nil
}

// CreateHidden creates a file that has a HiddenName, which is nobody else's: when the call is cancelled, or its answer is lost, the
// file may have been created all the same, and is removed.
func CreateHidden(ctx context.Context, fs FileSystem, hidden string) (Writer, error) {
	w, err := fs.Create(ctx, hidden)
	if err == nil || ctx.Err() == nil && !errors.Is(err, ErrBusy) {
		return w, err
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), removePatience)
	defer cancel()
	return nil, errors.Join(err, fs.Remove(after, hidden))
}

// HiddenName is a fresh name beside the given one, under which a file can be written before it is committed.
func HiddenName(name string) string {
	var unique [8]byte
	rand.Read(unique[:]) // never fails
	dir, base := path.Split(name)
	return dir + "." + base + ".inprogress." + hex.EncodeToString(unique[:])
}

// Write appends to the hidden file.
func (a *AtomicWriter) Write(p []byte) (int, error) { return a.w.Write(p) }

// Prepare completes the hidden file, durably, and returns its name. Nothing is visible yet.
func (a *AtomicWriter) Prepare() (hidden string, err error) { return a.hidden, a.w.Close() }

// Close completes the file and makes it visible. ErrExist when the name is taken by now. After an error Close may be
// repeated or the file given up by Abort. When it is ErrBusy the answer to the commit may have been lost: repeat Close to
// know, for Abort does not take back what is visible.
func (a *AtomicWriter) Close() error {
	if a.committed {
		return nil
	}
	if _, err := a.Prepare(); err != nil {
		return err
	}
	if err := Commit(a.ctx, a.fs, a.hidden, a.path); err != nil {
		return err
	}
	a.committed = true
	return nil
}

// Abort removes the hidden file. After a successful Close it does nothing.
func (a *AtomicWriter) Abort() error {
	if a.committed {
		return nil
	}
	err := a.w.Abort()
	if err != nil {
		return err
	}
	return a.fs.Remove(context.WithoutCancel(a.ctx), a.hidden)
}
