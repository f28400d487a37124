package rest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/program"
)

// uploads are the programs that were uploaded, in one folder: DIGEST_NAME, executable by their owner.
type uploads struct{ folder string }

// upload is one of them.
type upload struct {
	id, digest, name, path string
	modified               int64 // milliseconds since the epoch
}

func openUploads(folder string) (*uploads, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("opening the folder for uploaded programs: %w", err)
	}
	return &uploads{folder}, nil
}

// plainName is what is left of a file name that a client gave: its last element, without what could mislead.
func plainName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+", r) {
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	return name[:min(len(name), 128)]
}

// add keeps a program that accept likes, or nothing.
func (u *uploads) add(name string, content io.Reader, limit int64, accept func(io.ReaderAt) error) (upload, error) {
	name = plainName(name)
	if name == "" {
		return upload{}, badRequest("the uploaded file has no name: give it a file name in its Content-Disposition")
	}
	f, err := os.CreateTemp(u.folder, ".upload-*")
	if err != nil {
		return upload{}, fmt.Errorf("keeping the uploaded program: %w", err)
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(content, limit+1))
	if err == nil && size > limit {
		err = fmt.Errorf("the uploaded program is %w: the limit is %d bytes (rest.server.max-content-length)", blob.ErrTooLarge, limit)
	}
	if err == nil {
		err = accept(f)
	}
	if err == nil {
		err = f.Chmod(0o700)
	}
	id := hex.EncodeToString(sum.Sum(nil)) + "_" + name
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(u.folder, id))
	}
	if err != nil {
		return upload{}, errors.Join(err, os.Remove(f.Name()))
	}
	return u.get(id)
}

// get finds a program by its id.
func (u *uploads) get(id string) (upload, error) {
	digest, name, ok := strings.Cut(id, "_")
	if !ok || !blob.IsDigest(digest) || name == "" || plainName(name) != name {
		return upload{}, notFound("program %q does not exist: GET /jars lists those that do", id)
	}
	path := filepath.Join(u.folder, id)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return upload{}, notFound("program %s does not exist: GET /jars lists those that do", id)
	}
	if err != nil {
		return upload{}, err
	}
	return upload{id: id, digest: digest, name: name, path: path, modified: info.ModTime().UnixMilli()}, nil
}

// all are the programs, the newest first.
func (u *uploads) all() ([]upload, error) {
	entries, err := os.ReadDir(u.folder)
	if err != nil {
		return nil, fmt.Errorf("listing uploaded programs: %w", err)
	}
	var all []upload
	for _, e := range entries {
		if x, err := u.get(e.Name()); err == nil {
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b upload) int { return cmp.Compare(b.modified, a.modified) })
	return all, nil
}

func (u *uploads) remove(id string) error {
	x, err := u.get(id)
	if err != nil {
		return err
	}
	return os.Remove(x.path)
}

// runnable accepts programs of Leat for a platform.
func runnable(goos, goarch string) func(io.ReaderAt) error {
	return func(r io.ReaderAt) error {
		info, err := program.Inspect(r)
		if err != nil {
			return err
		}
		return info.RunsOn(goos, goarch)
	}
}
