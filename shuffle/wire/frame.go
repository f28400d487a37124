package wire

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pierrec/lz4/v4"
	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/storage/column"
)

// Append appends a frame with a body of any kind; h's Length and Sum are set here.
func Append(dst []byte, h Header, body []byte) []byte {
	h.Length, h.Sum = uint32(len(body)), xxh3.Hash(body)
	at := len(dst)
	dst = slices.Grow(dst, HeaderSize+len(body))[:at+HeaderSize]
	h.Put(dst[at:])
	return append(dst, body...)
}

// AppendSummed is Append for a body whose checksum h has already: a frame that is passed on.
func AppendSummed(dst []byte, h Header, body []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, HeaderSize+len(body))[:at+HeaderSize]
	h.Put(dst[at:])
	return append(dst, body...)
}

// AppendBatch appends rows lo to hi of b as one frame of the given channel and sequence. compress asks for LZ4, which is
// left out where it saves nothing. On an error, dst comes back as it was.
func AppendBatch(dst []byte, channel, sequence uint32, b *column.Batch, lo, hi int, compress bool) ([]byte, error) {
	at := len(dst)
	dst = slices.Grow(dst, HeaderSize)[:at+HeaderSize]
	dst, err := b.AppendWire(dst, lo, hi)
	if err != nil {
		return dst[:at], err
	}
	h := Header{Count: uint32(hi - lo), Channel: channel, Sequence: sequence, Type: Batch}
	if len(dst)-at-HeaderSize > MaxBody {
		return dst[:at], fmt.Errorf("%d rows take %d bytes, which exceeds the %d of a frame: make the rows smaller", hi-lo, len(dst)-at-HeaderSize, MaxBody)
	}
	if compress {
		if n := compressTail(&dst, at+HeaderSize); n > 0 {
			h.Flags = LZ4
		}
	}
	body := dst[at+HeaderSize:]
	h.Length, h.Sum = uint32(len(body)), xxh3.Hash(body)
	h.Put(dst[at:])
	return dst, nil
}

// compressTail replaces what follows at in dst by its length and its LZ4 block if that is shorter, and returns the size
// of the block, or 0.
func compressTail(dst *[]byte, at int) int {
	raw := len(*dst) - at
	all := slices.Grow(*dst, 4+lz4.CompressBlockBound(raw))
	space := all[len(all)+4 : cap(all)]
	n, err := lz4.CompressBlock(all[at:], space, nil)
	if err != nil || n == 0 || n+4 >= raw {
		*dst = all
		return 0
	}
	binary.LittleEndian.PutUint32(all[at:], uint32(raw))
	copy(all[at+4:], space[:n])
	*dst = all[:at+4+n]
	return n
}

// AppendTime appends a Watermark of a time in milliseconds, or a Superstep or a Barrier of a number.
func AppendTime(dst []byte, t Type, channel, sequence uint32, time int64) []byte {
	var body [8]byte
	binary.LittleEndian.PutUint64(body[:], uint64(time))
	return Append(dst, Header{Channel: channel, Sequence: sequence, Type: t}, body[:])
}

// Time reads the body of a Watermark, a Superstep or a Barrier.
func Time(body []byte) (int64, error) {
	if len(body) != 8 {
		return 0, corrupt("a time or number of %d bytes", len(body))
	}
	return int64(binary.LittleEndian.Uint64(body)), nil
}

// Decoder reads the bodies of batches. It belongs to one goroutine; the zero value is ready.
type Decoder struct{ raw []byte }

// keepRaw is the largest buffer that a decoder holds on to between frames.
const keepRaw = 1 << 20

// Batch appends the rows of a frame, whose body has been checked, to b. b is unchanged on an error.
func (d *Decoder) Batch(h Header, body []byte, b *column.Batch) error {
	if h.Flags&LZ4 != 0 {
		var err error
		if body, err = d.uncompress(body); err != nil {
			return err
		}
	}
	old := b.Len()
	if err := b.DecodeWire(body); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if n := b.Len() - old; n != int(h.Count) {
		return corrupt("%d rows in a frame that announces %d", n, h.Count)
	}
	return nil
}

// uncompress returns the original body, valid until the next call.
func (d *Decoder) uncompress(body []byte) ([]byte, error) {
	if len(body) < 4 {
		return nil, corrupt("compressed body of %d bytes", len(body))
	}
	raw := int(binary.LittleEndian.Uint32(body))
	body = body[4:]
	if raw == 0 || raw > MaxBody || raw/255 > len(body) {
		return nil, corrupt("%d bytes compressed to %d", raw, len(body))
	}
	buf := d.raw
	if cap(buf) < raw {
		buf = make([]byte, raw)
		if raw <= keepRaw {
			d.raw = buf
		}
	}
	n, err := lz4.UncompressBlock(body, buf[:raw])
	if err != nil || n != raw {
		return nil, corrupt("lz4 block of %d bytes gives %d instead of %d: %v", len(body), n, raw, err)
	}
	return buf[:raw], nil
}
