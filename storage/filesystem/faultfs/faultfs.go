package faultfs

import (
	"context"
	"errors"
	"sync"

	"github.com/leatproject/leat/storage/filesystem"
)

// Operation names, as in Op.Name.
const (
	OpOpen   = "open"
	OpStat   = "stat"
	OpList   = "list"
	OpCreate = "create"
	OpRename = "rename"
	OpRemove = "remove"
	OpMkdir  = "mkdir"
	OpRead   = "read"  // File.Read and File.ReadAt
	OpWrite  = "write" // Writer.Write
	OpClose  = "close" // Writer.Close
	OpAbort  = "abort" // Writer.Abort
)

// Op is one operation that is about to be done.
type Op struct {
	Name string
	Path string // of Rename: from
	To   string // of Rename
	Len  int    // bytes of Read and Write
}

// Rule says which operations fail and how. Rules are used by one FS only.
type Rule struct {
	When  func(Op) bool // nil: every operation
	After int           // lets so many matching operations pass first
	Times int           // acts so many times; 0: always

	// Before, when not nil, is called without locks before the operation. It may block (a slow server). Its error is the
	// result of the operation, which is then not done; nil lets the operation go on.
	Before func(context.Context, Op) error
	// Err, when not nil, is the error of the operation. What has been done by then is decided by the fields below.
	Err error
	// Lost does the operation and then reports Err: the answer was lost.
	Lost bool
	// Short is the number of bytes that a Read or Write still transfers before Err. Without Err a Read is just short.
	Short int

	seen, done int
}

// On matches operations by name on any path.
func On(names ...string) func(Op) bool {
	return func(op Op) bool {
		for _, n := range names {
			if op.Name == n {
				return true
			}
		}
		return false
	}
}

// FS injects faults into another file system. Its methods may be called concurrently.
type FS struct {
	inner filesystem.FileSystem
	mu    sync.Mutex
	rules []*Rule
	space int64 // bytes that can still be written; negative: no limit
	log   []Op
}

// New wraps a file system.
func New(inner filesystem.FileSystem, rules ...*Rule) *FS {
	return &FS{inner: inner, rules: rules, space: -1}
}

// Add appends a rule while the file system is in use.
func (f *FS) Add(r *Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
}

// LimitSpace lets n more bytes be written, to all files together; the write that goes beyond is torn and fails with
// ErrNoSpace, as do the next ones. A negative n lifts the limit.
func (f *FS) LimitSpace(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.space = n
}

// Ops returns all operations that were asked for, in order.
func (f *FS) Ops() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Op(nil), f.log...)
}

// fault is what a rule decided: go on for at most n bytes, then fail with err.
type fault struct {
	skip bool // do not do the operation
	n    int
	err  error
}

func (f *FS) check(ctx context.Context, op Op) fault {
	rule := f.pick(op)
	out := fault{n: op.Len}
	if rule == nil {
		return out
	}
	if rule.Before != nil {
		if err := rule.Before(ctx, op); err != nil {
			return fault{skip: true, err: filesystem.NewPathError(op.Name, op.Path, err)}
		}
	}
	out.err = filesystem.NewPathError(op.Name, op.Path, rule.Err)
	if rule.Lost {
		return out
	}
	if rule.Err != nil || rule.Short > 0 {
		out.n = min(op.Len, rule.Short)
	}
	out.skip = rule.Err != nil && out.n == 0
	return out
}

func (f *FS) pick(op Op) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, op)
	for _, r := range f.rules {
		if r.When != nil && !r.When(op) || r.Times > 0 && r.done == r.Times {
			continue
		}
		r.seen++
		if r.seen > r.After {
			r.done++
			return r
		}
	}
	return nil
}

// take reserves space for a write of n bytes and returns how many fit.
func (f *FS) take(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.space < 0 {
		return n
	}
	n = int(min(int64(n), f.space))
	f.space -= int64(n)
	return n
}

// run does an operation that has no partial result.
func (f *FS) run(ctx context.Context, op Op, do func() error) error {
	fault := f.check(ctx, op)
	if fault.skip {
		return fault.err
	}
	if err := do(); err != nil {
		return err
	}
	return fault.err
}

