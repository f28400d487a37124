package network

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
)

// readAll is the reader. It waits for nothing but the connection.
func (l *link) readAll(conn net.Conn) error {
	r := wire.NewReader(conn)
	var d wire.Decoder
	for {
		h, body, err := r.Next()
		switch {
		case err == io.EOF:
			return err
		case err != nil:
			return fmt.Errorf("read from worker %s: %w", l.peer.Worker, err)
		}
		l.exchange.stats.bytesIn.Add(int64(h.Size()))
		l.exchange.stats.framesIn.Add(1)
		if h.Type.Ordered() {
			err = l.deliver(&d, h, body)
		} else {
			err = l.obey(h, body)
		}
		if err != nil {
			return fmt.Errorf("read from worker %s: %w", l.peer.Worker, err)
		}
	}
}

// deliver hands an ordered frame to its channel.
func (l *link) deliver(d *wire.Decoder, h wire.Header, body []byte) error {
	c := l.inbound[h.Channel]
	if c == nil {
		return nil // closed by this end while the frame was under way
	}
	if h.Sequence != c.sequence {
		return fmt.Errorf("%w: frame %d of channel %s where %d is expected", wire.ErrCorrupt, h.Sequence, c.id, c.sequence)
	}
	c.sequence++
	input, to := c.target()
	if input == nil {
		return nil
	}
	e := shuffle.Element{Kind: shuffle.Kind(h.Type - wire.Batch)}
	switch h.Type {
	case wire.Batch:
		e.Batch = input.pool.Get()
		if err := d.Batch(h, body, e.Batch); err != nil {
			e.Batch.Release()
			return fmt.Errorf("channel %s: %w", c.id, err)
		}
	case wire.Watermark, wire.Superstep, wire.Barrier:
		var err error
		if e.Time, err = wire.Time(body); err != nil {
			return err
		}
	case wire.End:
		l.mu.Lock()
		delete(l.inbound, h.Channel)
		l.mu.Unlock()
		c.end()
		to.Send(e)
		return nil
	}
	to.Send(e)
	c.received(int64(h.Cost(body)))
	return nil
}

// obey does what a frame says that is about a channel.
func (l *link) obey(h wire.Header, body []byte) error {
	switch h.Type {
	case wire.Credit:
		l.mu.Lock()
		if s := l.senders[h.Channel]; s != nil {
			s.credit += int64(h.Count)
			s.credited = true
			s.schedule()
		}
		l.mu.Unlock()
		l.signal()
	case wire.Close:
		var wake func()
		l.mu.Lock()
		if s := l.senders[h.Channel]; s != nil {
			wake = s.stop(dropped)
		}
		l.mu.Unlock()
		if wake != nil {
			wake()
		}
	case wire.Open:
		f := wire.NewFields(body)
		id := f.Channel()
		if f.Err() != nil {
			return f.Err()
		}
		l.opened(h.Channel, id)
	case wire.Failure:
		l.mu.Lock()
		c := l.inbound[h.Channel]
		delete(l.inbound, h.Channel)
		l.mu.Unlock()
		if c != nil {
			tasks, reason, err := wire.ParseFailure(body)
			if err != nil {
				return err
			}
			c.failed(errors.New(reason), tasks)
		}
	case wire.Overtake:
		return l.overtaken(h.Channel, body)
	case wire.Fetch:
		f := wire.NewFields(body)
		id := f.Channel()
		if f.Err() != nil {
			return f.Err()
		}
		return l.serve(id, append([]byte(nil), f.Rest()...))
	}
	return nil
}

// overtaken hands a barrier to a channel whose rows follow.
func (l *link) overtaken(number uint32, body []byte) error {
	checkpoint, err := wire.Time(body)
	c := l.inbound[number]
	if err != nil || c == nil {
		return err
	}
	if input, to := c.target(); input != nil {
		to.Send(shuffle.Element{Kind: shuffle.Barrier, Time: checkpoint})
		if o, ok := to.(shuffle.Overtaker); ok {
			o.Overtake(uint64(checkpoint), nil)
		}
	}
	return nil
}

// opened begins a channel that the other end has opened.
func (l *link) opened(number uint32, id wire.Channel) {
	c := l.exchange.inbound(id)
	l.mu.Lock()
	delete(l.fetches, id)
	l.inbound[number] = c
	l.mu.Unlock()
	if !c.opened(l, number) {
		l.mu.Lock()
		delete(l.inbound, number)
		l.mu.Unlock()
		l.later(wire.Header{Type: wire.Close, Channel: number}, nil)
	}
}

// serve answers a request for a blocking output.
func (l *link) serve(id wire.Channel, request []byte) error {
	s := l.exchange.Sender(l.peer, id, func(error) {})
	s.gone = make(chan struct{})
	s.join(l)
	if l.exchange.opt.Serve == nil {
		s.Fail(errors.New("this worker serves no blocking outputs"))
		return nil
	}
	l.exchange.opt.Serve(request, s)
	return nil
}
