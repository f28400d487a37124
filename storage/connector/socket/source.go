package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// Source reads rows of type T from a TCP connection. It ends when the server closes the connection and no attempt to
// reconnect is left, or with an error when the connection breaks.
type Source[T any] struct {
	address string
	format  format.StreamFormat[T]
	options SourceOptions
}

// SourceOptions are the options of a Source.
type SourceOptions struct {
	Reconnect Reconnect
	// Malformed is the policy for records that cannot be read.
	Malformed format.Policy
}

var _ source.Source = (*Source[string])(nil)

// NewSource returns a source that connects to host and port. Lines as strings are format.Text{}.
func NewSource[T any](host string, port int, f format.StreamFormat[T], o SourceOptions) (*Source[T], error) {
	address, err := addressOf(host, port)
	if err != nil {
		return nil, fmt.Errorf("socket source: %w", err)
	}
	return &Source[T]{address, f, o}, nil
}

func addressOf(host string, port int) (string, error) {
	if port < 1 || port > 65535 {
		return "", fmt.Errorf("port %d of host %q is not between 1 and 65535", port, host)
	}
	return net.JoinHostPort(host, fmt.Sprint(port)), nil
}

// Boundedness implements source.Source.
func (s *Source[T]) Boundedness() source.Boundedness { return source.Unbounded }

// NewEnumerator implements source.Source.
func (s *Source[T]) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	return &enumerator{address: s.address}, nil
}

// NewReader implements source.Source.
func (s *Source[T]) NewReader(_ context.Context, env source.Env) (source.Reader, error) {
	return &reader[T]{
		format: s.format, malformed: s.options.Malformed.Handler(env), dialer: newDialer(s.address, s.options.Reconnect, env.Logger),
	}, nil
}

// enumerator hands out the one split. Its position is whether it has.
type enumerator struct {
	address string
	done    bool
}

func (e *enumerator) Next(context.Context) ([]source.Split, error) {
	if e.done {
		return nil, source.ErrDone
	}
	e.done = true
	return []source.Split{{ID: e.address}}, source.ErrDone
}

func (e *enumerator) Snapshot() ([]byte, error) {
	if e.done {
		return []byte{1}, nil
	}
	return nil, nil
}

func (e *enumerator) Restore(position []byte) error {
	e.done = len(position) > 0
	return nil
}

func (e *enumerator) Close() error { return nil }

// reader reads one connection after the other.
type reader[T any] struct {
	format    format.StreamFormat[T]
	malformed func(raw []byte, err *format.RecordError) error
	dialer    dialer
	split     source.Split
	conn      net.Conn // nil when it is lost
	lost      error    // why
	rows      format.Reader[T]
}

// Open implements source.Reader.
func (r *reader[T]) Open(ctx context.Context, s source.Split) error {
	r.split = s
	return r.connect(ctx)
}

func (r *reader[T]) connect(ctx context.Context) (err error) {
	if r.conn, err = r.dialer.connect(ctx); err != nil {
		return err
	}
	r.rows, err = r.format.NewReader(format.Input{
		Bytes: r.conn, Path: "socket " + r.dialer.address, Interactive: true, Malformed: r.malformed,
	})
	return err
}

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	for {
		if r.conn == nil {
			if err := r.reconnect(ctx); err != nil {
				return r.split, err
			}
		}
		stop := interrupt(ctx, r.conn)
		before := out.Len()
		rows, err := r.rows.Read(column.Rows[T](out), out.RowLimit())
		stop()
		column.SetRows(out, rows)
		if ctx.Err() != nil {
			return r.split, context.Cause(ctx)
		}
		if err != nil {
			var record *format.RecordError
			if errors.As(err, &record) {
				return r.split, err
			}
			r.lost = err
			if err := r.Close(); err != nil {
				return r.split, fmt.Errorf("close socket %s: %w", r.dialer.address, err)
			}
		}
		if len(rows) > before {
			r.dialer.failed = 0
			return r.split, nil
		}
	}
}

// reconnect follows a lost connection. It returns ErrDone when the server closed it and no attempt is left.
func (r *reader[T]) reconnect(ctx context.Context) error {
	again, err := r.dialer.again(ctx, r.lost)
	switch {
	case err != nil:
		return err
	case again:
		return r.connect(ctx)
	case r.lost == io.EOF:
		return source.ErrDone
	}
	return fmt.Errorf("%w; allow reconnect attempts if connections may break", r.lost)
}

// Close implements source.Reader.
func (r *reader[T]) Close() error {
	if r.conn == nil {
		return nil
	}
	err := r.conn.Close()
	r.conn = nil
	return err
}
