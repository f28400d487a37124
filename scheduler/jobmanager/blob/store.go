package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
)

// The kinds of failure that callers tell apart by errors.Is, beside those of package filesystem.
var (
	ErrTooLarge = errors.New("larger than allowed")
	ErrMismatch = errors.New("content does not have the digest that it was announced with")
	ErrNotFound = errors.New("no such blob")
)

// Store keeps blobs in one folder. It is safe for concurrent use.
type Store struct {
	fs     filesystem.FileSystem
	folder string
	limit  int64
	lent   sync.Map // paths of local files, by digest
}

// Open returns the store in a folder, which may be on any registered file system. Blobs of more than limit bytes are refused.
func Open(ctx context.Context, folder string, limit int64) (*Store, error) {
	fs, within, err := filesystem.For(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("opening the blob store: %w", err)
	}
	if err := fs.MkdirAll(ctx, within); err != nil {
		return nil, fmt.Errorf("opening the blob store: %w", err)
	}
	return &Store{fs: fs, folder: within, limit: limit}, nil
}

// IsDigest tells whether a text has the form of a digest.
func IsDigest(text string) bool {
	if len(text) != 2*sha256.Size {
		return false
	}
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

// DigestOf is the digest of what is in memory.
func DigestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func (s *Store) path(digest string) string { return path.Join(s.folder, digest) }

// Lend makes a local file a blob without storing it. It must stay as it is while the store is used; the digest is not checked.
func (s *Store) Lend(digest, path string) { s.lent.Store(digest, path) }

// Lent returns the path of a blob that Lend was told of.
func (s *Store) Lent(digest string) (path string, ok bool) {
	p, ok := s.lent.Load(digest)
	if ok {
		path = p.(string)
	}
	return path, ok
}

// find returns where a blob is if there is one.
func (s *Store) find(ctx context.Context, digest string) (filesystem.FileSystem, string, error) {
	if path, ok := s.Lent(digest); ok {
		return filesystem.For(ctx, path)
	}
	return s.fs, s.path(digest), nil
}

// Put stores what content has until its end and returns its digest and size in bytes. If want is not empty, the digest must be
// that: ErrMismatch. ErrTooLarge when there are more bytes than the limit. Nothing is left behind by an error.
func (s *Store) Put(ctx context.Context, content io.Reader, want string) (digest string, size int64, err error) {
	if want != "" && !IsDigest(want) {
		return "", 0, fmt.Errorf("storing a blob: %q is no digest: it takes the hexadecimal SHA-256", want)
	}
	hidden := filesystem.HiddenName(s.path("blob"))
	w, err := filesystem.CreateHidden(ctx, s.fs, hidden)
	if err != nil {
		return "", 0, fmt.Errorf("storing a blob: %w", err)
	}
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(w, sum), io.LimitReader(content, s.limit+1))
	digest = hex.EncodeToString(sum.Sum(nil))
	switch {
	case err != nil:
	case size > s.limit:
		err = fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, s.limit)
	case want != "" && want != digest:
		err = fmt.Errorf("%w: %s is %s", ErrMismatch, want, digest)
	default:
		err = w.Close()
	}
	if err == nil {
		err = s.fs.Rename(ctx, hidden, s.path(digest))
	}
	if err != nil {
		cleaned := errors.Join(w.Abort(), s.fs.Remove(context.WithoutCancel(ctx), hidden))
		if errors.Is(err, filesystem.ErrExist) {
			return digest, size, cleaned
		}
		return "", 0, fmt.Errorf("storing a blob: %w", errors.Join(err, cleaned))
	}
	return digest, size, nil
}

// Get opens a blob. ErrNotFound when there is none.
func (s *Store) Get(ctx context.Context, digest string) (filesystem.File, error) {
	if !IsDigest(digest) {
		return nil, fmt.Errorf("%w: %q is no digest", ErrNotFound, digest)
	}
	fs, path, err := s.find(ctx, digest)
	if err != nil {
		return nil, err
	}
	f, err := fs.Open(ctx, path)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, digest)
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", digest, err)
	}
	return f, nil
}

// Read returns the content of a blob.
func (s *Store) Read(ctx context.Context, digest string) ([]byte, error) {
	f, err := s.Get(ctx, digest)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", digest, err)
	}
	return content, nil
}

// Size returns the size of a blob in bytes. ErrNotFound when there is none.
func (s *Store) Size(ctx context.Context, digest string) (int64, error) {
	if !IsDigest(digest) {
		return 0, fmt.Errorf("%w: %q is no digest", ErrNotFound, digest)
	}
	fs, path, err := s.find(ctx, digest)
	if err != nil {
		return 0, err
	}
	info, err := fs.Stat(ctx, path)
	if errors.Is(err, filesystem.ErrNotExist) {
		return 0, fmt.Errorf("%w: %s", ErrNotFound, digest)
	}
	return info.Size, err
}

// Sweep removes what keep does not name and what is older than the given time by the clock of the file system: uploads that
// broke off and blobs that nothing refers to any more. Younger ones may be on their way to be referred to.
func (s *Store) Sweep(ctx context.Context, keep map[string]bool, before time.Time) (removed int, err error) {
	all, err := s.fs.List(ctx, s.folder)
	if err != nil {
		return 0, fmt.Errorf("sweeping the blob store: %w", err)
	}
	for _, info := range all {
		name := info.Name()
		ours := IsDigest(name) || filesystem.Hidden(name)
		if info.IsDir || !ours || keep[name] || !info.ModTime.Before(before) {
			continue
		}
		if err := s.fs.Remove(ctx, info.Path); err != nil {
			return removed, fmt.Errorf("sweeping the blob store: %w", err)
		}
		removed++
	}
	return removed, nil
}
