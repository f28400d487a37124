package hdfs

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/leatproject/leat/storage/filesystem"
)

const (
	closeWindow   = time.Minute // how long Close waits for replicas
	abortDeadline = 5 * time.Second
)

// libraryWriter is what is used of *hdfs.FileWriter.
type libraryWriter interface {
	Write(p []byte) (int, error)
	SetDeadline(t time.Time) error
	Close() error
}

// writer implements filesystem.Writer.
type writer struct {
	fs      *fileSystem
	ctx     context.Context
	path    string
	session *session
	file    libraryWriter
	size    int64

	broken error // of a Write: the file cannot be completed any more
	closed bool
	err    error // of Close
	ended  bool  // file and session have been let go
}

// create makes the file with the replication and block size of the configuration, else the NameNode's.
func (w *writer) create(c *hdfs.Client) error {
	defaults, err := c.ServerDefaults()
	if err != nil {
		return err
	}
	replication, blockSize := defaults.Replication, defaults.BlockSize
	conf := w.fs.client.conf
	if n, err := strconv.Atoi(conf["dfs.replication"]); err == nil && n > 0 {
		replication = n
	}
	if n, err := strconv.ParseInt(conf["dfs.blocksize"], 10, 64); err == nil && n > 0 {
		blockSize = n
	}
	w.file, err = c.CreateFile(w.path, replication, blockSize, 0o644)
	return err
}

func (w *writer) fail(op string, err error) error {
	err = w.fs.fail(op, w.path, err)
	var failed *filesystem.PathError
	if _, _, remote := exception(err); !remote && errors.As(err, &failed) && failed.Kind == filesystem.ErrBusy {
		failed.Remedy = "a DataNode or the NameNode failed during the write; write the file again"
	}
	return err
}

func (w *writer) Write(p []byte) (n int, err error) {
	switch {
	case w.closed:
		return 0, w.fail("write", os.ErrClosed)
	case w.broken != nil:
		return 0, w.broken
	case len(p) == 0:
		return 0, nil
	}
	if err := w.ctx.Err(); err != nil {
		return 0, w.fail("write", err)
	}
	n, err = w.file.Write(p)
	w.size += int64(n)
	if err != nil {
		w.broken = w.fail("write", err)
	}
	return n, w.broken
}

func (w *writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.broken != nil { // the library would complete what it has
		w.err = w.broken
		return w.err
	}
	w.err = w.fail("close", w.complete())
	w.end()
	return w.err
}

// complete closes the last block and asks the NameNode to close the file until it has seen the replicas. The library marks
// errors of the second part as *os.PathError; only that part can be repeated.
func (w *writer) complete() error {
	clock := w.fs.client.clock
	begin, pause := clock.now(), firstBackoff/2
	var lost bool
	for {
		err := w.file.Close()
		if err == nil {
			return nil
		}
		var second *os.PathError
		if !errors.As(err, &second) {
			return err
		}
		if lost && w.isComplete(err) {
			return nil
		}
		replicating := hdfs.IsErrReplicating(err)
		lost = lost || !replicating
		if !replicating && isPermanent(err) || clock.now().Sub(begin) >= closeWindow {
			return err
		}
		if ctxErr := clock.sleep(w.ctx, pause); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// isComplete tells whether an earlier request to close the file was carried out though its answer was lost.
func (w *writer) isComplete(err error) bool {
	if class, _, _ := exception(err); class != "LeaseExpiredException" {
		return false
	}
	info, err := w.fs.stat(w.ctx, w.path)
	return err == nil && info.Size() == w.size
}

func (w *writer) Abort() error {
	if w.closed && w.err == nil {
		return nil
	}
	w.giveUp()
	ctx := context.WithoutCancel(w.ctx)
	_, err := w.fs.client.call(ctx, func(c *hdfs.Client) error { return c.Remove(w.path) })
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return w.fail("remove", err)
}

// giveUp ends the transfer of a file that will be removed. The library has no such call: a transfer that is well is ended
// properly, for else it leaves a goroutine behind.
func (w *writer) giveUp() {
	if w.ended {
		return
	}
	deadline := time.Now().Add(abortDeadline)
	if w.broken != nil {
		deadline = time.Unix(1, 0)
	}
	w.file.SetDeadline(deadline) // the file is given up
	w.file.Close()               // the file is given up
	if !w.closed {
		w.closed, w.err = true, w.fail("close", errAborted)
	}
	w.end()
}

// end releases the session: the library's writer is not used any more.
func (w *writer) end() {
	w.ended = true
	w.fs.client.release(w.session)
}
