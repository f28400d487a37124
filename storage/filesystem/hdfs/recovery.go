package hdfs

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// maxRecoveries is how often the pipeline of a block is made anew without a packet getting through.
const maxRecoveries = 5

// recover makes a pipeline of the DataNodes that have not failed and sends again what was not acknowledged. Its steps are
// Hadoop's: without the bad one, perhaps with another in its place, a new generation stamp by which the NameNode tells what
// the bad one has from what the others will, and the NameNode is told who they are.
func (b *blockStream) recover(cause error) error {
	w := b.w
	for {
		b.pipeline.Close()
		if err := w.ctx.Err(); err != nil {
			return errors.Join(err, cause)
		}
		b.mu.Lock()
		if b.failed != nil {
			cause = b.failed // what the DataNodes say is better than that the connection is broken
		}
		b.generation++ // an acknowledgement that comes now would not be in what the next pipeline is told to have
		b.recoveries++
		tries := b.recoveries
		b.mu.Unlock()
		if tries > maxRecoveries {
			return fmt.Errorf("given up after %d times: %w", maxRecoveries, cause)
		}
		if err := b.remove(cause); err != nil {
			return err
		}
		w.fs.client.log.Warn("hdfs: a block goes on with other DataNodes", "path", w.fs.url(w.path), "block", b.located.GetB().GetBlockId(),
			"left", len(b.located.GetLocs()), "error", cause)
		if err := b.replace(); err != nil {
			return errors.Join(err, cause)
		}
		var node *datanode.NodeError
		cause = b.rebuild()
		if cause == nil || !errors.As(cause, &node) {
			return cause
		}
	}
}

// remove takes the DataNode that has failed out of the pipeline.
func (b *blockStream) remove(cause error) error {
	var node *datanode.NodeError
	if !errors.As(cause, &node) {
		return cause
	}
	if datanode.IsStale(cause) {
		return nil // there is nothing wrong with it
	}
	b.w.exclude(b.located, cause)
	now := proto.CloneOf(b.located)
	if i := node.Index; i < len(now.Locs) {
		now.Locs = slices.Delete(now.Locs, i, i+1)
		if i < len(now.StorageTypes) {
			now.StorageTypes = slices.Delete(now.StorageTypes, i, i+1)
		}
		if i < len(now.StorageIds) {
			now.StorageIds = slices.Delete(now.StorageIds, i, i+1)
		}
	}
	b.located = now
	if len(now.Locs) == 0 {
		return fmt.Errorf("%w: none is left that has the block: %w", errNodes, cause)
	}
	return nil
}

// replace adds a DataNode to the pipeline, if the policy wants it, and has the data copied to it.
func (b *blockStream) replace() error {
	w := b.w
	policy := newReplacement(w.fs.client.conf)
	if b.closing || !policy.wanted(w.replication, len(b.located.GetLocs()), b.synced) {
		return nil
	}
	err := b.addNode()
	if err != nil && policy.bestEffort {
		w.fs.client.log.Warn("hdfs: a block goes on with fewer DataNodes", "path", w.fs.url(w.path), "error", err)
		return nil
	}
	return err
}

func (b *blockStream) addNode() error {
	w := b.w
	var failures []error
	not := w.excluded.list(w.fs.client.clock.now())
	for range blockTries {
		var more *wire.LocatedBlock
		_, err := w.fs.client.call(w.ctx, func(nn *namenode.Client) (err error) {
			more, err = nn.AdditionalDatanode(w.ctx, &wire.GetAdditionalDatanodeRequest{
				Src: &w.path, Blk: b.ackedBlock(), Existings: b.located.GetLocs(), Excludes: not,
				NumAdditionalNodes: proto.Uint32(1), ClientName: &w.fs.client.lease.holder, ExistingStorageUuids: b.located.GetStorageIds(), FileId: &w.id,
			})
			return err
		})
		if err != nil {
			return errors.Join(append([]error{err}, failures...)...)
		}
		at := slices.IndexFunc(more.GetLocs(), func(n *wire.DatanodeInfo) bool { return !slices.ContainsFunc(b.located.GetLocs(), is(n)) })
		if at < 0 || at >= len(more.GetStorageIds()) || at >= len(more.GetStorageTypes()) {
			return fmt.Errorf("%w: the NameNode knows no other", errNodes)
		}
		from := b.located.GetLocs()[len(failures)%len(b.located.GetLocs())]
		copied := proto.CloneOf(more)
		copied.B = b.ackedBlock()
		if err = w.data.Transfer(w.ctx, from, copied, more.Locs[at:at+1], more.StorageTypes[at:at+1], more.StorageIds[at:at+1]); err == nil {
			more.B, b.located = b.located.B, more
			return nil
		}
		if w.ctx.Err() != nil {
			return err
		}
		failures = append(failures, err)
		not = append(not, more.Locs[at]) // or is it the source? There, another is next
	}
	return errors.Join(append([]error{errNodes}, failures...)...)
}

// ackedBlock is the block with the length that all DataNodes have.
func (b *blockStream) ackedBlock() *wire.Block {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := proto.CloneOf(b.located.GetB())
	out.NumBytes = proto.Uint64(uint64(b.acked))
	return out
}

// rebuild makes the pipeline of what is in located and sends again. A *datanode.NodeError is another failure of that kind.
func (b *blockStream) rebuild() error {
	w := b.w
	old := b.ackedBlock()
	var fresh *wire.LocatedBlock
	_, err := w.fs.client.call(w.ctx, func(nn *namenode.Client) (err error) {
		fresh, err = nn.UpdateBlockForPipeline(w.ctx, old, w.fs.client.lease.holder)
		return err
	})
	if err != nil {
		return err
	}
	b.located = proto.CloneOf(b.located)
	b.located.BlockToken = fresh.GetBlockToken()
	stamp := fresh.GetB().GetGenerationStamp()
	acked := int64(old.GetNumBytes())
	err = b.connect(datanode.Setup{
		Block: b.located, MaxSize: w.blockSize, Recovery: true, Closing: b.closing, Acked: acked, Sent: b.sent, Stamp: stamp,
	})
	if err != nil {
		return err
	}
	request := &wire.UpdatePipelineRequest{ClientName: &w.fs.client.lease.holder, OldBlock: old, NewBlock: proto.CloneOf(old), StorageIds: b.located.GetStorageIds()}
	request.NewBlock.GenerationStamp = &stamp
	for _, n := range b.located.GetLocs() {
		request.NewNodes = append(request.NewNodes, n.GetId())
	}
	if _, err := w.fs.client.call(w.ctx, func(nn *namenode.Client) error { return nn.UpdatePipeline(w.ctx, request) }); err != nil {
		return err
	}
	b.located.B = request.NewBlock
	return b.resend()
}

// resend sends what was not acknowledged. To end a block the new pipeline was enough.
func (b *blockStream) resend() error {
	b.mu.Lock()
	again := slices.Clone(b.unacked)
	if b.closing {
		for len(b.unacked) > 0 {
			b.popLocked()
		}
		again = nil
	}
	b.mu.Unlock()
	for _, p := range again {
		if err := b.pipeline.Send(p); err != nil {
			return err
		}
	}
	return nil
}
