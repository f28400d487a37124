package datanodetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Faults are what a node does wrong. A nil function does nothing.
type Faults struct {
	Dead   bool                                                    // refuses connections
	Refuse func(op byte, b *wire.Block) *wire.BlockOpResponse      // answers requests; nil: the request is served
	Ack    func(seqno int64, statuses []wire.Status) []wire.Status // changes acknowledgements; nil result: none is sent
	Packet func(seqno int64) error                                 // an error ends the connection before the packet is stored
	Read   func(packet []byte) []byte                              // changes what a reader is sent; a shorter one ends the connection
}

// Node is one DataNode.
type Node struct {
	Info *wire.DatanodeInfo

	mu       sync.Mutex
	faults   Faults
	replicas map[uint64]*replica
	conns    map[net.Conn]bool
	dialed   int
}

type replica struct {
	stamp     uint64
	data      []byte
	finalized bool
}

// Cluster is some DataNodes.
type Cluster struct{ Nodes []*Node }

// New returns n nodes.
func New(n int) *Cluster {
	c := &Cluster{}
	for i := range n {
		c.Nodes = append(c.Nodes, &Node{
			Info: &wire.DatanodeInfo{Id: &wire.DatanodeId{
				IpAddr: proto.String(fmt.Sprintf("10.0.0.%d", i+1)), HostName: proto.String(fmt.Sprintf("dn%d", i+1)), DatanodeUuid: proto.String(fmt.Sprintf("uuid-%d", i+1)),
				XferPort: proto.Uint32(9866), InfoPort: proto.Uint32(9864), IpcPort: proto.Uint32(9867),
			}},
			replicas: map[uint64]*replica{}, conns: map[net.Conn]bool{},
		})
	}
	return c
}

// Dial connects to a node.
func (c *Cluster) Dial(_ context.Context, _, address string) (net.Conn, error) {
	for _, n := range c.Nodes {
		if address != n.Info.GetId().GetIpAddr()+":9866" {
			continue
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.faults.Dead {
			break
		}
		client, server := net.Pipe()
		n.dialed++
		n.conns[server] = true
		go c.serve(n, server)
		return client, nil
	}
	return nil, fmt.Errorf("dial %s: connection refused", address)
}

// Set changes what a node does wrong; a dead one drops its connections, too.
func (n *Node) Set(f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = f
	for c := range n.conns {
		if f.Dead {
			c.Close() // nothing comes of its error
		}
	}
}

func (n *Node) get() Faults {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.faults
}

// Dialed is how many connections there have been.
func (n *Node) Dialed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

// Replica returns what the node has of a block that was completed under a generation stamp.
func (n *Node) Replica(b *wire.Block) ([]byte, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.replicas[b.GetBlockId()]
	if r == nil || !r.finalized || r.stamp != b.GetGenerationStamp() {
		return nil, false
	}
	return bytes.Clone(r.data), true
}

// Drop makes the node lose a block.
func (n *Node) Drop(id uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.replicas, id)
}

func (c *Cluster) serve(n *Node, conn net.Conn) {
	s := &server{cluster: c, node: n, conn: conn, in: bufio.NewReader(conn)}
	defer conn.Close() // nothing comes of its error
	for s.request() == nil {
	}
}

// server is one connection.
type server struct {
	cluster *Cluster
	node    *Node
	conn    net.Conn
	in      *bufio.Reader
}

var errEnd = errors.New("the connection ends")

func (s *server) request() error {
	var head [3]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return err
	}
	read, write, transfer := &wire.ReadBlock{}, &wire.WriteBlock{}, &wire.TransferBlock{}
	request := map[byte]proto.Message{80: write, 81: read, 86: transfer}[head[2]]
	if request == nil || head[1] != 28 {
		return errEnd
	}
	if err := s.receive(request); err != nil {
		return err
	}
	block := request.(interface{ GetHeader() *wire.OperationHeader }).GetHeader().GetBaseHeader().GetBlock()
	if refuse := s.node.get().Refuse; refuse != nil {
		if answer := refuse(head[2], block); answer != nil {
			return errors.Join(s.send(answer), errEnd)
		}
	}
	switch head[2] {
	case 80:
		return s.write(write, block)
	case 81:
		return s.read(read, block)
	}
	return s.transfer(transfer, block)
}

