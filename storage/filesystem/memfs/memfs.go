package memfs

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
)

func init() {
	filesystem.Register("mem", func(context.Context, *url.URL, filesystem.Options) (filesystem.FileSystem, error) {
		return New(time.Now), nil
	})
}

// FS is a file system in memory. Make one with New.
type FS struct {
	now   func() time.Time
	mu    sync.Mutex
	nodes map[string]*node // by clean absolute path; the root is always there
}

type node struct {
	dir  bool
	data []byte // never changed in place once visible to a reader
	mod  time.Time
}

// New makes an empty file system whose modification times come from now.
func New(now func() time.Time) *FS {
	return &FS{now: now, nodes: map[string]*node{"/": {dir: true, mod: now()}}}
}

func clean(p string) string { return path.Clean("/" + p) }

func fail(op, p string, kind error) error {
	return &filesystem.PathError{Op: op, Path: p, Kind: kind}
}

// begin checks the context and takes the lock; the caller unlocks when it returns nil.
func (f *FS) begin(ctx context.Context, op, p string) error {
	if err := ctx.Err(); err != nil {
		return filesystem.NewPathError(op, p, err)
	}
	f.mu.Lock()
	return nil
}

// Open implements filesystem.FileSystem. The reader keeps the content as of now.
func (f *FS) Open(ctx context.Context, p string) (filesystem.File, error) {
	if err := f.begin(ctx, "open", p); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	n, ok := f.nodes[clean(p)]
	if !ok {
		return nil, fail("open", p, filesystem.ErrNotExist)
	}
	if n.dir {
		return nil, filesystem.NewPathError("open", p, errors.New("is a directory"))
	}
	return file{bytes.NewReader(n.data)}, nil
}

// Stat implements filesystem.FileSystem.
func (f *FS) Stat(ctx context.Context, p string) (filesystem.FileInfo, error) {
	if err := f.begin(ctx, "stat", p); err != nil {
		return filesystem.FileInfo{}, err
	}
	defer f.mu.Unlock()
	n, ok := f.nodes[clean(p)]
	if !ok {
		return filesystem.FileInfo{}, fail("stat", p, filesystem.ErrNotExist)
	}
	return n.info(p), nil
}

// List implements filesystem.FileSystem.
func (f *FS) List(ctx context.Context, dir string) ([]filesystem.FileInfo, error) {
	if err := f.begin(ctx, "list", dir); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	n, ok := f.nodes[clean(dir)]
	if !ok {
		return nil, fail("list", dir, filesystem.ErrNotExist)
	}
	if !n.dir {
		return nil, filesystem.NewPathError("list", dir, errors.New("not a directory"))
	}
	infos := []filesystem.FileInfo{}
	for _, p := range f.children(clean(dir)) {
		infos = append(infos, f.nodes[p].info(path.Join(dir, path.Base(p))))
	}
	return infos, nil
}

// Create implements filesystem.FileSystem.
func (f *FS) Create(ctx context.Context, p string) (filesystem.Writer, error) {
	if err := f.begin(ctx, "create", p); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if f.nodes[clean(p)] != nil {
		return nil, fail("create", p, filesystem.ErrExist)
	}
	if err := f.mkdirAll("create", path.Dir(clean(p))); err != nil {
		return nil, err
	}
	n := &node{mod: f.now()}
	f.nodes[clean(p)] = n
	return &writer{fs: f, path: p, node: n}, nil
}

// Rename implements filesystem.FileSystem.
func (f *FS) Rename(ctx context.Context, from, to string) error {
	if err := f.begin(ctx, "rename", from); err != nil {
		return err
	}
	defer f.mu.Unlock()
	source, target := clean(from), clean(to)
	switch {
	case f.nodes[source] == nil:
		return fail("rename", from, filesystem.ErrNotExist)
	case f.nodes[target] != nil:
		return fail("rename", to, filesystem.ErrExist)
	case strings.HasPrefix(target, source+"/"):
		return filesystem.NewPathError("rename", to, errors.New("a directory cannot be moved into itself"))
	}
	if err := f.mkdirAll("rename", path.Dir(target)); err != nil {
		return err
	}
	for p := range maps.Clone(f.nodes) {
		if rest, ok := strings.CutPrefix(p, source); ok && (rest == "" || rest[0] == '/') {
			f.nodes[target+rest] = f.nodes[p]
			delete(f.nodes, p)
		}
	}
	return nil
}

