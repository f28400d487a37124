package socket

import (
	"context"
	"fmt"
	"net"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

// Sink writes rows of type T to a TCP connection, one for each sub-task.
type Sink[T any] struct {
	address   string
	encoder   format.Encoder[T]
	reconnect Reconnect
}

var _ sink.Sink = (*Sink[string])(nil)

// NewSink returns a sink that connects to host and port.
func NewSink[T any](host string, port int, encoder format.Encoder[T], r Reconnect) (*Sink[T], error) {
	address, err := addressOf(host, port)
	if err != nil {
		return nil, fmt.Errorf("socket sink: %w", err)
	}
	return &Sink[T]{address, encoder, r}, nil
}

// NewWriter implements sink.Sink.
func (s *Sink[T]) NewWriter(ctx context.Context, env sink.Env) (sink.Writer, error) {
	w := &writer[T]{encoder: s.encoder, dialer: newDialer(s.address, s.reconnect, env.Logger)}
	if err := w.connect(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

type writer[T any] struct {
	encoder format.Encoder[T]
	dialer  dialer
	conn    net.Conn
	buf     []byte
}

func (w *writer[T]) connect(ctx context.Context) (err error) {
	if w.conn, err = w.dialer.connect(ctx); err != nil {
		return err
	}
	if header := w.encoder.Header(nil); len(header) > 0 {
		_, err = w.conn.Write(header)
	}
	return err
}

// Write implements sink.Writer.
func (w *writer[T]) Write(ctx context.Context, b *column.Batch) (err error) {
	rows := column.Rows[T](b)
	w.buf = w.buf[:0]
	for i := range rows {
		if w.buf, err = w.encoder.Append(w.buf, &rows[i]); err != nil {
			return fmt.Errorf("socket sink %s: encode record: %w", w.dialer.address, err)
		}
	}
	for {
		stop := interrupt(ctx, w.conn)
		_, err := w.conn.Write(w.buf)
		stop()
		if err == nil {
			w.dialer.failed = 0
			return nil
		}
		w.conn.Close() //nolint:errcheck // it is broken
		w.conn = nil
		again, waitErr := w.dialer.again(ctx, err)
		if waitErr != nil {
			return waitErr
		}
		if !again {
			return fmt.Errorf("write to socket %s: %w; allow reconnect attempts if connections may break", w.dialer.address, err)
		}
		if err := w.connect(ctx); err != nil {
			return err
		}
	}
}

// Flush implements sink.Writer: Write has sent all.
func (w *writer[T]) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

// Close implements sink.Writer.
func (w *writer[T]) Close() error {
	if w.conn == nil {
		return nil
	}
	err := w.conn.Close()
	w.conn = nil
	return err
}
