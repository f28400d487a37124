package datanode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// A packet is its length (uint32: itself, checksums and data), the length of its header (uint16), the header, the checksums of
// the data's chunks, and the data.
const (
	packetStart = 6
	maxHeader   = 128
	maxPacket   = 16 << 20
	sumSize     = 4
)

var errPacket = errors.New("a packet that cannot be understood")

var (
	errChecksum = errors.New("the checksum is wrong: the data were damaged on the DataNode or on their way")
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// sums is how checksums of chunks are made. The zero value has none.
type sums struct {
	chunk int // bytes
	table *crc32.Table
}

func newSums(c *wire.Checksum) (sums, error) {
	const maxChunk = 1 << 20
	s := sums{chunk: int(c.GetBytesPerChecksum())}
	switch c.GetType() {
	case wire.ChecksumType_CHECKSUM_NULL:
		return sums{}, nil
	case wire.ChecksumType_CHECKSUM_CRC32:
		s.table = crc32.IEEETable
	case wire.ChecksumType_CHECKSUM_CRC32C:
		s.table = castagnoli
	}
	if s.table == nil || s.chunk <= 0 || s.chunk > maxChunk {
		return sums{}, fmt.Errorf("%w: checksums of type %d for each %d bytes", errPacket, c.GetType(), c.GetBytesPerChecksum())
	}
	return s, nil
}

// size is how many bytes the checksums of n bytes take.
func (s sums) size(n int) int {
	if s.table == nil {
		return 0
	}
	return (n + s.chunk - 1) / s.chunk * sumSize
}

// check compares data with their checksums.
func (s sums) check(checksums, data []byte) error {
	for s.table != nil && len(data) > 0 {
		n := min(s.chunk, len(data))
		if crc32.Checksum(data[:n], s.table) != binary.BigEndian.Uint32(checksums) {
			return errChecksum
		}
		checksums, data = checksums[sumSize:], data[n:]
	}
	return nil
}

// packetHeader is the header of a packet that was received.
type packetHeader struct {
	offset, seqno   int64
	checksums, data int // bytes
	last            bool
}

// readHeader takes the header of the next packet.
func readHeader(in *window) (h packetHeader, err error) {
	start, err := in.peek(packetStart)
	if err != nil {
		return h, err
	}
	length, size := int64(binary.BigEndian.Uint32(start)), int(binary.BigEndian.Uint16(start[4:]))
	if length < 4 || length > maxPacket || size > maxHeader {
		return h, fmt.Errorf("%w: %d bytes, with a header of %d", errPacket, length, size)
	}
	encoded, err := in.peek(packetStart + size)
	if err != nil {
		return h, err
	}
	m := &wire.PacketHeader{}
	if err := proto.Unmarshal(encoded[packetStart:], m); err != nil {
		return h, fmt.Errorf("%w: %w", errPacket, err)
	}
	in.skip(packetStart + size)
	h = packetHeader{offset: m.GetOffsetInBlock(), seqno: m.GetSeqno(), data: int(m.GetDataLen()), last: m.GetLastPacketInBlock()}
	h.checksums = int(length) - 4 - h.data
	if h.data < 0 || h.checksums < 0 || h.offset < 0 {
		return h, fmt.Errorf("%w: %d bytes of data in %d, from %d", errPacket, h.data, length, h.offset)
	}
	return h, nil
}

// ChunkSize is how many bytes a checksum covers in what Packets carry, and PacketSize how many bytes of data they hold.
const (
	ChunkSize  = 512
	PacketSize = 128 * ChunkSize
)

// dataStart is where the data begin in the memory of a Packet: behind room for the header and the checksums, which end there.
const dataStart = packetStart + maxHeader + PacketSize/ChunkSize*sumSize

// Packet is a part of a block that is written. It is filled, sealed, and then sent, maybe more than once.
type Packet struct {
	Offset int64 // of the data in the block
	Last   bool  // the block ends; there are no data
	Sync   bool  // DataNodes write to their disks what they have of the block

	memory []byte
	limit  int // bytes of data that it may hold
	used   int
	begin  int // of the sealed bytes in memory
}

var packets = sync.Pool{New: func() any { return &Packet{memory: make([]byte, dataStart+PacketSize)} }}

// NewPacket returns an empty packet that begins at an offset of the block. One that begins within a chunk ends with it, or
// DataNodes refuse it.
func NewPacket(offset int64) *Packet {
	p := packets.Get().(*Packet)
	p.Reset(offset)
	return p
}

// Reset makes a packet empty, as NewPacket would.
func (p *Packet) Reset(offset int64) {
	*p = Packet{Offset: offset, memory: p.memory, limit: PacketSize}
	if within := int(offset % ChunkSize); within != 0 {
		p.limit = ChunkSize - within
	}
}

// Free gives the memory back.
func (p *Packet) Free() { packets.Put(p) }

// Fill appends as much of data as there is room for.
func (p *Packet) Fill(data []byte) int {
	n := copy(p.memory[dataStart+p.used:dataStart+p.limit], data)
	p.used += n
	return n
}

// Full tells whether there is no more room, and End is where in the block the data end.
func (p *Packet) Full() bool { return p.used == p.limit }

// End is where in the block the data end.
func (p *Packet) End() int64 { return p.Offset + int64(p.used) }

// Seal makes the bytes that are sent.
func (p *Packet) Seal(seqno int64) error {
	data := p.memory[dataStart : dataStart+p.used]
	sumsLength := (p.used + ChunkSize - 1) / ChunkSize * sumSize
	at := dataStart - sumsLength
	for i, left := at, data; len(left) > 0; i += sumSize {
		n := min(ChunkSize, len(left))
		binary.BigEndian.PutUint32(p.memory[i:], crc32.Checksum(left[:n], castagnoli))
		left = left[n:]
	}
	m := &wire.PacketHeader{
		OffsetInBlock: &p.Offset, Seqno: &seqno, LastPacketInBlock: &p.Last, DataLen: proto.Int32(int32(p.used)),
	}
	if p.Sync {
		m.SyncBlock = &p.Sync
	}
	header, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	p.begin = at - len(header) - packetStart
	binary.BigEndian.PutUint32(p.memory[p.begin:], uint32(4+sumsLength+p.used))
	binary.BigEndian.PutUint16(p.memory[p.begin+4:], uint16(len(header)))
	copy(p.memory[p.begin+packetStart:], header)
	return nil
}

func (p *Packet) bytes() []byte { return p.memory[p.begin : dataStart+p.used] }
