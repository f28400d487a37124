package datanodetest

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// write serves a pipeline whose first node this is.
func (s *server) write(m *wire.WriteBlock, b *wire.Block) error {
	nodes := s.named(m.GetTargets())
	if i := slices.Index(nodes, nil); i >= 0 {
		bad := m.GetTargets()[i-1].GetId().GetIpAddr() + ":9866"
		return errors.Join(s.send(&wire.BlockOpResponse{Status: wire.Status_ERROR.Enum(), FirstBadLink: &bad}), errEnd)
	}
	for _, n := range nodes {
		if text := n.begin(m, b); text != "" {
			return s.refuse(text)
		}
	}
	if err := s.send(&wire.BlockOpResponse{Status: wire.Status_SUCCESS.Enum(), FirstBadLink: proto.String("")}); err != nil {
		return err
	}
	if m.GetStage() == wire.WriteBlock_PIPELINE_CLOSE_RECOVERY {
		return errEnd
	}
	for {
		last, err := s.packet(nodes, b)
		if last || err != nil {
			return errors.Join(err, errEnd)
		}
	}
}

// begin makes the replica, or takes the one of an earlier pipeline; it returns what is wrong.
func (n *Node) begin(m *wire.WriteBlock, b *wire.Block) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.replicas[b.GetBlockId()]
	switch m.GetStage() {
	case wire.WriteBlock_PIPELINE_SETUP_CREATE:
		if r != nil {
			return "the replica exists"
		}
		n.replicas[b.GetBlockId()] = &replica{stamp: b.GetGenerationStamp()}
		return ""
	case wire.WriteBlock_PIPELINE_SETUP_STREAMING_RECOVERY, wire.WriteBlock_PIPELINE_CLOSE_RECOVERY:
	default:
		return "what stage is that?"
	}
	if r == nil || r.stamp < b.GetGenerationStamp() || m.GetLatestGenerationStamp() <= b.GetGenerationStamp() {
		return "no such replica"
	}
	if have := uint64(len(r.data)); have < m.GetMinBytesRcvd() || have > m.GetMaxBytesRcvd() {
		return "the replica has another length"
	}
	r.stamp, r.data = m.GetLatestGenerationStamp(), r.data[:m.GetMinBytesRcvd()]
	r.finalized = m.GetStage() == wire.WriteBlock_PIPELINE_CLOSE_RECOVERY
	return ""
}

// packet stores a packet at all nodes and acknowledges it.
func (s *server) packet(nodes []*Node, b *wire.Block) (last bool, err error) {
	var start [6]byte
	if _, err := io.ReadFull(s.in, start[:]); err != nil {
		return false, err
	}
	rest := make([]byte, int(binary.BigEndian.Uint32(start[:]))-4+int(binary.BigEndian.Uint16(start[4:])))
	if _, err := io.ReadFull(s.in, rest); err != nil {
		return false, err
	}
	h := &wire.PacketHeader{}
	size := int(binary.BigEndian.Uint16(start[4:]))
	if err := proto.Unmarshal(rest[:size], h); err != nil {
		return false, err
	}
	data := rest[len(rest)-int(h.GetDataLen()):]
	if !intact(rest[size:len(rest)-len(data)], data) {
		return false, errors.New("checksums")
	}
	ack := &wire.PipelineAck{Seqno: h.Seqno}
	for _, n := range nodes {
		f := n.get()
		if f.Packet != nil {
			if err := f.Packet(h.GetSeqno()); err != nil {
				return false, err
			}
		}
		ack.Reply = append(ack.Reply, n.store(f.Dead, h, b, data))
	}
	if f := s.node.get(); f.Ack != nil {
		if ack.Reply = f.Ack(h.GetSeqno(), ack.Reply); ack.Reply == nil {
			return h.GetLastPacketInBlock(), nil
		}
	}
	return h.GetLastPacketInBlock(), s.send(ack)
}

func intact(sums, data []byte) bool {
	const chunk = 512
	for ; len(data) > 0; sums = sums[4:] {
		n := min(chunk, len(data))
		if len(sums) < 4 || crc32.Checksum(data[:n], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(sums) {
			return false
		}
		data = data[n:]
	}
	return len(sums) == 0
}

func (n *Node) store(dead bool, h *wire.PacketHeader, b *wire.Block, data []byte) wire.Status {
	const chunk = 512
	n.mu.Lock()
	defer n.mu.Unlock()
	r, at := n.replicas[b.GetBlockId()], h.GetOffsetInBlock()
	switch {
	case dead || r == nil:
		return wire.Status_ERROR
	case h.GetSeqno() == -1:
		return wire.Status_SUCCESS
	case at > int64(len(r.data)) || at%chunk != 0 && int64(len(data)) > chunk-at%chunk:
		return wire.Status_ERROR
	}
	r.data = append(r.data[:at], data...)
	r.finalized = h.GetLastPacketInBlock()
	return wire.Status_SUCCESS
}
