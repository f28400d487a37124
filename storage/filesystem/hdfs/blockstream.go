package hdfs

import (
	"context"
	"errors"
	"sync"

	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// inFlight is how many packets may be sent and not acknowledged, as in Hadoop.
const inFlight = 80

var errAcknowledgement = errors.New("an acknowledgement of a packet that was not sent")

// blockStream writes one block to a pipeline of DataNodes, and goes on with the others when one of them fails. One goroutine
// owns it; acknowledgements come from another.
type blockStream struct {
	w       *writer
	located *wire.LocatedBlock // as the pipeline is now
	size    int64              // written
	packet  *datanode.Packet   // being filled; may be nil
	seqno   int64              // of the next packet
	sent    int64              // the end of what was sent
	closing bool               // all is acknowledged, and the block is being ended
	synced  bool               // some of it was promised to be durable

	pipeline *datanode.Pipeline
	stop     func() bool // of the context's end

	mu         sync.Mutex
	changed    *sync.Cond
	unacked    []*datanode.Packet
	first      int64              // seqno of the first of them
	acked      int64              // the end of what was acknowledged
	spare      []*datanode.Packet // whose memory can be used again
	generation int                // of the pipeline; what earlier ones tell does not count
	failed     error              // of the pipeline
	recoveries int                // since the last acknowledgement
}

func newBlockStream(w *writer, located *wire.LocatedBlock) (*blockStream, error) {
	b := &blockStream{w: w, located: located}
	b.changed = sync.NewCond(&b.mu)
	if err := b.connect(datanode.Setup{Block: located, MaxSize: w.blockSize}); err != nil {
		return nil, err
	}
	b.stop = context.AfterFunc(w.ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.changed.Broadcast()
	})
	return b, nil
}

// connect makes a pipeline.
func (b *blockStream) connect(s datanode.Setup) error {
	b.mu.Lock()
	b.generation++
	b.failed = nil
	now := b.generation
	b.mu.Unlock()
	p, err := b.w.data.Write(b.w.ctx, s, datanode.Events{
		Acked:  func(seqno int64) { b.acknowledged(now, seqno) },
		Failed: func(err error) { b.fail(now, err) },
	})
	if err == nil {
		b.pipeline = p
	}
	return err
}

func (b *blockStream) acknowledged(generation int, seqno int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if generation != b.generation || b.failed != nil {
		return
	}
	if len(b.unacked) == 0 || seqno != b.first {
		b.failLocked(&datanode.NodeError{Address: "of the pipeline", Err: errAcknowledgement})
		return
	}
	b.popLocked()
	b.recoveries = 0
	b.changed.Signal()
}

func (b *blockStream) popLocked() {
	p := b.unacked[0]
	b.acked = p.End()
	b.spare = append(b.spare, p)
	b.unacked = b.unacked[1:]
	b.first++
}

func (b *blockStream) fail(generation int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if generation == b.generation {
		b.failLocked(err)
	}
}

func (b *blockStream) failLocked(err error) {
	if b.failed == nil {
		b.failed = err
	}
	b.changed.Broadcast()
}

// write takes some of p, as far as the block has room.
func (b *blockStream) write(p []byte) (n int, err error) {
	p = p[:min(int64(len(p)), b.w.blockSize-b.size)]
	for n < len(p) {
		if b.packet == nil {
			b.packet = b.newPacket(b.size)
		}
		took := b.packet.Fill(p[n:])
		n += took
		b.size += int64(took)
		if b.packet.Full() {
			if err := b.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (b *blockStream) newPacket(offset int64) *datanode.Packet {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.spare); n > 0 {
		p := b.spare[n-1]
		b.spare = b.spare[:n-1]
		p.Reset(offset)
		return p
	}
	return datanode.NewPacket(offset)
}

// flush sends the packet that is being filled.
func (b *blockStream) flush() error {
	p := b.packet
	if p == nil {
		return nil
	}
	b.packet = nil
	return b.send(p)
}

func (b *blockStream) send(p *datanode.Packet) error {
	if err := p.Seal(b.seqno); err != nil {
		return err
	}
	b.seqno++
	b.mu.Lock()
	for len(b.unacked) >= inFlight && b.failed == nil && b.w.ctx.Err() == nil {
		b.changed.Wait()
	}
	if err := b.w.ctx.Err(); err != nil {
		b.mu.Unlock()
		return err
	}
	b.unacked = append(b.unacked, p)
	b.sent = max(b.sent, p.End())
	failed := b.failed
	b.mu.Unlock()
	if failed == nil {
		failed = b.pipeline.Send(p)
	}
	if failed == nil {
		return nil
	}
	return b.recover(failed)
}

// drain waits until all that was sent is acknowledged.
func (b *blockStream) drain() error {
	for {
		b.mu.Lock()
		for len(b.unacked) > 0 && b.failed == nil && b.w.ctx.Err() == nil {
			b.changed.Wait()
		}
		left, failed := len(b.unacked), b.failed
		b.mu.Unlock()
		if left == 0 {
			return nil
		}
		if err := b.w.ctx.Err(); err != nil {
			return err
		}
		if err := b.recover(failed); err != nil {
			return err
		}
	}
}

// sync has the DataNodes write what they have to their disks.
func (b *blockStream) sync() error {
	if b.packet == nil {
		b.packet = b.newPacket(b.size)
	}
	b.packet.Sync, b.synced = true, true
	if err := b.flush(); err != nil {
		return err
	}
	return b.drain()
}

// end completes the block.
func (b *blockStream) end() error {
	if err := b.flush(); err != nil {
		return err
	}
	if err := b.drain(); err != nil {
		return err
	}
	b.closing = true
	last := b.newPacket(b.size)
	last.Last = true
	if err := b.send(last); err != nil {
		return err
	}
	return b.drain()
}

// free ends the connection and gives memory back.
func (b *blockStream) free() {
	b.stop()
	b.pipeline.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.generation++ // whatever is still told does not count
	for _, p := range append(b.spare, b.unacked...) {
		p.Free()
	}
	if b.packet != nil {
		b.packet.Free()
	}
	b.spare, b.unacked, b.packet = nil, nil, nil
}