// Exchange implements filesystem.Exchanger.
func (f *FS) Exchange(ctx context.Context, a, b string) error {
	if err := f.begin(ctx, "exchange", a); err != nil {
		return err
	}
	defer f.mu.Unlock()
	names := map[string]string{clean(a): clean(b), clean(b): clean(a)}
	for name, other := range names {
		switch {
		case f.nodes[name] == nil:
			return fail("exchange", name, filesystem.ErrNotExist)
		case strings.HasPrefix(other, name+"/"):
			return filesystem.NewPathError("exchange", other, errors.New("a directory cannot be exchanged with one in itself"))
		}
	}
	moved := map[string]*node{}
	for p, n := range f.nodes {
		for name, other := range names {
			if rest, ok := strings.CutPrefix(p, name); ok && (rest == "" || rest[0] == '/') {
				p = other + rest
				break
			}
		}
		moved[p] = n
	}
	f.nodes = moved
	return nil
}

// Remove implements filesystem.FileSystem.
func (f *FS) Remove(ctx context.Context, p string) error {
	if err := f.begin(ctx, "remove", p); err != nil {
		return err
	}
	defer f.mu.Unlock()
	if len(f.children(clean(p))) > 0 {
		return &filesystem.PathError{Op: "remove", Path: p, Kind: filesystem.ErrExist, Err: errors.New("directory not empty")}
	}
	delete(f.nodes, clean(p))
	return nil
}

// MkdirAll implements filesystem.FileSystem.
func (f *FS) MkdirAll(ctx context.Context, dir string) error {
	if err := f.begin(ctx, "mkdir", dir); err != nil {
		return err
	}
	defer f.mu.Unlock()
	return f.mkdirAll("mkdir", clean(dir))
}

func (f *FS) mkdirAll(op, dir string) error {
	if n, ok := f.nodes[dir]; ok {
		if !n.dir {
			return &filesystem.PathError{Op: op, Path: dir, Kind: filesystem.ErrExist, Err: errors.New("is a file, not a directory")}
		}
		return nil
	}
	if err := f.mkdirAll(op, path.Dir(dir)); err != nil {
		return err
	}
	f.nodes[dir] = &node{dir: true, mod: f.now()}
	return nil
}

// children returns the clean paths directly below dir, sorted.
func (f *FS) children(dir string) []string {
	var paths []string
	for p := range f.nodes {
		if p != "/" && path.Dir(p) == dir {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

func (n *node) info(p string) filesystem.FileInfo {
	return filesystem.FileInfo{Path: p, Size: int64(len(n.data)), ModTime: n.mod, IsDir: n.dir}
}

type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

type writer struct {
	fs     *FS
	path   string
	node   *node
	closed bool
	err    error
}

func (w *writer) Write(p []byte) (int, error) {
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	if w.closed {
		return 0, filesystem.NewPathError("write", w.path, errors.New("the file is closed"))
	}
	w.node.data = append(w.node.data, p...) // readers hold a shorter slice
	w.node.mod = w.fs.now()
	return len(p), nil
}

func (w *writer) Close() error {
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	w.closed = true
	return w.err
}

func (w *writer) Abort() error {
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	if w.closed && w.err == nil {
		return nil
	}
	w.closed = true
	w.err = filesystem.NewPathError("close", w.path, errors.New("the file was aborted"))
	if f := clean(w.path); w.fs.nodes[f] == w.node {
		delete(w.fs.nodes, f)
	}
	return nil
}
