package taskmanager

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leatproject/leat/runtime/rpc"
)

// keepPrograms is how many programs are kept for jobs to come.
const keepPrograms = 16

// blobs is a folder of programs by digest. Safe for concurrent use.
type blobs struct {
	dir      string
	provided string // a folder of others that are there already; empty: none

	mu      sync.Mutex
	loading map[string]chan struct{}
}

// fetch writes a blob from offset on to w.
type fetch func(ctx context.Context, digest string, offset int64, w io.Writer) (int64, error)

func newBlobs(dir, provided string) (*blobs, error) {
	dir = filepath.Join(dir, "programs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder for programs: %w (io.tmp.dirs)", err)
	}
	return &blobs{dir: dir, provided: provided, loading: map[string]chan struct{}{}}, nil
}

func checkDigest(digest string) error {
	if b, err := hex.DecodeString(digest); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("%q is no SHA-256 digest", digest)
	}
	return nil
}

// path returns where an executable is, after fetching it if need be.
func (b *blobs) path(ctx context.Context, digest string, get fetch) (string, error) {
	if err := checkDigest(digest); err != nil {
		return "", err
	}
	if given := filepath.Join(b.provided, digest); b.provided != "" {
		if _, err := os.Stat(given); err == nil {
			return given, nil
		}
	}
	path := filepath.Join(b.dir, digest)
	for {
		b.mu.Lock()
		other := b.loading[digest]
		if other == nil {
			break
		}
		b.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	done := make(chan struct{})
	b.loading[digest] = done
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.loading, digest)
		b.mu.Unlock()
		close(done)
	}()
	if now := time.Now(); os.Chtimes(path, now, now) == nil {
		return path, nil
	}
	return path, b.load(ctx, digest, path, get)
}

// load brings a program in; what is visible under its name is whole.
func (b *blobs) load(ctx context.Context, digest, path string, get fetch) error {
	f, err := os.CreateTemp(b.dir, "incoming-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = download(ctx, digest, f, get)
	if err == nil {
		err = f.Chmod(0o700)
	}
	syscall.ForkLock.RLock() // a fork that is under way has the file open for writing, which would make it "text file busy"
	e := f.Close()
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("program %s: %w", digest, err)
	}
	b.evict()
	return os.Rename(f.Name(), path)
}

// evict removes the programs that were not used for longest.
func (b *blobs) evict() {
	type program struct {
		path string
		used time.Time
	}
	var all []program
	entries, _ := os.ReadDir(b.dir) // without a listing nothing is removed
	for _, e := range entries {
		if info, err := e.Info(); err == nil && checkDigest(e.Name()) == nil {
			all = append(all, program{filepath.Join(b.dir, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(x, y program) int { return cmp.Or(y.used.Compare(x.used), cmp.Compare(x.path, y.path)) })
	for i := keepPrograms - 1; i < len(all); i++ {
		os.Remove(all[i].path) // a process that runs it is not disturbed
	}
}

// read returns a small blob, which is not kept.
func (b *blobs) read(ctx context.Context, digest string, get fetch) ([]byte, error) {
	if err := checkDigest(digest); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err := download(ctx, digest, &buf, get)
	return buf.Bytes(), err
}

// download copies a blob and checks its digest.
func download(ctx context.Context, digest string, to io.Writer, get fetch) error {
	sum := sha256.New()
	if _, err := get(ctx, digest, 0, io.MultiWriter(to, sum)); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("what the JobManager sent has digest %s", got)
	}
	return nil
}

// fetch reads a blob from the leader; when there is a new one, it goes on there.
func (t *TaskManager) fetch(ctx context.Context, digest string, offset int64, w io.Writer) (int64, error) {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		var client rpc.JobManagerClient
		t.call(func() {
			if t.session != nil {
				client = t.session.client
			}
		})
		if client != nil {
			n, err := receive(ctx, client, digest, offset, w)
			offset += n
			if c := status.Code(err); err == nil || c == codes.NotFound || c == codes.Unknown || c == codes.InvalidArgument {
				return offset, err
			}
		}
		if !t.sleep(ctx, wait) {
			return offset, context.Cause(ctx)
		}
	}
}

func receive(ctx context.Context, client rpc.JobManagerClient, digest string, offset int64, w io.Writer) (n int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Fetch(ctx, &rpc.FetchRequest{Digest: digest, Offset: offset})
	if err != nil {
		return 0, err
	}
	for {
		c, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		k, err := w.Write(c.Data)
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
}
