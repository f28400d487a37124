package worker

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/storage/connector/collect"
)

// CollectedPrefix begins the name by which the rows of a Collect are read; the node's number follows.
const CollectedPrefix = "collect-"

// A collector takes the blocks of rows that a Collect sends; an empty one is the end. It may block until ctx ends.
type collector interface {
	take(ctx context.Context, block []byte) error
	// abort drops what was taken; after the end it does nothing.
	abort()
}

// collector returns what takes the rows of an attempt. In a bounded job they are written to a file, which becomes a blob at the
// end of the input, and the attempt's result is its digest: what the program gets is what the finished attempt has made, once.
// A job without end offers them to be read while it runs, from a feed.
func (w *worker) collector(r *running, n *graph.Node) collector {
	if w.job.Bounded() {
		return &collectedFile{w: w, r: r, name: fmt.Sprint("collected-", n.ID, "-", r.attempt.Number)}
	}
	return w.feeds.begin(n.ID, r.attempt.Number)
}

// collectedFile is the collector of a bounded job.
type collectedFile struct {
	w     *worker
	r     *running
	name  string
	file  *os.File
	out   *bufio.Writer
	sum   hash.Hash
	frame []byte
}

func (c *collectedFile) path() string { return filepath.Join(c.w.start.Directory, c.name) }

func (c *collectedFile) take(ctx context.Context, block []byte) error {
	if c.file == nil {
		f, err := os.OpenFile(c.path(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("keeping collected rows: %w (io.tmp.dirs)", err)
		}
		c.file, c.out, c.sum = f, bufio.NewWriterSize(f, 64<<10), sha256.New()
	}
	if len(block) == 0 {
		return c.finish(ctx)
	}
	c.frame = collect.AppendFrame(c.frame[:0], block)
	c.sum.Write(c.frame)
	if _, err := c.out.Write(c.frame); err != nil {
		return fmt.Errorf("keeping collected rows: %w (io.tmp.dirs)", err)
	}
	return nil
}

// finish stores the file.
func (c *collectedFile) finish(ctx context.Context) error {
	if err := errors.Join(c.out.Flush(), c.file.Close()); err != nil {
		return fmt.Errorf("keeping collected rows: %w (io.tmp.dirs)", err)
	}
	digest := hex.EncodeToString(c.sum.Sum(nil))
	if err := c.w.transfers.move(ctx, c.w.link, &rpc.BlobRequest{Digest: digest, File: c.name, Store: true}); err != nil {
		return fmt.Errorf("storing collected rows: %w", err)
	}
	c.r.collect(digest)
	return os.Remove(c.path())
}

func (c *collectedFile) abort() {
	if c.file != nil {
		c.file.Close()
		os.Remove(c.path()) // the TaskManager removes the whole folder in the end
	}
}

// feedWindow is how many bytes may wait for a reader before the sink is held up.
const feedWindow = 4 << 20

// feeds are what the Collects of a job without end offer, by node.
type feeds struct {
	mu   sync.Mutex
	open map[int]*feed
}

// feed is a window of the rows of one attempt. Its offsets begin at the attempt's number times 2^48, so a reader notices that
// another attempt has begun.
type feed struct {
	all  *feeds
	node int

	mu     sync.Mutex
	at     int64 // offset of the front of window
	window bytes.Buffer
	change chan struct{} // closed when anything changes
}

func (f *feeds) begin(node int, attempt int32) *feed {
	x := &feed{all: f, node: node, at: int64(attempt) << 48, change: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[node] = x
	return x
}

func (f *feeds) of(node int) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open[node]
}

func (f *feed) take(ctx context.Context, block []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.window.Len() > 0 && f.window.Len()+len(block) > feedWindow {
		change := f.change
		f.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
		}
		f.mu.Lock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(block) > 0 {
		f.window.Write(collect.AppendFrame(nil, block))
		f.changed()
	}
	return nil
}

func (f *feed) changed() {
	close(f.change)
	f.change = make(chan struct{})
}

func (f *feed) abort() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.all.open[f.node] == f {
		delete(f.all.open, f.node)
	}
}

// read drops what is before offset, which the reader has got, and returns what follows, waiting until ctx ends.
func (f *feed) read(ctx context.Context, offset int64, limit int) (b []byte, at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := offset - f.at; n > 0 && n <= int64(f.window.Len()) {
		f.window.Next(int(n))
		f.at = offset
		f.changed()
	}
	for f.window.Len() == 0 && ctx.Err() == nil {
		change := f.change
		f.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
		}
		f.mu.Lock()
	}
	return bytes.Clone(f.window.Bytes()[:min(limit, f.window.Len())]), f.at
}

// readCollected answers a request for rows. It does not block.
func (w *worker) readCollected(q *rpc.LogRequest) {
	w.group.Go(func() {
		ctx, cancel := context.WithTimeout(w.ctx, time.Duration(q.WaitMillis)*time.Millisecond)
		defer cancel()
		a := &rpc.LogReply{Request: q.Request, Offset: q.Offset}
		node, err := strconv.Atoi(strings.TrimPrefix(q.Name, CollectedPrefix))
		if err != nil {
			a.Error = fmt.Sprintf("%q names no operator", q.Name)
		} else if f := w.feeds.of(node); f != nil {
			a.Data, a.Offset = f.read(ctx, q.Offset, int(q.Limit))
		}
		_ = w.link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Read{Read: a}}) // a broken link ends the worker
	})
}
