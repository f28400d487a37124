package file

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/source"
)

// split is a range of a file and how far it has been read.
type split struct {
	path       string
	start, end int64 // bytes; an end of 0 is the end of the file
	// position is the uncompressed offset of the next record, or -1 before the first.
	position int64
}

// encode writes the position as position+1, start, end and path, all numbers as uvarints.
func (s split) encode() []byte {
	b := make([]byte, 0, 3*binary.MaxVarintLen64+len(s.path))
	b = binary.AppendUvarint(b, uint64(s.position+1))
	b = binary.AppendUvarint(b, uint64(s.start))
	b = binary.AppendUvarint(b, uint64(s.end))
	return append(b, s.path...)
}

func decodeSplit(from source.Split) (s split, err error) {
	b := from.Data
	var fields [3]int64
	for i := range fields {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return s, fmt.Errorf("file split %q: data of %d bytes: %w", from.ID, len(from.Data), errDamaged)
		}
		fields[i], b = int64(v), b[n:]
	}
	return split{path: string(b), position: fields[0] - 1, start: fields[1], end: fields[2]}, nil
}

var errDamaged = errors.New("damaged or written by another version; start without this state")
