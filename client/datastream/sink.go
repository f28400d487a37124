package datastream

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/connector/discard"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/connector/printer"
	"github.com/leatproject/leat/storage/connector/socket"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

// Sink is the end of a stream; its methods name and configure the operator that writes.
type Sink struct {
	env  *Environment
	node *node
}

// Name sets the operator's name.
func (s *Sink) Name(name string) *Sink {
	s.node.Name = name
	return s
}

// UID sets the operator's name for state.
func (s *Sink) UID(uid string) *Sink {
	s.node.UID = uid
	return s
}

// UIDHash sets the operator's id in savepoints: see Stream.UIDHash.
func (s *Sink) UIDHash(hash string) *Sink {
	s.node.UIDHash = hash
	return s
}

// Parallelism sets the number of writers.
func (s *Sink) Parallelism(n int) *Sink {
	setParallelism(s.env, s.node, n)
	return s
}

// WriteTo writes the stream to a sink for records of its type.
func (s *Stream[T]) WriteTo(to sink.Sink, name string) *Sink {
	n := sinkNode(s.env, to, name)
	connect(n, s, 0)
	return &Sink{s.env, s.env.add(n)}
}

// sinkNode is the node that writes to a sink, without its input.
func sinkNode(env *Environment, to sink.Sink, name string) *node {
	n := &node{Node: graph.Node{Kind: graph.Sink, Name: "Sink: " + name},
		operator: func(operator.Mode) operator.Operator { return &operator.SinkWriter{Sink: to} }}
	_, n.ConcurrentAttempts = to.(sink.ConcurrentAttempts)
	if two, ok := to.(sink.TwoPhase); ok {
		n.coordinator = func() operator.Coordinator { return &operator.CommitCoordinator{Sink: two} }
	}
	if x, ok := to.(sink.Exclusive); ok {
		env.claim(n, x.Owns())
	}
	return n
}

// claim notes what a sink owns outside the program, which no other sink may.
func (e *Environment) claim(n *node, owns string) {
	for _, o := range e.nodes {
		if owns != "" && o.owns == owns {
			e.fail(fmt.Errorf("%q and %q would both own the %s: give each its own", o.Name, n.Name, owns))
		}
	}
	n.owns = owns
}

// writeChecked is WriteTo for a sink that could perhaps not be made.
func writeChecked[T any](s *Stream[T], to sink.Sink, err error, name string) *Sink {
	if err != nil {
		s.env.fail(err)
		to = discard.NewSink()
	}
	return s.WriteTo(to, name)
}

// Print writes each record as a line to standard output, after the identifier, if one is given, and the number of the
// sub-task, if there are several.
func (s *Stream[T]) Print(identifier ...string) *Sink {
	return s.print(os.Stdout, identifier, "Print to Std. Out")
}

// PrintToErr is Print to standard error.
func (s *Stream[T]) PrintToErr(identifier ...string) *Sink {
	return s.print(os.Stderr, identifier, "Print to Std. Err")
}

func (s *Stream[T]) print(to io.Writer, identifier []string, name string) *Sink {
	return s.WriteTo(printer.NewSink[T](to, strings.Join(identifier, " ")), name)
}

// Discard drops the records.
func (s *Stream[T]) Discard() *Sink { return s.WriteTo(discard.NewSink(), "Discard") }

// Compression is how the parts of a file sink are compressed: NoCompression, Gzip or Zstd.
type Compression = format.Compression

// The compressions that can be written.
const (
	NoCompression Compression = format.None
	Gzip          Compression = format.Gzip
	Zstd          Compression = format.Zstd
)

// Rolling says when a part is full: by size in bytes, by number of records, by age.
type Rolling = file.Rolling

// FileSinkOptions are the options of sinks that write files. The zero value is right for most.
type FileSinkOptions struct {
	// Overwrite replaces what is there: in BATCH all parts in the directory, in STREAMING parts of the same names. Without
	// it a part that exists is an error.
	Overwrite bool
	// Replace puts the output of a job in BATCH in the place of the whole directory, such as a partition dt=2026-11-20, so that a
	// run may be repeated: readers see the old or the new, never parts of both. The hidden file _written.json in it says what was
	// written.
	Replace bool
	// Compression of the parts.
	Compression Compression
	// Rolling says when the next part is begun; by default a sub-task writes one.
	Rolling Rolling
	// Prefix of the names of parts; "part" when empty. Suffix is put behind them, before that of the compression.
	Prefix, Suffix string
}

// CSVSinkOptions are the options of WriteCSV.
type CSVSinkOptions struct {
	FileSinkOptions
	CSVFormat
}

// WriteText writes each record as a line, as Print does, into files DIR/part-SUBTASK-N. They are hidden until the job has
// finished and then become visible by rename. At most one options value is given.
func WriteText[T any](s *Stream[T], dir string, options ...FileSinkOptions) *Sink {
	return writeFiles(s, dir, textOf[T](), only(s.env, options), "Text")
}

// WriteCSV writes records as CSV into files, as WriteText. T is a struct, whose fields are the columns, or []string; see
// format.CSV.
func WriteCSV[T any](s *Stream[T], dir string, options ...CSVSinkOptions) *Sink {
	o := only(s.env, options)
	f, err := format.NewCSV[T](o.CSVFormat)
	if err != nil {
		return writeChecked(s, nil, err, "CSV")
	}
	return writeFiles(s, dir, f, o.FileSinkOptions, "CSV")
}

// WriteJSON writes records as JSON lines into files, as WriteText; see format.JSON.
func WriteJSON[T any](s *Stream[T], dir string, options ...FileSinkOptions) *Sink {
	f, err := format.NewJSON[T](format.JSONOptions{})
	if err != nil {
		return writeChecked(s, nil, err, "JSON")
	}
	return writeFiles(s, dir, f, only(s.env, options), "JSON")
}

// only returns the one value of options, or the zero value.
func only[O any](env *Environment, options []O) (o O) {
	if len(options) > 1 {
		env.fail(fmt.Errorf("%d option values given to one sink: give one", len(options)))
	}
	if len(options) > 0 {
		o = options[0]
	}
	return o
}

func writeFiles[T any](s *Stream[T], dir string, e format.Encoder[T], o FileSinkOptions, name string) *Sink {
	to, err := file.NewSink(dir, e, file.SinkOptions[T]{Prefix: o.Prefix, Suffix: o.Suffix, Compression: o.Compression,
		Rolling: o.Rolling, Overwrite: o.Overwrite, Replace: o.Replace, Clock: s.env.clock})
	return writeChecked(s, to, err, name)
}

// textOf encodes records as lines: strings as they are, others by their String method or as fmt prints them.
func textOf[T any]() format.Encoder[T] {
	switch any((*T)(nil)).(type) {
	case *string:
		return any(format.Text{}).(format.Encoder[T])
	case fmt.Stringer:
		return format.Lines[T](func(dst []byte, row *T) []byte { return append(dst, any(row).(fmt.Stringer).String()...) })
	}
	return format.Lines[T](func(dst []byte, row *T) []byte { return fmt.Append(dst, *row) })
}

// WriteToSocket writes each record as a line, as Print does, to a TCP connection; after a lost connection records may
// arrive twice.
func WriteToSocket[T any](s *Stream[T], host string, port int, r Reconnect) *Sink {
	if r.Clock == nil {
		r.Clock = s.env.clock
	}
	to, err := socket.NewSink(host, port, textOf[T](), r)
	return writeChecked(s, to, err, "Socket").Parallelism(1)
}
