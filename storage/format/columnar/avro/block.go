package avro

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// block is records of a file that are stored together. Its memory is used again.
type block struct {
	at      int64 // where it begins in the file, in bytes
	count   int64 // how many records it has; 0 when nobody knows
	records []byte
	packed  []byte
}

// next reads the next block; io.EOF behind the last. After an ErrCorrupt the one behind can be read.
func (b *block) next(f *File) error {
	b.at, b.count = f.in.offset, 0
	if f.end > 0 && b.at-syncSize >= f.end {
		return io.EOF
	}
	f.in.head, b.packed = f.in.head[:0], b.packed[:0]
	var sync [syncSize]byte
	count, err := f.in.long()
	if err == io.EOF {
		return err
	}
	if err == nil {
		err = b.body(f, count, &sync)
	}
	if err = short(err); errors.Is(err, ErrCorrupt) { // the next block is behind the marker that is next
		f.in.unread(slices.Concat(f.in.head, b.packed))
		if lost := f.in.seek(f.sync[:], f.end); lost != nil && lost != io.EOF {
			return lost
		}
	}
	if err != nil {
		return err
	}
	b.count = count
	b.records, err = codecs[f.codec].decompress(b.records, b.packed)
	switch {
	case err != nil:
		return corrupt("it is no %s: %v", f.codec, err)
	case count > int64(len(b.records)) || count == 0 && len(b.records) > 0:
		b.count = 0
		return corrupt("it has %d records in %d bytes", count, len(b.records))
	}
	return nil
}

// body reads what is behind the number of the records, up to the marker. That takes no memory for what is not there, and little for what
// belongs to other blocks.
func (b *block) body(f *File, count int64, sync *[syncSize]byte) error {
	const step = 1 << 20
	size, err := f.in.long()
	if err != nil {
		return err
	}
	if count < 0 || size < 0 || size > MaxBlock {
		return corrupt("it has %d records in %d bytes", count, size)
	}
	for int64(len(b.packed)) < size {
		at := len(b.packed)
		b.packed = append(b.packed, make([]byte, min(step, size-int64(at)))...)
		n, err := io.ReadFull(&f.in, b.packed[at:])
		if b.packed = b.packed[:at+n]; err != nil {
			return err
		}
		if int64(len(b.packed)) < size && bytes.Contains(b.packed[max(0, at-syncSize):], f.sync[:]) {
			return corrupt("it has not the %d bytes that it says", size)
		}
	}
	n, err := io.ReadFull(&f.in, sync[:])
	if err == nil && *sync == f.sync {
		return nil
	}
	b.packed = append(b.packed, sync[:n]...) // where the marker may begin
	if err != nil {
		return err
	}
	return corrupt("it does not end with the marker of the file")
}
