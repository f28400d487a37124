package file

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/source"
)

// Range is what a split stands for: a range of a file and how far it has been read.
type Range struct {
	Path       string
	Start, End int64 // bytes; an End of 0 is the end of the file
	// Position is where the next record is, in the way that the format counts, or -1 before the first.
	Position int64
}

// Encode writes the position as position+1, start, end and path, all numbers as uvarints.
func (s Range) Encode() []byte {
	b := make([]byte, 0, 3*binary.MaxVarintLen64+len(s.Path))
	b = binary.AppendUvarint(b, uint64(s.Position+1))
	b = binary.AppendUvarint(b, uint64(s.Start))
	b = binary.AppendUvarint(b, uint64(s.End))
	return append(b, s.Path...)
}

// RangeOf reads the Range of a split.
func RangeOf(from source.Split) (s Range, err error) {
	b := from.Data
	var fields [3]int64
	for i := range fields {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return s, fmt.Errorf("file split %q: data of %d bytes: %w", from.ID, len(from.Data), errDamaged)
		}
		fields[i], b = int64(v), b[n:]
	}
	return Range{Path: string(b), Position: fields[0] - 1, Start: fields[1], End: fields[2]}, nil
}

var errDamaged = errors.New("damaged or written by another version; start without this state")
