package datastream

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/connector/socket"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// MalformedRecord is a record that could not be read: its bytes and why.
type MalformedRecord = operator.MalformedRecord

// MalformedPolicy says what a source does about a record that cannot be read.
type MalformedPolicy = format.Policy

// The policies. Records that are skipped are counted in the source's metric numRecordsInErrors; Malformed gives the
// stream of them.
const (
	FailOnMalformed MalformedPolicy = format.Fail
	SkipMalformed   MalformedPolicy = format.Skip
)

// Reconnect says how often a socket is connected again; see its fields.
type Reconnect = socket.Reconnect

// sourceSettings is what can still be set when the source is in the program.
type sourceSettings[T any] struct {
	watermarks *operator.WatermarkStrategy[T]
	alignment  *operator.AlignmentGroup
}

// FromSource reads a source whose records are of type T. Name shows as "Source: name".
func FromSource[T any](env *Environment, src source.Source, name string) *Stream[T] {
	return fromSources[T](env, name, 0, src)
}

// Hybrid reads several sources with records of type T one after another: one begins when the one before it has been read
// to its end by all sub-tasks. All but the last are bounded.
func Hybrid[T any](env *Environment, name string, sources ...source.Source) *Stream[T] {
	for i, s := range sources {
		if i < len(sources)-1 && s.Boundedness() == source.Unbounded {
			env.fail(fmt.Errorf("hybrid source %q: source number %d of %d is unbounded, so those after it would never be read: put it last", name, i+1, len(sources)))
		}
	}
	if len(sources) == 0 || len(sources) > operator.MaxSources {
		env.fail(fmt.Errorf("hybrid source %q has %d sources: give 1 to %d", name, len(sources), operator.MaxSources))
		sources = []source.Source{slice.FromSlice[T](nil)}
	}
	return fromSources[T](env, name, 0, sources...)
}

func fromSources[T any](env *Environment, name string, fixed int, sources ...source.Source) *Stream[T] {
	settings := new(sourceSettings[T])
	last := sources[len(sources)-1]
	return newSource[T](env, &node{
		Node: graph.Node{Name: "Source: " + name, Bounded: last.Boundedness() == source.Bounded},
		operator: func(operator.Mode) operator.Operator {
			return &operator.Source[T]{Sources: sources, Watermarks: settings.watermarks}
		},
		coordinator: func() operator.Coordinator {
			return &operator.SplitCoordinator{Sources: sources, Alignment: settings.alignment}
		},
		source: settings,
		fixed:  fixed,
	})
}

// checked is fromSources for a source that could perhaps not be made.
func checked[T any](env *Environment, name string, fixed int, src source.Source, err error) *Stream[T] {
	if err != nil {
		env.fail(err)
		src = slice.FromSlice[T](nil)
	}
	return fromSources[T](env, name, fixed, src)
}

// Malformed returns the records that source s could not read, where its policy is SkipMalformed.
func Malformed[T any](s *Stream[T]) *Stream[MalformedRecord] {
	n := s.node()
	if _, ok := n.source.(*sourceSettings[T]); !ok || len(s.from) > 1 {
		s.env.fail(fmt.Errorf("operator %q is no source, so it has no malformed records", n.Name))
	}
	return &Stream[MalformedRecord]{s.env, []origin{{node: n, port: operator.MalformedPort}}}
}

// FromSlice reads the given values, in order, by one sub-task.
func FromSlice[T any](env *Environment, values ...T) *Stream[T] {
	return fromSources[T](env, "Slice", 1, slice.FromSlice(values))
}

// FromSequence reads the numbers from first to last, both included; each sub-task reads a range of them.
func FromSequence(env *Environment, first, last int64) *Stream[int64] {
	return fromSources[int64](env, "Sequence", 0, slice.FromSequence(first, last))
}

// GeneratorOptions are the options of Generate: how many records (Count, 0 is no end) and how fast (Rate).
type GeneratorOptions = slice.GeneratorOptions

// Rate limits a generator: records per second of all sub-tasks together.
type Rate = slice.Rate

// Generate reads make(0), make(1) and so on; each sub-task makes a range of them. make is called by several goroutines.
func Generate[T any](env *Environment, make func(index int64) T, o GeneratorOptions) *Stream[T] {
	if o.Clock == nil {
		o.Clock = env.clock
	}
	src, err := slice.Generator(make, o)
	return checked[T](env, "Generator", 0, src, err)
}

