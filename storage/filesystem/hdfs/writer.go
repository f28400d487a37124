package hdfs

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

const (
	closeWindow = time.Minute      // how long Close waits for replicas
	placeWindow = 10 * time.Second // three heartbeats: a NameNode that has just begun knows DataNodes before it knows their disks
	blockTries  = 5                // of finding DataNodes for a block
)

// writer implements filesystem.Writer.
type writer struct {
	fs   *fileSystem
	ctx  context.Context
	path string

	data        *datanode.Client
	id          uint64 // inode
	replication int
	blockSize   int64
	excluded    exclusions
	previous    *wire.Block  // the last block that is complete
	block       *blockStream // nil: none is being written

	broken error // the file cannot be completed any more
	closed bool
	err    error // of Close
	ended  bool  // the lease has been let go
}

// create makes the file with the replication and block size of the configuration, else the NameNode's.
func (w *writer) create() (lost bool, err error) {
	there, err := w.fs.client.reach(w.ctx)
	if err != nil {
		return false, err
	}
	site := w.fs.client.conf
	w.data = there.data
	replication, err := site.Bytes("dfs.replication", int64(there.defaults.GetReplication()))
	if err != nil {
		return false, err
	}
	w.replication = int(replication)
	if w.blockSize, err = site.Bytes("dfs.blocksize", int64(there.defaults.GetBlockSize())); err != nil {
		return false, err
	}
	var status *wire.FileStatus
	lost, err = w.fs.client.call(w.ctx, func(nn *namenode.Client) (err error) {
		status, err = nn.Create(w.ctx, namenode.NewFile{
			Path: w.path, Holder: w.fs.client.lease.holder, Replication: uint32(w.replication), BlockSize: uint64(w.blockSize),
		})
		return err
	})
	if class, _, _ := exception(err); class == "UnknownCryptoProtocolVersionException" {
		return false, errEncrypted
	}
	if err != nil {
		return lost, err
	}
	w.id = status.GetFileId()
	return false, w.refuse(status)
}

// refuse removes a file of which others would expect stripes or ciphertext.
func (w *writer) refuse(status *wire.FileStatus) error {
	var reason error
	switch {
	case status.GetEcPolicy() != nil:
		reason = errErasureCoded
	case status.GetFileEncryption() != nil:
		reason = errEncrypted
	default:
		return nil
	}
	if err := w.fs.Remove(context.WithoutCancel(w.ctx), w.path); err != nil {
		return errors.Join(reason, err)
	}
	return reason
}

