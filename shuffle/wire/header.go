package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/zeebo/xxh3"
)

// Version is the version of the data plane: of frames, their bodies and the preamble.
const Version = 2

// HeaderSize is the size of a frame without its body in bytes.
const HeaderSize = 32

// MaxBody is the largest body of a frame in bytes.
const MaxBody = 1 << 30

// ErrCorrupt is wrapped by every error about bytes that no sender can have written.
var ErrCorrupt = errors.New("corrupt frame")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Type tells what a frame is.
type Type uint8

// The types of frame.
const (
	// Batch carries rows. It and the control elements up to Barrier have a place in their channel's order and cost credit.
	Batch Type = iota + 1
	// Watermark has the event time as its body: 8 bytes, milliseconds.
	Watermark
	// Idle and Active have no body.
	Idle
	Active
	// End is the last frame of a channel.
	End
	// Superstep has the number of the superstep that ends as its body: 8 bytes.
	Superstep
	// Barrier has its number as its body: 8 bytes.
	Barrier
	// Credit lets the sender of Channel write Count more bytes.
	Credit
	// Open begins Channel; its body is a Channel.
	Open
	// Close tells the sender of Channel that nobody reads it any more.
	Close
	// Failure ends Channel before its end; its body says who must run again and why.
	Failure
	// Fetch asks for a blocking output; its body is a Channel by which it is to be sent and then a request.
	Fetch
	// Overtake says that a barrier, with the body of a Barrier, comes before the rows that follow on Channel: they belong to its checkpoint.
	Overtake
	types
)

var typeNames = [...]string{"none", "batch", "watermark", "idle", "active", "end", "superstep", "barrier", "credit", "open", "close", "failure", "fetch", "overtake"}

// String returns the name of t.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Ordered tells whether frames of this type have a place in their channel's order, a sequence number and a cost.
func (t Type) Ordered() bool { return t >= Batch && t <= Barrier }

// Flags change how a body is read.
type Flags uint8

// LZ4 says that the body is its length before compression (u32) and an LZ4 block.
const LZ4 Flags = 1

// Header is the beginning of a frame. On the wire, little endian:
//
//	length u32 | count u32 | channel u32 | sequence u32 | type u8 | flags u8 | version u16 | header sum u32 | body sum u64
type Header struct {
	// Length is the size of the body in bytes.
	Length uint32
	// Count is the number of rows of a Batch, or the bytes of a Credit.
	Count uint32
	// Channel is the number that the sender of rows has given to the channel.
	Channel uint32
	// Sequence counts the ordered frames of a channel from 0.
	Sequence uint32
	Type     Type
	Flags    Flags
	// Sum is the xxh3 of the body.
	Sum uint64
}

// Size is what the frame occupies with its header.
func (h *Header) Size() int { return HeaderSize + int(h.Length) }

// TypeOf is the type of a frame that Append or AppendBatch has made.
func TypeOf(frame []byte) Type { return Type(frame[16]) }

// RowsOf is how many rows are in a frame that AppendBatch has made.
func RowsOf(frame []byte) uint32 { return binary.LittleEndian.Uint32(frame[4:]) }

// Cost is what a frame, given from its header on, costs of credit: its size before compression, since that is what it
// takes at its receiver. size is what it occupies now. The frame is one that Append or AppendBatch has made.
func Cost(frame []byte) (size, cost int) {
	size = HeaderSize + int(binary.LittleEndian.Uint32(frame))
	if Flags(frame[17])&LZ4 != 0 {
		return size, HeaderSize + int(binary.LittleEndian.Uint32(frame[HeaderSize:]))
	}
	return size, size
}

// Cost is the same of a frame that has been received and checked.
func (h *Header) Cost(body []byte) int {
	if h.Flags&LZ4 != 0 && len(body) >= 4 {
		return HeaderSize + int(binary.LittleEndian.Uint32(body))
	}
	return h.Size()
}

// Put writes h to the first HeaderSize bytes of dst.
func (h *Header) Put(dst []byte) {
	_ = dst[HeaderSize-1]
	le := binary.LittleEndian
	le.PutUint32(dst, h.Length)
	le.PutUint32(dst[4:], h.Count)
	le.PutUint32(dst[8:], h.Channel)
	le.PutUint32(dst[12:], h.Sequence)
	dst[16], dst[17] = byte(h.Type), byte(h.Flags)
	le.PutUint16(dst[18:], Version)
	le.PutUint64(dst[24:], h.Sum)
	le.PutUint32(dst[20:], headerSum(dst))
}

// headerSum is the checksum of all of a header but itself.
func headerSum(b []byte) uint32 {
	return uint32(xxh3.HashSeed(b[:20], binary.LittleEndian.Uint64(b[24:])))
}

// ParseHeader reads the first HeaderSize bytes of src.
func ParseHeader(src []byte) (Header, error) {
	if len(src) < HeaderSize {
		return Header{}, corrupt("header of %d bytes", len(src))
	}
	le := binary.LittleEndian
	h := Header{Length: le.Uint32(src), Count: le.Uint32(src[4:]), Channel: le.Uint32(src[8:]), Sequence: le.Uint32(src[12:]),
		Type: Type(src[16]), Flags: Flags(src[17]), Sum: le.Uint64(src[24:])}
	if want, got := le.Uint32(src[20:]), headerSum(src); want != got {
		return Header{}, corrupt("header has checksum %08x instead of %08x", got, want)
	}
	if v := le.Uint16(src[18:]); v != Version {
		return Header{}, corrupt("frame of version %d, this program speaks version %d", v, Version)
	}
	if h.Type == 0 || h.Type >= types || h.Flags&^LZ4 != 0 || h.Length > MaxBody {
		return Header{}, corrupt("%s with flags %x and %d bytes", h.Type, h.Flags, h.Length)
	}
	return h, nil
}

// EmptySum is the checksum of a body without bytes.
var EmptySum = xxh3.Hash(nil)

// Check tells whether body is what h was written for.
func (h *Header) Check(body []byte) error {
	if sum := xxh3.Hash(body); sum != h.Sum {
		return corrupt("%s of %d bytes has checksum %016x instead of %016x", h.Type, len(body), sum, h.Sum)
	}
	return nil
}
