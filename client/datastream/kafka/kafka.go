package kafka

import (
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/discard"
	"github.com/leatproject/leat/storage/connector/kafka"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/format"
)

// The types of topics, see storage/connector/kafka.
type (
	// SourceOptions are the options of Read.
	SourceOptions[T any] = kafka.SourceOptions[T]
	// SinkOptions are the options of Write.
	SinkOptions[T any] = kafka.SinkOptions[T]
	// Deserializer makes rows of a record.
	Deserializer[T any] = kafka.Deserializer[T]
	// Serializer makes a record of a row.
	Serializer[T any] = kafka.Serializer[T]
	// Record is a record with all that Kafka keeps of it.
	Record = kafka.Record
	// Header is a header of a record.
	Header = kafka.Header
	// TopicPartition is a partition of a topic.
	TopicPartition = kafka.TopicPartition
	// Offsets says where reading begins or ends.
	Offsets = kafka.Offsets
	// Reset says what to do where an offset is missing.
	Reset = kafka.Reset
	// Guarantee says what is in the topics after failures.
	Guarantee = kafka.Guarantee
)

// The resets and guarantees.
const (
	ResetNone     = kafka.ResetNone
	ResetEarliest = kafka.ResetEarliest
	ResetLatest   = kafka.ResetLatest

	AtLeastOnce = kafka.AtLeastOnce
	NoGuarantee = kafka.NoGuarantee
	ExactlyOnce = kafka.ExactlyOnce
)

// ReadProperties reads a file of properties as Kafka's own tools take them, which keeps passwords out of programs and command
// lines. It must be there on each machine that the job runs on.
func ReadProperties(path string) (map[string]string, error) { return kafka.ReadProperties(path) }

// Earliest is the first record that is there.
func Earliest() Offsets { return kafka.Earliest() }

// Latest is behind the last record that is there when the job begins.
func Latest() Offsets { return kafka.Latest() }

// Committed are the offsets of the group, and reset where it has none.
func Committed(reset Reset) Offsets { return kafka.Committed(reset) }

// Timestamp is the first record at or after t.
func Timestamp(t time.Time) Offsets { return kafka.Timestamp(t) }

// Specific are the given offsets, and the earliest for other partitions.
func Specific(offsets map[TopicPartition]int64) Offsets { return kafka.Specific(offsets) }

// Strings takes the values of records as text.
var Strings Deserializer[string] = kafka.Strings

// Bytes takes the values of records.
var Bytes Deserializer[[]byte] = kafka.Bytes

// Records takes whole records.
var Records Deserializer[Record] = kafka.Records

// Read reads topics. The source shows as "Source: Kafka" and the topics.
func Read[T any](env *datastream.Environment, o SourceOptions[T]) *datastream.Stream[T] {
	if o.Clock == nil {
		o.Clock = env.Clock()
	}
	if o.Logger == nil {
		o.Logger = env.Logger()
	}
	name := "Kafka " + strings.Join(o.Topics, ", ") + o.Pattern
	src, err := kafka.NewSource(o)
	if err != nil {
		env.Fail(err)
		return datastream.FromSource[T](env, slice.FromSlice[T](nil), name)
	}
	return datastream.FromSource[T](env, src, name)
}

// ReadJSON is Read of values in JSON; see format.JSON. It sets o.Deserialize.
func ReadJSON[T any](env *datastream.Environment, o SourceOptions[T]) *datastream.Stream[T] {
	var err error
	if o.Deserialize, err = kafka.JSON[T](); err != nil {
		env.Fail(err)
		return datastream.FromSource[T](env, slice.FromSlice[T](nil), "Kafka")
	}
	return Read(env, o)
}

// Write writes a stream to topics. The sink shows as "Sink: Kafka" and the topic.
func Write[T any](s *datastream.Stream[T], o SinkOptions[T]) *datastream.Sink {
	if o.Logger == nil {
		o.Logger = s.Environment().Logger()
	}
	to, err := kafka.NewSink(o)
	if err != nil {
		s.Environment().Fail(err)
		return s.WriteTo(discard.NewSink(), "Kafka")
	}
	return s.WriteTo(to, "Kafka "+o.Topic)
}

// JSON writes rows as JSON values without keys; see format.JSON. A type that JSON cannot hold is an error with the first row.
func JSON[T any]() Serializer[T] {
	f, err := format.NewJSON[T](format.JSONOptions{})
	if err != nil {
		return func(*T, *Record) error { return err }
	}
	return kafka.Values[T](f)
}

// Text writes rows as text.
func Text(row *string, r *Record) error {
	r.Value = []byte(*row)
	return nil
}

// Keyed is s with keys, by which records go to partitions.
func Keyed[T any](s Serializer[T], key func(row *T) []byte) Serializer[T] { return kafka.Keyed(s, key) }