// fail makes the error of a call.
func (w *writer) fail(op string, err error) error {
	if class, _, _ := exception(err); class == "LeaseExpiredException" {
		err = errors.Join(errTaken, err)
	}
	err = w.fs.fail(op, w.path, err)
	var failed *filesystem.PathError
	if _, _, remote := exception(err); !remote && errors.As(err, &failed) && failed.Kind == filesystem.ErrBusy {
		failed.Remedy = "check that the NameNode and enough DataNodes are up and can be reached from here, and write the file again"
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
	for n < len(p) && err == nil {
		if w.block == nil {
			if err = w.begin(); err != nil {
				break
			}
		}
		var took int
		took, err = w.block.write(p[n:])
		n += took
		if err == nil && w.block.size == w.blockSize {
			err = w.finish()
		}
	}
	if err != nil {
		w.broken = w.fail("write", err)
	}
	return n, w.broken
}

// begin adds a block to the file and connects to its DataNodes; those that cannot be reached are replaced.
func (w *writer) begin() error {
	var failures []error
	for range blockTries {
		located, err := w.addBlock()
		if err != nil {
			return errors.Join(append([]error{err}, failures...)...)
		}
		block, err := newBlockStream(w, located)
		if err == nil {
			w.block = block
			return nil
		}
		if ctxErr := w.ctx.Err(); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
		w.fs.client.log.Info("hdfs: a block gets other DataNodes", "path", w.fs.url(w.path), "error", err)
		failures = append(failures, err)
		w.exclude(located, err)
		if err := w.abandon(located.GetB()); err != nil {
			return errors.Join(append([]error{err}, failures...)...)
		}
	}
	return errors.Join(append([]error{errNodes}, failures...)...)
}

// addBlock waits a while for DataNodes that can take a block.
func (w *writer) addBlock() (*wire.LocatedBlock, error) {
	clock := w.fs.client.clock
	begin, pause := clock.now(), firstBackoff
	for {
		located, err := w.place()
		if !isWithoutTarget(err) || clock.now().Sub(begin) >= placeWindow {
			return located, err
		}
		if ctxErr := clock.sleep(w.ctx, pause); ctxErr != nil {
			return nil, errors.Join(ctxErr, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// place asks for a block, and avoids DataNodes that have failed other files if it can.
func (w *writer) place() (*wire.LocatedBlock, error) {
	now := w.fs.client.clock.now()
	own, suspects := w.excluded.list(now), w.fs.client.suspects.list(now)
	all := slices.Clone(own)
	for _, n := range suspects {
		if !slices.ContainsFunc(all, is(n)) {
			all = append(all, n)
		}
	}
	located, err := w.addBlockWithout(all)
	if len(suspects) > 0 && isWithoutTarget(err) {
		return w.addBlockWithout(own)
	}
	return located, err
}

func (w *writer) addBlockWithout(nodes []*wire.DatanodeInfo) (located *wire.LocatedBlock, err error) {
	request := &wire.AddBlockRequest{Src: &w.path, ClientName: &w.fs.client.lease.holder, Previous: w.previous, ExcludeNodes: nodes, FileId: &w.id}
	_, err = w.fs.client.call(w.ctx, func(nn *namenode.Client) (err error) {
		located, err = nn.AddBlock(w.ctx, request)
		return err
	})
	return located, err
}

func (w *writer) abandon(b *wire.Block) error {
	_, err := w.fs.client.call(w.ctx, func(nn *namenode.Client) error {
		return nn.AbandonBlock(w.ctx, &wire.AbandonBlockRequest{B: b, Src: &w.path, Holder: &w.fs.client.lease.holder, FileId: &w.id})
	})
	return err
}

// finish completes the block that is being written.
func (w *writer) finish() error {
	b := w.block
	if b == nil {
		return nil
	}
	w.block = nil
	defer b.free()
	if err := b.end(); err != nil {
		return err
	}
	w.previous = proto.CloneOf(b.located.GetB())
	w.previous.NumBytes = proto.Uint64(uint64(b.size))
	return nil
}

// Sync makes all that was written durable: the DataNodes have it on their disks, and who opens the file now reads it.
// (Hadoop: hsync with UPDATE_LENGTH)
func (w *writer) Sync() error {
	switch {
	case w.closed:
		return w.fail("write", os.ErrClosed)
	case w.broken != nil || w.block == nil:
		return w.broken
	}
	err := w.block.sync()
	if err == nil {
		_, err = w.fs.client.call(w.ctx, func(nn *namenode.Client) error {
			return nn.Fsync(w.ctx, w.path, w.fs.client.lease.holder, w.id, w.block.size)
		})
	}
	if err != nil {
		w.broken = w.fail("write", err)
	}
	return w.broken
}

func (w *writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	w.err = w.broken
	if w.err == nil {
		err := w.finish()
		if err == nil {
			err = w.complete()
		}
		w.err = w.fail("close", err)
	}
	w.end()
	return w.err
}

// complete asks the NameNode to close the file until it has seen the replicas.
func (w *writer) complete() error {
	clock := w.fs.client.clock
	begin, pause := clock.now(), firstBackoff/4
	request := &wire.CompleteRequest{Src: &w.path, ClientName: &w.fs.client.lease.holder, Last: w.previous, FileId: &w.id}
	for {
		var done bool
		_, err := w.fs.client.call(w.ctx, func(nn *namenode.Client) (err error) {
			done, err = nn.Complete(w.ctx, request)
			return err
		})
		if err != nil || done {
			return err
		}
		if clock.now().Sub(begin) >= closeWindow {
			return errReplicating
		}
		if err := clock.sleep(w.ctx, pause); err != nil {
			return errors.Join(err, errReplicating)
		}
		pause = min(2*pause, maxBackoff)
	}
}

func (w *writer) Abort() error {
	if w.closed && w.err == nil {
		return nil
	}
	if !w.closed {
		w.closed, w.err = true, w.fail("close", errAborted)
	}
	w.end()
	err := w.fs.Remove(context.WithoutCancel(w.ctx), w.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return err
}

// end lets go of what the file has needed.
func (w *writer) end() {
	if w.ended {
		return
	}
	w.ended = true
	if w.block != nil {
		w.block.free()
		w.block = nil
	}
	w.fs.client.lease.release()
}

// replacement is when a DataNode of a pipeline that fails is replaced.
type replacement struct {
	always, never, bestEffort bool
}

func newReplacement(c conf.Conf) replacement {
	const key = "dfs.client.block.write.replace-datanode-on-failure."
	policy := c.Get(key+"policy", "DEFAULT")
	return replacement{
		never: !c.Bool(key+"enable", true) || policy == "NEVER", always: policy == "ALWAYS", bestEffort: c.Bool(key+"best-effort", false),
	}
}

// wanted tells whether a block of a file with so many replicas gets another DataNode when so many are left. Synced data should
// not be lost with the next one. (Hadoop: ReplaceDatanodeOnFailure)
func (r replacement) wanted(replication, left int, synced bool) bool {
	switch {
	case r.never || left >= replication:
		return false
	case r.always:
		return true
	}
	return replication >= 3 && (left <= replication/2 || synced)
}