// Open implements filesystem.FileSystem.
func (f *FS) Open(ctx context.Context, path string) (out filesystem.File, err error) {
	err = f.run(ctx, Op{Name: OpOpen, Path: path}, func() error {
		inner, err := f.inner.Open(ctx, path)
		out = &file{File: inner, fs: f, ctx: ctx, path: path}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Stat implements filesystem.FileSystem.
func (f *FS) Stat(ctx context.Context, path string) (info filesystem.FileInfo, err error) {
	err = f.run(ctx, Op{Name: OpStat, Path: path}, func() (err error) {
		info, err = f.inner.Stat(ctx, path)
		return err
	})
	return info, err
}

// List implements filesystem.FileSystem.
func (f *FS) List(ctx context.Context, dir string) (infos []filesystem.FileInfo, err error) {
	err = f.run(ctx, Op{Name: OpList, Path: dir}, func() (err error) {
		infos, err = f.inner.List(ctx, dir)
		return err
	})
	return infos, err
}

// Create implements filesystem.FileSystem.
func (f *FS) Create(ctx context.Context, path string) (out filesystem.Writer, err error) {
	err = f.run(ctx, Op{Name: OpCreate, Path: path}, func() error {
		inner, err := f.inner.Create(ctx, path)
		out = &writer{Writer: inner, fs: f, ctx: ctx, path: path}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Rename implements filesystem.FileSystem.
func (f *FS) Rename(ctx context.Context, from, to string) error {
	return f.run(ctx, Op{Name: OpRename, Path: from, To: to}, func() error { return f.inner.Rename(ctx, from, to) })
}

// Remove implements filesystem.FileSystem.
func (f *FS) Remove(ctx context.Context, path string) error {
	return f.run(ctx, Op{Name: OpRemove, Path: path}, func() error { return f.inner.Remove(ctx, path) })
}

// MkdirAll implements filesystem.FileSystem.
func (f *FS) MkdirAll(ctx context.Context, dir string) error {
	return f.run(ctx, Op{Name: OpMkdir, Path: dir}, func() error { return f.inner.MkdirAll(ctx, dir) })
}

type file struct {
	filesystem.File
	fs   *FS
	ctx  context.Context
	path string
}

func (f *file) Read(p []byte) (int, error) {
	return f.read(p, f.File.Read)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.read(p, func(p []byte) (int, error) { return f.File.ReadAt(p, off) })
	if n < len(p) && err == nil {
		err = filesystem.NewPathError(OpRead, f.path, errors.New("short read"))
	}
	return n, err
}

func (f *file) read(p []byte, read func([]byte) (int, error)) (int, error) {
	fault := f.fs.check(f.ctx, Op{Name: OpRead, Path: f.path, Len: len(p)})
	if fault.skip {
		return 0, fault.err
	}
	n, err := read(p[:fault.n])
	if err == nil {
		err = fault.err
	}
	return n, err
}

type writer struct {
	filesystem.Writer
	fs     *FS
	ctx    context.Context
	path   string
	closed bool
	err    error // of Close
}

func (w *writer) Write(p []byte) (int, error) {
	fault := w.fs.check(w.ctx, Op{Name: OpWrite, Path: w.path, Len: len(p)})
	if fault.skip {
		return 0, fault.err
	}
	room := w.fs.take(fault.n)
	n, err := w.Writer.Write(p[:room])
	switch {
	case err != nil:
		return n, err
	case room < fault.n:
		return n, &filesystem.PathError{Op: OpWrite, Path: w.path, Kind: filesystem.ErrNoSpace}
	case fault.err == nil && n < len(p):
		return n, filesystem.NewPathError(OpWrite, w.path, errors.New("short write"))
	}
	return n, fault.err
}

func (w *writer) Close() error {
	if !w.closed {
		w.closed = true
		w.err = w.fs.run(w.ctx, Op{Name: OpClose, Path: w.path}, w.Writer.Close)
	}
	return w.err
}

func (w *writer) Abort() error {
	if w.closed && w.err == nil {
		return nil
	}
	return w.fs.run(w.ctx, Op{Name: OpAbort, Path: w.path}, func() error {
		if err := w.Writer.Abort(); err != nil || !w.closed {
			return err
		}
		// Close may have succeeded below, its answer lost
		return w.fs.inner.Remove(context.WithoutCancel(w.ctx), w.path)
	})
}