// FileOptions are the options of sources that read files. The zero value is right for most.
type FileOptions struct {
	// Monitor is how often to look for new files, for ever, which makes the source unbounded; 0 reads what is there.
	Monitor time.Duration
	// SplitSize is the length in bytes of the ranges that files are cut into; 64 MiB when 0.
	SplitSize int64
	// Malformed is the policy for records that cannot be read.
	Malformed MalformedPolicy
}

func fromFiles[T any](env *Environment, name string, o FileOptions, paths []string, f format.StreamFormat[T], err error) *Stream[T] {
	if err != nil {
		return checked[T](env, name, 0, nil, err)
	}
	src, err := file.NewSource(paths, f, file.SourceOptions{SplitSize: o.SplitSize, Malformed: o.Malformed, Monitor: o.Monitor, Clock: env.clock})
	return checked[T](env, name, 0, src, err)
}

// ReadTextFile reads the lines of files: paths, directories (all files below, except names that begin with . or _) or
// patterns. Files that end in .gz, .zst or .bz2 are decompressed.
func ReadTextFile(env *Environment, paths ...string) *Stream[string] {
	return ReadText(env, TextOptions{}, paths...)
}

// TextOptions are the options of ReadText.
type TextOptions struct {
	FileOptions
	// Delimiter ends records instead of \n and \r\n; files are then not read in ranges.
	Delimiter string
	// MaxLength is the longest record in bytes; 64 MiB when 0.
	MaxLength int
}

// ReadText is ReadTextFile with options.
func ReadText(env *Environment, o TextOptions, paths ...string) *Stream[string] {
	return fromFiles[string](env, "Text", o.FileOptions, paths, format.Text{Delimiter: o.Delimiter, MaxLength: o.MaxLength}, nil)
}

// CSVFormat describes CSV files; the zero value is RFC 4180 without a header.
type CSVFormat = format.CSVOptions

// CSVOptions are the options of ReadCSV.
type CSVOptions struct {
	FileOptions
	CSVFormat
}

// ReadCSV reads CSV files as structs of type T, whose fields are the columns, or as []string; see format.CSV. Paths are as
// for ReadTextFile.
func ReadCSV[T any](env *Environment, o CSVOptions, paths ...string) *Stream[T] {
	f, err := format.NewCSV[T](o.CSVFormat)
	return fromFiles[T](env, "CSV", o.FileOptions, paths, f, err)
}

// JSONFormat describes files of JSON lines.
type JSONFormat = format.JSONOptions

// JSONOptions are the options of ReadJSON.
type JSONOptions struct {
	FileOptions
	JSONFormat
}

// ReadJSON reads files of JSON lines as values of type T; see format.JSON. Paths are as for ReadTextFile.
func ReadJSON[T any](env *Environment, o JSONOptions, paths ...string) *Stream[T] {
	f, err := format.NewJSON[T](o.JSONFormat)
	return fromFiles[T](env, "JSON", o.FileOptions, paths, f, err)
}

// SocketText reads lines from a TCP connection until the other side closes it.
func SocketText(env *Environment, host string, port int) *Stream[string] {
	return SocketTextWith(env, host, port, SocketOptions{})
}

// SocketOptions are the options of SocketTextWith.
type SocketOptions struct {
	// Reconnect says how often to connect again when there is no connection or it is lost.
	Reconnect Reconnect
	// Delimiter ends records instead of \n and \r\n.
	Delimiter string
	// MaxLength is the longest record in bytes; 64 MiB when 0.
	MaxLength int
	// Malformed is the policy for records that are longer.
	Malformed MalformedPolicy
}

// SocketTextWith is SocketText with options.
func SocketTextWith(env *Environment, host string, port int, o SocketOptions) *Stream[string] {
	if o.Reconnect.Clock == nil {
		o.Reconnect.Clock = env.clock
	}
	src, err := socket.NewSource(host, port, format.Text{Delimiter: o.Delimiter, MaxLength: o.MaxLength},
		socket.SourceOptions{Reconnect: o.Reconnect, Malformed: o.Malformed})
	return checked[string](env, "Socket", 1, src, err)
}
