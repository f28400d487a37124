package datastream

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/connector/socket"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// FromSource reads a source whose records are of type T.
func FromSource[T any](env *Environment, src source.Source, name string) *Stream[T] {
	return fromSource[T](env, src, name, nil, 0)
}

func fromSource[T any](env *Environment, src source.Source, name string, watermarks *operator.WatermarkStrategy[T], fixed int) *Stream[T] {
	return newSource[T](env, &node{
		Node:        graph.Node{Name: "Source: " + name, Bounded: src.Boundedness() == source.Bounded},
		operator:    func(operator.Mode) operator.Operator { return &operator.Source[T]{Source: src, Watermarks: watermarks} },
		coordinator: func() operator.Coordinator { return &operator.SplitCoordinator{Source: src} },
		fixed:       fixed,
	})
}

// FromSlice reads the given values, in order, by one sub-task.
func FromSlice[T any](env *Environment, values ...T) *Stream[T] {
	return fromSource[T](env, slice.FromSlice(values), "Slice", nil, 1)
}

// FromSequence reads the numbers from first to last, both included.
func FromSequence(env *Environment, first, last int64) *Stream[int64] {
	return fromSource[int64](env, slice.FromSequence(first, last), "Sequence", nil, 0)
}

// ReadTextFile reads the lines of files: paths, directories (all files below, except names that begin with . or _) or
// patterns. Files that end in .gz, .zst or .bz2 are decompressed.
func ReadTextFile(env *Environment, paths ...string) *Stream[string] {
	src, err := file.NewSource(paths, format.Text{}, file.SourceOptions{})
	if err != nil {
		env.fail(err)
	}
	return fromSource[string](env, src, "Text", nil, 0)
}

// SocketText reads lines from a TCP connection until the other side closes it.
func SocketText(env *Environment, host string, port int) *Stream[string] {
	src, err := socket.NewSource(host, port, format.Text{}, socket.SourceOptions{})
	if err != nil {
		env.fail(err)
	}
	return fromSource[string](env, src, "Socket", nil, 1)
}
