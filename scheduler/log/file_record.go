package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A record is: length of the payload (4 bytes), CRC32C of the rest (4), kind (1), index (8), payload; little endian.
const recordHeader = 17

const (
	recordEntry byte = 1
	recordTerm  byte = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeRecord(kind byte, index uint64, payload []byte) []byte {
	b := make([]byte, recordHeader, recordHeader+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(len(payload)))
	b[8] = kind
	binary.LittleEndian.PutUint64(b[9:], index)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b
}

type record struct {
	kind    byte
	index   uint64
	payload []byte
	size    int
}

var (
	errTorn    = errors.New("torn record")
	errDamaged = errors.New("damaged record")
)

// decodeRecord reads the record at the beginning of b. It is torn if it can be what a crash leaves of the last write: no record
// follows, and it reaches to the end of b or beyond, or nothing but zeros come after it.
func decodeRecord(b []byte) (record, error) {
	if r, ok := wholeRecord(b); ok {
		return r, nil
	}
	tail := b
	for len(tail) > 0 && tail[len(tail)-1] == 0 {
		tail = tail[:len(tail)-1]
	}
	if len(tail) > recordHeader+MaxEntry {
		return record{}, errDamaged
	}
	for at := 1; at < len(tail); at++ {
		if _, ok := wholeRecord(b[at:]); ok {
			return record{}, errDamaged
		}
	}
	return record{}, errTorn
}

func wholeRecord(b []byte) (record, bool) {
	if len(b) < recordHeader || b[8] != recordEntry && b[8] != recordTerm {
		return record{}, false
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n > MaxEntry || recordHeader+n > len(b) || crc32.Checksum(b[8:recordHeader+n], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return record{}, false
	}
	return record{b[8], binary.LittleEndian.Uint64(b[9:]), b[recordHeader : recordHeader+n], recordHeader + n}, true
}

func encodeTerm(term uint64) []byte { return binary.LittleEndian.AppendUint64(nil, term) }

func decodeTerm(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("term of %d bytes: %w", len(b), errDamaged)
	}
	return binary.LittleEndian.Uint64(b), nil
}