func (s *server) receive(m proto.Message) error {
	length, err := binary.ReadUvarint(s.in)
	if err != nil {
		return err
	}
	encoded := make([]byte, length)
	if _, err := io.ReadFull(s.in, encoded); err != nil {
		return err
	}
	return proto.Unmarshal(encoded, m)
}

func (s *server) send(m proto.Message) error {
	encoded, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = s.conn.Write(protowire.AppendBytes(nil, encoded))
	return err
}

func (s *server) refuse(text string) error {
	return errors.Join(s.send(&wire.BlockOpResponse{Status: wire.Status_ERROR.Enum(), Message: &text}), errEnd)
}

// named returns the nodes of a pipeline, this one first; nil stands for a dead one.
func (s *server) named(targets []*wire.DatanodeInfo) []*Node {
	nodes := []*Node{s.node}
	for _, t := range targets {
		var found *Node
		for _, n := range s.cluster.Nodes {
			if n.Info.GetId().GetDatanodeUuid() == t.GetId().GetDatanodeUuid() && !n.get().Dead {
				found = n
			}
		}
		nodes = append(nodes, found)
	}
	return nodes
}

func (s *server) transfer(m *wire.TransferBlock, b *wire.Block) error {
	s.node.mu.Lock()
	r := s.node.replicas[b.GetBlockId()]
	s.node.mu.Unlock()
	nodes := s.named(m.GetTargets())
	if r == nil || len(nodes) != 2 || nodes[1] == nil || uint64(len(r.data)) < b.GetNumBytes() {
		return s.refuse("no such replica or target")
	}
	nodes[1].mu.Lock()
	nodes[1].replicas[b.GetBlockId()] = &replica{stamp: r.stamp, data: bytes.Clone(r.data[:b.GetNumBytes()])}
	nodes[1].mu.Unlock()
	return s.send(&wire.BlockOpResponse{Status: wire.Status_SUCCESS.Enum()})
}

func (s *server) read(m *wire.ReadBlock, b *wire.Block) error {
	s.node.mu.Lock()
	r := s.node.replicas[b.GetBlockId()]
	var data []byte
	if r != nil {
		data = r.data
	}
	s.node.mu.Unlock()
	if r == nil || r.stamp != b.GetGenerationStamp() || m.GetOffset()+m.GetLen() > uint64(len(data)) {
		return s.refuse("no such replica")
	}
	const chunk, packet = 512, 4096
	begin := m.GetOffset() / chunk * chunk
	if err := s.send(&wire.BlockOpResponse{Status: wire.Status_SUCCESS.Enum(), ReadOpChecksumInfo: &wire.ReadOpChecksumInfo{
		ChunkOffset: &begin, Checksum: &wire.Checksum{Type: wire.ChecksumType_CHECKSUM_CRC32C.Enum(), BytesPerChecksum: proto.Uint32(chunk)},
	}}); err != nil {
		return err
	}
	end := min((m.GetOffset()+m.GetLen()+chunk-1)/chunk*chunk, uint64(len(data)))
	seqno := int64(0)
	for at := begin; ; seqno++ {
		n := min(packet, end-at)
		encoded := Packet(int64(at), seqno, n == 0, data[at:at+n])
		full := len(encoded)
		if change := s.node.get().Read; change != nil {
			encoded = change(encoded)
		}
		if _, err := s.conn.Write(encoded); err != nil || len(encoded) < full {
			return errEnd
		}
		if n == 0 {
			return s.receive(&wire.ClientReadStatus{})
		}
		at += n
	}
}

// Packet is a packet as it is sent.
func Packet(offset, seqno int64, last bool, data []byte) []byte {
	const chunk = 512
	header, err := proto.Marshal(&wire.PacketHeader{OffsetInBlock: &offset, Seqno: &seqno, LastPacketInBlock: &last, DataLen: proto.Int32(int32(len(data)))})
	if err != nil {
		panic(err) // the test's own message
	}
	var sums []byte
	for left := data; len(left) > 0; {
		n := min(chunk, len(left))
		sums = binary.BigEndian.AppendUint32(sums, crc32.Checksum(left[:n], crc32.MakeTable(crc32.Castagnoli)))
		left = left[n:]
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(sums)+len(data)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(header)))
	return append(append(append(b, header...), sums...), data...)
}

// Put gives the node a complete replica.
func (n *Node) Put(b *wire.Block, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.replicas[b.GetBlockId()] = &replica{stamp: b.GetGenerationStamp(), data: bytes.Clone(data), finalized: true}
}
