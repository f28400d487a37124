package printer

import (
	"context"
	"encoding"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// maxKept is the largest buffer that a writer keeps for the next batch, in bytes.
const maxKept = 1 << 20

// Sink prints rows of type T.
type Sink[T any] struct {
	identifier string
	appendRow  func(dst []byte, row *T) ([]byte, error)
	mu         sync.Mutex // of out, which all writers share
	out        io.Writer
}

var _ sink.Sink = (*Sink[string])(nil)

// NewSink returns a sink that prints to out (os.Stdout when nil, os.Stderr where asked for) and puts the identifier, which
// may be empty, before each line. A row is printed by its String or AppendText method if it has one, else as by fmt's %v.
func NewSink[T any](out io.Writer, identifier string) *Sink[T] {
	if out == nil {
		out = os.Stdout
	}
	return &Sink[T]{identifier: identifier, appendRow: appender[T](), out: out}
}

func appender[T any]() func([]byte, *T) ([]byte, error) {
	switch any(new(T)).(type) {
	case *string:
		return func(dst []byte, row *T) ([]byte, error) { return append(dst, *any(row).(*string)...), nil }
	case fmt.Stringer:
		return func(dst []byte, row *T) ([]byte, error) { return append(dst, any(row).(fmt.Stringer).String()...), nil }
	case encoding.TextAppender:
		return func(dst []byte, row *T) ([]byte, error) { return any(row).(encoding.TextAppender).AppendText(dst) }
	}
	return func(dst []byte, row *T) ([]byte, error) { return fmt.Append(dst, *row), nil }
}

func (s *Sink[T]) prefix(env sink.Env) string {
	switch {
	case env.Parallelism > 1 && s.identifier != "":
		return fmt.Sprintf("%s:%d> ", s.identifier, env.Subtask+1)
	case env.Parallelism > 1:
		return fmt.Sprintf("%d> ", env.Subtask+1)
	case s.identifier != "":
		return s.identifier + "> "
	}
	return ""
}

// NewWriter implements sink.Sink.
func (s *Sink[T]) NewWriter(_ context.Context, env sink.Env) (sink.Writer, error) {
	return &writer[T]{sink: s, prefix: s.prefix(env)}, nil
}

type writer[T any] struct {
	sink   *Sink[T]
	prefix string
	buf    []byte
}

// Write implements sink.Writer.
func (w *writer[T]) Write(_ context.Context, b *column.Batch) (err error) {
	rows := column.Rows[T](b)
	if len(rows) == 0 {
		return nil
	}
	w.buf = w.buf[:0]
	for i := range rows {
		w.buf = append(w.buf, w.prefix...)
		if w.buf, err = w.sink.appendRow(w.buf, &rows[i]); err != nil {
			return fmt.Errorf("print sink: record as text: %w", err)
		}
		w.buf = append(w.buf, '\n')
	}
	w.sink.mu.Lock()
	_, err = w.sink.out.Write(w.buf)
	w.sink.mu.Unlock()
	if cap(w.buf) > maxKept {
		w.buf = nil
	}
	if err != nil {
		return fmt.Errorf("print sink: %w", err)
	}
	return nil
}

// Flush implements sink.Writer: all was written by Write.
func (w *writer[T]) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

// Close implements sink.Writer.
func (w *writer[T]) Close() error { return nil }
