package datanode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// heartbeat is how long nothing is sent before a sign of life is: DataNodes give up after 60 s.
const heartbeat = 30 * time.Second

// heartbeatSeqno is that of a packet which is but a sign of life.
const heartbeatSeqno = -1

// NodeError is the failure of one DataNode of a pipeline.
type NodeError struct {
	Index   int  // in the pipeline
	Blamed  bool // a DataNode has named it; else it is the first one, with which the connection was
	Address string
	Err     error
}

// Error implements error.
func (e *NodeError) Error() string {
	return fmt.Sprintf("write at DataNode %s: %v", e.Address, e.Err)
}

// Unwrap implements errors.
func (e *NodeError) Unwrap() error { return e.Err }

// Setup is what a pipeline is made for.
type Setup struct {
	Block   *wire.LocatedBlock // with the DataNodes that are to store it, in their order
	MaxSize int64              // of the block

	// Recovery is set when the block has been written to by an earlier pipeline: its packets up to Acked were acknowledged
	// and those up to Sent were sent. Stamp is the new generation stamp. Closing tells that the last packet was sent.
	Recovery    bool
	Closing     bool
	Acked, Sent int64
	Stamp       uint64
}

// Pipeline is a chain of DataNodes that store one block. Packets are acknowledged in their order, by all of the chain.
type Pipeline struct {
	client *Client
	block  *wire.LocatedBlock
	conn   net.Conn
	stop   func() bool
	events Events

	writing sync.Mutex // of conn
	pulse   *time.Timer
	closed  sync.Once
}

// Events are told what becomes of the packets, by a goroutine of the pipeline.
type Events struct {
	Acked  func(seqno int64) // all DataNodes have the packet
	Failed func(error)       // a *NodeError; the pipeline is of no use any more
}

// Write makes a pipeline. Errors are of type *NodeError.
func (c *Client) Write(ctx context.Context, s Setup, events Events) (*Pipeline, error) {
	p := &Pipeline{client: c, block: s.Block, events: events}
	if len(s.Block.GetLocs()) == 0 {
		return nil, &NodeError{Address: "none", Err: errors.New("the NameNode gave no DataNode")}
	}
	conn, err := c.Dialer.DialContext(ctx, "tcp", p.address(0))
	if err != nil {
		return nil, p.failure(0, false, err)
	}
	p.conn = conn
	p.stop = context.AfterFunc(ctx, func() { conn.Close() }) // whoever uses it gets its error
	in := &window{in: conn}
	in.lease()
	response, err := request(conn, in, opWriteBlock, s.message(c))
	if err == nil {
		err = refusal(response)
	}
	if err != nil {
		in.free()
		p.Close()
		return nil, p.blame(response, err)
	}
	if s.Closing {
		in.free()
		p.Close()
		return p, nil
	}
	p.pulse = time.AfterFunc(heartbeat, p.beat)
	go p.acknowledgements(in)
	return p, nil
}

func (s *Setup) message(c *Client) *wire.WriteBlock {
	b := proto.CloneOf(s.Block.GetB())
	b.NumBytes = proto.Uint64(uint64(s.MaxSize))
	m := &wire.WriteBlock{
		Header: c.header(b, s.Block.GetBlockToken()), Targets: s.Block.GetLocs()[1:], Stage: wire.WriteBlock_PIPELINE_SETUP_CREATE.Enum(),
		PipelineSize: proto.Uint32(uint32(len(s.Block.GetLocs()))), MinBytesRcvd: proto.Uint64(0), MaxBytesRcvd: proto.Uint64(0),
		LatestGenerationStamp: proto.Uint64(0),
		RequestedChecksum:     &wire.Checksum{Type: wire.ChecksumType_CHECKSUM_CRC32C.Enum(), BytesPerChecksum: proto.Uint32(ChunkSize)},
	}
	if types := s.Block.GetStorageTypes(); len(types) > 0 {
		m.StorageType, m.TargetStorageTypes = &types[0], types[1:]
	}
	if ids := s.Block.GetStorageIds(); len(ids) > 0 {
		m.StorageId, m.TargetStorageIds = &ids[0], ids[1:]
	}
	if !s.Recovery {
		return m
	}
	m.Stage = wire.WriteBlock_PIPELINE_SETUP_STREAMING_RECOVERY.Enum()
	if s.Closing {
		m.Stage = wire.WriteBlock_PIPELINE_CLOSE_RECOVERY.Enum()
	}
	m.MinBytesRcvd, m.MaxBytesRcvd = proto.Uint64(uint64(s.Acked)), proto.Uint64(uint64(s.Sent))
	m.LatestGenerationStamp = &s.Stamp
	return m
}

