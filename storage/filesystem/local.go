package filesystem

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

type local struct{}

// Local is the file system of the machine. Relative paths are relative to the working directory of the process.
func Local() FileSystem { return local{} }

func (local) Open(ctx context.Context, path string) (File, error) {
	if err := ctx.Err(); err != nil {
		return nil, NewPathError("open", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, NewPathError("open", path, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	if err != nil {
		return nil, NewPathError("open", path, errors.Join(err, f.Close()))
	}
	return &localFile{File: f, size: info.Size()}, nil
}

func (local) Stat(ctx context.Context, path string) (FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return FileInfo{}, NewPathError("stat", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return FileInfo{}, NewPathError("stat", path, notDirIsNotExist(err))
	}
	return localInfo(path, info), nil
}

func (local) List(ctx context.Context, dir string) ([]FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, NewPathError("list", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, NewPathError("list", dir, err)
	}
	infos := make([]FileInfo, 0, len(entries))
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // of what a link points to, as Stat does
		if errors.Is(err, os.ErrNotExist) {
			continue // removed meanwhile, or a link to nowhere
		}
		if err != nil {
			return nil, NewPathError("list", path, err)
		}
		infos = append(infos, localInfo(path, info))
	}
	return infos, nil
}

func (local) Create(ctx context.Context, path string) (Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, NewPathError("create", path, err)
	}
	if err := mkdirDurable(filepath.Dir(path)); err != nil {
		return nil, NewPathError("create", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, NewPathError("create", path, err)
	}
	return &localWriter{f: f, path: path}, nil
}

func (local) Rename(ctx context.Context, from, to string) error {
	if err := ctx.Err(); err != nil {
		return NewPathError("rename", from, err)
	}
	if _, err := os.Lstat(from); err != nil {
		return NewPathError("rename", from, notDirIsNotExist(err))
	}
	if err := mkdirDurable(filepath.Dir(to)); err != nil {
		return NewPathError("rename", to, err)
	}
	if err := renameNoReplace(from, to); err != nil {
		path := from
		if errors.Is(err, os.ErrExist) {
			path = to
		}
		return NewPathError("rename", path, err)
	}
	if err := syncDir(filepath.Dir(to)); err != nil {
		return NewPathError("rename", to, err)
	}
	return nil
}

func (local) Remove(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return NewPathError("remove", path, err)
	}
	err := notDirIsNotExist(os.Remove(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return NewPathError("remove", path, err)
}

// Exchange implements Exchanger.
func (local) Exchange(ctx context.Context, a, b string) error {
	if err := ctx.Err(); err != nil {
		return NewPathError("exchange", a, err)
	}
	if err := exchange(a, b); err != nil {
		return NewPathError("exchange", b, err)
	}
	if err := errors.Join(syncDir(filepath.Dir(a)), syncDir(filepath.Dir(b))); err != nil {
		return NewPathError("exchange", b, err)
	}
	return nil
}

// Pinned implements Pinner.
func (local) Pinned(ctx context.Context, dir string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, NewPathError("stat", dir, err)
	}
	info, err := os.Lstat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, NewPathError("stat", dir, err)
	}
	return info.Mode()&os.ModeSymlink != 0 || mounted(dir), nil
}

// Link implements Linker.
func (local) Link(ctx context.Context, path, name string) error {
	if err := ctx.Err(); err != nil {
		return NewPathError("link", path, err)
	}
	return NewPathError("link", path, os.Link(path, name))
}

func (local) MkdirAll(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return NewPathError("mkdir", dir, err)
	}
	return NewPathError("mkdir", dir, mkdirDurable(dir))
}

func localInfo(path string, info os.FileInfo) FileInfo {
	if info.IsDir() {
		return FileInfo{Path: path, ModTime: info.ModTime(), IsDir: true}
	}
	return FileInfo{Path: path, Size: info.Size(), ModTime: info.ModTime()}
}

// notDirIsNotExist: below a file there is nothing.
func notDirIsNotExist(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	return err
}

// mkdirDurable makes a directory and its parents and syncs every directory that got a new entry.
func mkdirDurable(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file, not a directory: %w", dir, ErrExist)
	}
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		if errors.Is(err, syscall.ENOTDIR) {
			return fmt.Errorf("a parent of %s is a file: %w", dir, ErrExist)
		}
		return err
	}
	parent := filepath.Dir(dir)
	if err := mkdirDurable(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		if errors.Is(err, os.ErrExist) { // made by another meanwhile
			return mkdirDurable(dir)
		}
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some file systems cannot sync directories
	}
	return errors.Join(err, d.Close())
}

type localFile struct {
	*os.File
	size int64
}

func (f *localFile) Size() int64 { return f.size }

type localWriter struct {
	f      *os.File
	path   string
	closed bool
	err    error
}

func (w *localWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	return n, NewPathError("write", w.path, err)
}

func (w *localWriter) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	err := w.f.Sync()
	if closeErr := w.f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = syncDir(filepath.Dir(w.path))
	}
	w.err = NewPathError("close", w.path, err)
	return w.err
}

func (w *localWriter) Abort() error {
	if w.closed && w.err == nil {
		return nil
	}
	if !w.closed {
		w.closed = true
		w.err = NewPathError("close", w.path, errors.New("the file was aborted"))
		w.f.Close() // the file is given up
	}
	if err := os.Remove(w.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return NewPathError("remove", w.path, err)
	}
	return nil
}
