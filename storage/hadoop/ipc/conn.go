package ipc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Call ids of what is no call.
const (
	contextCallID = -3
	pingCallID    = -4
	saslCallID    = -33
)

var (
	errIdle    = errors.New("the connection was idle")
	errClosed  = errors.New("the client is closed")
	errTimeout = errors.New("no answer in time")
)

// call is one request. It keeps its id over retries, so that a server recognises it.
type call struct {
	method string
	id     int32
	header []byte // RequestHeader
	body   []byte
}

type answer struct {
	body []byte
	err  error
}

// conn is a connection that calls share. One goroutine reads it; whoever calls writes it.
type conn struct {
	net    net.Conn
	server string
	opts   *Options
	id     []byte     // of the client
	layer  sasl.Layer // nil: plain frames

	writing sync.Mutex
	lastOut time.Time
	torn    error // of a write: part of a frame may be out

	mu      sync.Mutex
	waiting map[int32]chan answer
	used    time.Time
	err     error // why it is broken
	done    chan struct{}
}

// serve starts to read answers.
func (c *conn) serve(r *bufio.Reader) {
	c.waiting, c.used, c.done = map[int32]chan answer{}, time.Now(), make(chan struct{})
	go c.read(r)
	go c.keep()
}

// call sends a request and waits for its answer. sent tells that the server may have got it.
func (c *conn) call(ctx context.Context, request *call, try int) (body []byte, sent bool, err error) {
	header := &wire.RpcRequestHeader{
		RpcKind: wire.RpcKind_RPC_PROTOCOL_BUFFER.Enum(), RpcOp: wire.RpcRequestHeader_FINAL_PACKET.Enum(),
		CallId: proto.Int32(request.id), ClientId: c.id, RetryCount: proto.Int32(int32(try)),
	}
	if c.opts.CallerContext != "" {
		header.CallerContext = &wire.CallerContext{Context: proto.String(c.opts.CallerContext)}
	}
	encoded, err := proto.Marshal(header)
	if err != nil {
		return nil, false, err
	}
	reply := make(chan answer, 1)
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return nil, false, c.err
	}
	c.waiting[request.id] = reply
	c.mu.Unlock()
	defer c.forget(request.id)
	if err := c.write(appendFrame(nil, encoded, request.header, request.body)); err != nil {
		// A server that refuses the connection says why and closes it: the reader knows better.
		time.AfterFunc(time.Second, func() { c.fail(err) })
	}
	select {
	case a := <-reply:
		return a.body, true, a.err
	case <-ctx.Done():
		err := context.Cause(ctx)
		if errors.Is(err, errTimeout) {
			c.fail(err)
		}
		return nil, true, err
	}
}

func (c *conn) forget(id int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
	c.used = time.Now()
}

// write sends a frame, wrapped if a layer asks for it.
func (c *conn) write(frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.layer == nil {
		return c.writeRaw(frame)
	}
	for rest := frame; len(rest) > 0; {
		n := min(len(rest), c.layer.MaxMessage())
		token, err := c.layer.Wrap(rest[:n])
		if err != nil {
			return err
		}
		wrapped, err := saslFrame(&wire.RpcSasl{State: wire.RpcSasl_WRAP.Enum(), Token: token})
		if err != nil {
			return err
		}
		if err := c.writeRaw(wrapped); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (c *conn) writeRaw(frame []byte) error {
	if c.torn != nil {
		return c.torn
	}
	c.lastOut = time.Now()
	if err := c.net.SetWriteDeadline(c.lastOut.Add(c.opts.CallTimeout)); err != nil {
		return err
	}
	_, c.torn = c.net.Write(frame)
	return c.torn
}

// saslFrame is a frame of the handshake, or of wrapped bytes.
func saslFrame(message *wire.RpcSasl) ([]byte, error) {
	return marshalFrame(&wire.RpcRequestHeader{
		RpcKind: wire.RpcKind_RPC_PROTOCOL_BUFFER.Enum(), RpcOp: wire.RpcRequestHeader_FINAL_PACKET.Enum(),
		CallId: proto.Int32(saslCallID), ClientId: []byte{}, RetryCount: proto.Int32(-1),
	}, message)
}

// read hands answers to those who wait for them until the connection breaks.
func (c *conn) read(r *bufio.Reader) {
	var in io.Reader = r
	if c.layer != nil {
		in = &unwrapper{in: r, layer: c.layer, server: c.server}
	}
	for {
		frame, err := readFrame(in, maxFrame)
		if err == nil {
			err = c.dispatch(frame)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

func (c *conn) dispatch(frame []byte) error {
	header, body, err := parseResponse(frame)
	if err != nil {
		return err
	}
	a := answer{body: body}
	var fatal error
	if header.GetStatus() != wire.RpcResponseHeader_SUCCESS {
		e := newException(header, c.server)
		a.err = e
		if e.Fatal {
			fatal = e
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := int32(header.GetCallId())
	if reply, ok := c.waiting[id]; ok {
		delete(c.waiting, id)
		reply <- a
		if fatal != nil {
			return fmt.Errorf("the server has closed it because of another call: %w", io.EOF)
		}
	}
	return fatal
}

// fail closes the connection and fails whoever waits.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	var refused *RemoteException
	if !errors.As(err, &refused) {
		err = fmt.Errorf("connection to %s: %w", c.server, err)
	}
	c.err = err
	close(c.done)
	c.net.Close() // it is given up
	for id, reply := range c.waiting {
		delete(c.waiting, id)
		reply <- answer{err: err}
	}
}

func (c *conn) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// keep closes the connection when it is idle and pings the server while an answer takes long, so that neither side takes
// the other for dead.
func (c *conn) keep() {
	tick := time.NewTicker(min(c.opts.IdleTime/2, c.opts.PingInterval))
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		c.mu.Lock()
		waiting, idle := len(c.waiting), time.Since(c.used)
		c.mu.Unlock()
		switch {
		case waiting == 0 && idle >= c.opts.IdleTime:
			c.fail(errIdle)
		case waiting > 0:
			if err := c.ping(); err != nil {
				c.fail(err)
			}
		}
	}
}

func (c *conn) ping() error {
	c.writing.Lock()
	due := time.Since(c.lastOut) >= c.opts.PingInterval
	c.writing.Unlock()
	if !due {
		return nil
	}
	frame, err := marshalFrame(&wire.RpcRequestHeader{
		RpcKind: wire.RpcKind_RPC_PROTOCOL_BUFFER.Enum(), RpcOp: wire.RpcRequestHeader_FINAL_PACKET.Enum(),
		CallId: proto.Int32(pingCallID), ClientId: c.id, RetryCount: proto.Int32(-1),
	})
	if err != nil {
		return err
	}
	return c.write(frame)
}

// unwrapper reads the bytes inside of wrapped frames.
type unwrapper struct {
	in     *bufio.Reader
	layer  sasl.Layer
	server string
	plain  bytes.Reader
}

func (u *unwrapper) Read(p []byte) (int, error) {
	for u.plain.Len() == 0 {
		frame, err := readFrame(u.in, maxFrame)
		if err != nil {
			return 0, err
		}
		message, err := parseSasl(frame, u.server)
		if err != nil {
			return 0, err
		}
		if message.GetState() != wire.RpcSasl_WRAP {
			return 0, fmt.Errorf("%w: SASL %s where wrapped bytes are due", errFrame, message.GetState())
		}
		plain, err := u.layer.Unwrap(message.GetToken())
		if err != nil {
			return 0, err
		}
		u.plain.Reset(plain)
	}
	return u.plain.Read(p)
}
