package file

import (
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/storage/sink"
)

// committable is a finished hidden file and the name that it is to have. Both are empty for a sub-task without output.
type committable struct {
	// whole tells that the sub-task's output is committed at once, as in BATCH.
	whole          bool
	hidden, target string
}

func (c committable) encode() sink.Committable {
	b := []byte{1, 0}
	if c.whole {
		b[1] = 1
	}
	b = binary.AppendUvarint(b, uint64(len(c.hidden)))
	b = append(b, c.hidden...)
	return append(b, c.target...)
}

func decodeCommittable(b sink.Committable) (c committable, err error) {
	if len(b) < 3 || b[0] != 1 {
		return c, fmt.Errorf("file sink: committable of %d bytes: %w", len(b), errDamaged)
	}
	n, k := binary.Uvarint(b[2:])
	rest := b[2+max(k, 0):]
	if k <= 0 || n > uint64(len(rest)) {
		return c, fmt.Errorf("file sink: committable of %d bytes: %w", len(b), errDamaged)
	}
	return committable{b[1] == 1, string(rest[:n]), string(rest[n:])}, nil
}