func (p *Pipeline) address(i int) string { return p.client.Address(p.block.GetLocs()[i]) }

func (p *Pipeline) failure(i int, blamed bool, err error) error {
	return &NodeError{Index: i, Blamed: blamed, Address: p.address(i), Err: err}
}

// blame finds out which DataNode a response means.
func (p *Pipeline) blame(r *wire.BlockOpResponse, err error) error {
	bad := r.GetFirstBadLink()
	for i, n := range p.block.GetLocs() {
		id := n.GetId()
		if bad == fmt.Sprintf("%s:%d", id.GetIpAddr(), id.GetXferPort()) || bad == fmt.Sprintf("%s:%d", id.GetHostName(), id.GetXferPort()) {
			return p.failure(i, true, err)
		}
	}
	return p.failure(0, false, err)
}

// Send sends a packet that was sealed.
func (p *Pipeline) Send(packet *Packet) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.pulse.Reset(heartbeat)
	if _, err := p.conn.Write(packet.bytes()); err != nil {
		return p.failure(0, false, err)
	}
	return nil
}

// beat sends a sign of life.
func (p *Pipeline) beat() {
	packet := NewPacket(0)
	defer packet.Free()
	if err := packet.Seal(heartbeatSeqno); err != nil {
		return
	}
	p.Send(packet) // who waits for acknowledgements gets the error
}

// acknowledgements reads them until the pipeline ends. Then nobody shall wait to send, either.
func (p *Pipeline) acknowledgements(in *window) {
	defer in.free()
	p.events.Failed(p.acknowledge(in))
	p.conn.Close() // it is of no use any more
}

func (p *Pipeline) acknowledge(in *window) error {
	ack := &wire.PipelineAck{}
	for {
		if err := in.message(ack); err != nil {
			return p.failure(0, false, err)
		}
		bad := slices.IndexFunc(ack.GetReply(), func(s wire.Status) bool { return s != wire.Status_SUCCESS })
		switch {
		case bad >= len(p.block.GetLocs()):
			return p.failure(0, false, fmt.Errorf("%w: an acknowledgement of %d DataNodes", errMessage, len(ack.GetReply())))
		case bad >= 0:
			return p.failure(bad, true, fmt.Errorf("it answers %s", ack.GetReply()[bad]))
		case ack.GetSeqno() != heartbeatSeqno:
			p.events.Acked(ack.GetSeqno())
		}
	}
}

// Close ends the connection.
func (p *Pipeline) Close() {
	p.closed.Do(func() {
		p.stop()
		if p.pulse != nil {
			p.pulse.Stop()
		}
		p.conn.Close() // what matters has been acknowledged
	})
}

// Transfer has one DataNode copy what it has of a block that is being written to those of the targets.
func (c *Client) Transfer(ctx context.Context, from *wire.DatanodeInfo, b *wire.LocatedBlock, targets []*wire.DatanodeInfo, types []int32, ids []string) error {
	address := c.Address(from)
	conn, err := c.Dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close() // the response says it all
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in := &window{in: conn}
	in.lease()
	defer in.free()
	response, err := request(conn, in, opTransferBlock, &wire.TransferBlock{
		Header: c.header(b.GetB(), b.GetBlockToken()), Targets: targets, TargetStorageTypes: types, TargetStorageIds: ids,
	})
	if err == nil {
		err = refusal(response)
	}
	if err != nil {
		return fmt.Errorf("copy a block from DataNode %s: %w", address, err)
	}
	return nil
}
