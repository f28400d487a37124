package blocking

import (
	"context"
	"errors"
	"io"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// Out is where a Reader's frames go: a *network.Sender, or a task of this process.
type Out interface {
	// Room is that of a shuffle.Sender.
	Room(wake func()) bool
	// Forward takes an encoded frame; it does not keep body.
	Forward(h wire.Header, body []byte)
	// Fail ends it because producers must run again.
	Fail(err error, producers ...wire.Task)
	// Gone is closed when nobody reads any more.
	Gone() <-chan struct{}
}

// Part is what one Store has of what is asked for.
type Part struct {
	Store *Store
	Request
}

// Serve answers an encoded Request, on a goroutine of its own: what network.Options.Serve needs.
func (s *Store) Serve(request []byte, to Out) {
	q, err := ParseRequest(request)
	if err != nil {
		to.Fail(err)
		return
	}
	if !s.begin() {
		to.Fail(errClosed, q.Tasks...)
		return
	}
	go func() {
		defer s.group.Done()
		if s.pump(q, to) {
			finish(to)
		}
	}()
}

// Forward sends parts of the outputs of one stage, one after the other, as one channel.
func Forward(parts []Part, to Out) {
	for _, p := range parts {
		if !p.Store.begin() {
			to.Fail(errClosed, p.Tasks...)
			return
		}
		sent := p.Store.pump(p.Request, to)
		p.Store.group.Done()
		if !sent {
			return
		}
	}
	finish(to)
}

// finish ends a channel that was sent whole.
func finish(to Out) { to.Forward(wire.Header{Type: wire.End, Sum: wire.EmptySum}, nil) }

// begin keeps the store from being closed until group is done; false says that it has been.
func (s *Store) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.group.Add(1)
	}
	return !s.closed
}

// pump sends what q asks for, but no end, and tells whether it has sent all of it. It holds a buffer only as long as there is
// room.
func (s *Store) pump(q Request, to Out) bool {
	r, err := s.Open(q)
	if err != nil {
		fail(to, err, q.Tasks)
		return false
	}
	defer r.Pause()
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	for {
		for !to.Room(wake) {
			r.Pause()
			select {
			case <-woken:
			case <-to.Gone():
				return false
			}
		}
		select {
		case <-to.Gone():
			return false
		default:
		}
		h, body, err := r.Next()
		switch {
		case err == io.EOF:
			return true
		case err != nil:
			fail(to, err, q.Tasks)
			return false
		}
		to.Forward(h, body)
	}
}

func fail(to Out, err error, all []wire.Task) {
	var lost *LostError
	if errors.As(err, &lost) {
		all = lost.Producers
	}
	to.Fail(err, all...)
}

// Deliver sends what q asks for to a task of this process: rows of the type of like to to, a channel of its gate, and then
// End. It returns when that is done, when ctx is, or with a *LostError.
func (s *Store) Deliver(ctx context.Context, q Request, like *column.Batch, to shuffle.Sender) error {
	d := &delivery{Sender: to, pool: column.PoolLike(like), gone: ctx.Done()}
	if s.pump(q, d) {
		finish(d)
	}
	if d.batch != nil {
		d.batch.Release()
	}
	if d.err == nil && !d.ended {
		return context.Cause(ctx)
	}
	return d.err
}

// delivery is an Out that decodes. It joins small frames to full batches.
type delivery struct {
	shuffle.Sender
	pool    *column.Pool
	decoder wire.Decoder
	batch   *column.Batch
	gone    <-chan struct{}
	ended   bool
	err     error
}

// Forward implements Out.
func (d *delivery) Forward(h wire.Header, body []byte) {
	if h.Type == wire.End {
		d.flush()
		d.Send(shuffle.Element{Kind: shuffle.End})
		d.ended = true
		return
	}
	if d.batch == nil {
		d.batch = d.pool.Get()
	}
	if err := d.decoder.Batch(h, body, d.batch); err != nil {
		d.err = err
		closed := make(chan struct{})
		close(closed)
		d.gone = closed
		return
	}
	if d.batch.Len() >= d.batch.RowLimit() {
		d.flush()
	}
}

func (d *delivery) flush() {
	if d.batch != nil && d.batch.Len() > 0 {
		d.Send(shuffle.Element{Batch: d.batch})
		d.batch = nil
	}
}

// Fail implements Out.
func (d *delivery) Fail(err error, _ ...wire.Task) { d.err = err }

// Gone implements Out.
func (d *delivery) Gone() <-chan struct{} { return d.gone }
