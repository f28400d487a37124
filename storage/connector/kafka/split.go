package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/leatproject/leat/storage/source"
)

var errDamaged = errors.New("damaged or written by another version; start without this state")

// noStop is the stop of a split that is read for ever.
const noStop = math.MaxInt64

// split is a partition, the offset of the record to be read next and the one to stop before.
type split struct {
	partition  TopicPartition
	next, stop int64
}

// encode writes a version, next and stop as varints, the partition as uvarint and the topic.
func (s split) encode() []byte {
	b := make([]byte, 1, 1+3*binary.MaxVarintLen64+len(s.partition.Topic))
	b[0] = 1
	b = binary.AppendVarint(b, s.next)
	b = binary.AppendVarint(b, s.stop)
	b = binary.AppendUvarint(b, uint64(s.partition.Partition))
	return append(b, s.partition.Topic...)
}

func (s split) split() source.Split {
	return source.Split{ID: s.partition.String(), Data: s.encode()}
}

func decodeSplit(from source.Split) (s split, err error) {
	damaged := fmt.Errorf("kafka split %q: data of %d bytes: %w", from.ID, len(from.Data), errDamaged)
	b := from.Data
	if len(b) == 0 || b[0] != 1 {
		return s, damaged
	}
	b = b[1:]
	for _, to := range []*int64{&s.next, &s.stop} {
		v, n := binary.Varint(b)
		if n <= 0 {
			return s, damaged
		}
		*to, b = v, b[n:]
	}
	p, n := binary.Uvarint(b)
	if n <= 0 || p > math.MaxInt32 {
		return s, damaged
	}
	s.partition = TopicPartition{string(b[n:]), int32(p)}
	return s, nil
}
