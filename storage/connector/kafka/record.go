package kafka

import (
	"bytes"
	"fmt"
	"sync"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/format"
)

// Record is a record of a topic with all that Kafka keeps of it.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	// LeaderEpoch is that of the partition's leader that wrote the record, -1 if it is not known.
	LeaderEpoch int32
	// Timestamp is in milliseconds since the epoch.
	Timestamp int64
	Headers   []Header
	// Key and Value are nil if the record has none; a nil Value is a tombstone.
	Key, Value []byte
}

// Header is a header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Deserializer appends the rows that a record holds, one, none or several, to rows. It may keep key, value and headers but not
// r, and must not change them. It is called by several goroutines at once. An error makes the record a malformed one.
type Deserializer[T any] func(r *Record, rows []T) ([]T, error)

// Strings takes the value as text. Records without one are left out.
func Strings(r *Record, rows []string) ([]string, error) {
	if r.Value == nil {
		return rows, nil
	}
	return append(rows, unsafe.String(unsafe.SliceData(r.Value), len(r.Value))), nil
}

// Bytes takes the value as it is. Records without one are left out.
func Bytes(r *Record, rows [][]byte) ([][]byte, error) {
	if r.Value == nil {
		return rows, nil
	}
	return append(rows, r.Value), nil
}

// Records takes the whole record.
func Records(r *Record, rows []Record) ([]Record, error) { return append(rows, *r), nil }

// JSON takes the value as JSON; see format.JSON. Records without one are left out.
func JSON[T any]() (Deserializer[T], error) {
	f, err := format.NewJSON[T](format.JSONOptions{})
	if err != nil {
		return nil, err
	}
	decoders := sync.Pool{New: func() any { return f.NewDecoder() }}
	return func(r *Record, rows []T) ([]T, error) {
		if r.Value == nil {
			return rows, nil
		}
		var zero T
		rows = append(rows, zero)
		d := decoders.Get().(*format.JSONDecoder[T])
		err := d.Decode(r.Value, &rows[len(rows)-1])
		decoders.Put(d)
		if err != nil {
			rows[len(rows)-1] = zero
			return rows[:len(rows)-1], err
		}
		return rows, nil
	}, nil
}

// set makes r a record of its partition as the client has fetched it.
func (r *Record) set(k *kgo.Record) {
	r.Offset, r.LeaderEpoch, r.Timestamp, r.Key, r.Value = k.Offset, k.LeaderEpoch, k.Timestamp.UnixMilli(), k.Key, k.Value
	if r.Headers != nil {
		r.Headers = nil
	}
	if len(k.Headers) > 0 {
		r.Headers = make([]Header, len(k.Headers))
		for i, h := range k.Headers {
			r.Headers[i] = Header(h)
		}
	}
}

// Serializer makes the record to be written of a row: it sets what it wants in r, whose topic is the sink's and whose timestamp
// is the row's (column.NoTime for none). Partition is left at -1 for the partitioner to choose. It is called by several
// goroutines at once, and what it sets must not change afterwards.
type Serializer[T any] func(row *T, r *Record) error

// Values writes rows as values without keys, encoded by e, whose line end is left out.
func Values[T any](e format.Encoder[T]) Serializer[T] {
	return func(row *T, r *Record) error {
		v, err := e.Append(nil, row)
		r.Value = bytes.TrimSuffix(v, []byte{'\n'})
		return err
	}
}

// Keyed is s with keys.
func Keyed[T any](s Serializer[T], key func(row *T) []byte) Serializer[T] {
	return func(row *T, r *Record) error {
		r.Key = key(row)
		return s(row, r)
	}
}

// TopicPartition is a partition of a topic.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String is TOPIC-PARTITION.
func (p TopicPartition) String() string { return fmt.Sprintf("%s-%d", p.Topic, p.Partition) }
