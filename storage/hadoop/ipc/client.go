package ipc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// ErrAnswerLost is wrapped by the error of a call that may have been carried out although it failed.
var ErrAnswerLost = errors.New("the answer was lost: whether the call was carried out is not known")

// ErrUnreachable is wrapped by the error of a call that no server has answered.
var ErrUnreachable = errors.New("unreachable")

// Options describe a service. Zero values mean what the comments say.
type Options struct {
	Service   string   // for messages: "NameNode"
	Protocol  string   // the Java interface, such as org.apache.hadoop.hdfs.protocol.ClientProtocol
	Addresses []string // host:port of all servers, of which one is active
	Login     Login

	ConnectTimeout time.Duration // for a connection and its login; 5 s
	CallTimeout    time.Duration // for one try of a call, and for a write; 60 s
	Patience       time.Duration // a call is tried again for as long; 15 s
	FirstPatience  time.Duration // the same until some server has accepted a connection; 3 s
	IdleTime       time.Duration // an unused connection is closed after it; 10 s
	PingInterval   time.Duration // of pings while answers are waited for; 60 s

	CallerContext string // for the audit log of the server; may be empty
	Dial          func(ctx context.Context, network, address string) (net.Conn, error)
	Logger        *slog.Logger
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.ConnectTimeout, 5 * time.Second}, {&o.CallTimeout, time.Minute}, {&o.Patience, 15 * time.Second},
		{&o.FirstPatience, 3 * time.Second}, {&o.IdleTime, 10 * time.Second}, {&o.PingInterval, time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Client calls the active one of a service's servers. It is safe for concurrent use; calls share a connection to a server.
type Client struct {
	opts    Options
	id      []byte // with a call's id it names the call in the servers' retry caches
	lastID  atomic.Int32
	servers []*server
	current atomic.Int32 // index of the server that is thought to be active
	reached atomic.Bool  // some server has accepted a connection
	closed  atomic.Bool
}

// server is one address and the connection to it.
type server struct {
	address string
	dialing chan struct{} // holds one element: whoever has it may replace conn
	mu      sync.Mutex
	conn    *conn
}

// New returns a client. It does not connect.
func New(opts Options) (*Client, error) {
	if len(opts.Addresses) == 0 {
		return nil, fmt.Errorf("%s: no address is given", opts.Service)
	}
	for _, address := range opts.Addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf("address %q of the %s: %w; write host:port", address, opts.Service, err)
		}
	}
	opts.setDefaults()
	c := &Client{opts: opts, id: make([]byte, 16)}
	rand.Read(c.id) // never fails
	for _, address := range opts.Addresses {
		s := &server{address: address, dialing: make(chan struct{}, 1)}
		s.dialing <- struct{}{}
		c.servers = append(c.servers, s)
	}
	return c, nil
}

// String is the service and its addresses.
func (c *Client) String() string {
	return c.opts.Service + " " + strings.Join(c.opts.Addresses, ", ")
}

// Option changes how a call is made.
type Option int

// Once is for calls that must not be carried out twice and of which the server keeps no record: when the answer is lost, the
// error wraps ErrAnswerLost. All other calls are sent again under their old id; NameNodes and ResourceManagers know them by
// it or give the same answer again.
const Once Option = iota + 1

// Call calls a method. Errors are a *RemoteException, ErrUnreachable, ErrAnswerLost, ErrLogin, or that of the context.
func (c *Client) Call(ctx context.Context, method string, request, response proto.Message, options ...Option) error {
	encoded, err := proto.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s of the %s: %w", method, c.opts.Service, err)
	}
	body, err := c.CallEncoded(ctx, method, encoded, options...)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(body, response); err != nil {
		return fmt.Errorf("%s of %s: the answer cannot be read: %w", method, c, err)
	}
	return nil
}

// CallEncoded is Call with messages in their encoded form.
func (c *Client) CallEncoded(ctx context.Context, method string, request []byte, options ...Option) ([]byte, error) {
	header, err := proto.Marshal(&wire.RequestHeader{
		MethodName: proto.String(method), DeclaringClassProtocolName: proto.String(c.opts.Protocol), ClientProtocolVersion: proto.Uint64(1),
	})
	if err != nil {
		return nil, err
	}
	r := retries{
		client: c, once: slices.Contains(options, Once), begin: time.Now(),
		call: &call{method: method, id: c.nextID(), header: header, body: request},
	}
	return r.run(ctx)
}

func (c *Client) nextID() int32 { return c.lastID.Add(1) & 0x7fffffff }

// Close ends all connections; calls that wait fail.
func (c *Client) Close() {
	c.closed.Store(true)
	for _, s := range c.servers {
		s.mu.Lock()
		if s.conn != nil {
			s.conn.fail(errClosed)
		}
		s.mu.Unlock()
	}
}

// try makes one attempt at a server.
func (c *Client) try(ctx context.Context, s *server, request *call, number int) (body []byte, sent bool, err error) {
	conn, err := c.connect(ctx, s)
	if err != nil {
		return nil, false, err
	}
	c.reached.Store(true)
	timed, cancel := context.WithTimeoutCause(ctx, c.opts.CallTimeout, errTimeout)
	defer cancel()
	body, sent, err = conn.call(timed, request, number)
	if !sent && errors.Is(err, errIdle) { // it was closed in this moment
		return c.try(ctx, s, request, number)
	}
	var remote *RemoteException
	if errors.As(err, &remote) && remote.Method == "" {
		named := *remote
		named.Method = request.method
		err = &named
	}
	return body, sent, err
}

// connect returns the connection to a server, and makes a new one if need be. Only one caller dials.
func (c *Client) connect(ctx context.Context, s *server) (*conn, error) {
	select {
	case <-s.dialing:
		defer func() { s.dialing <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.mu.Lock()
	known := s.conn
	s.mu.Unlock()
	if c.closed.Load() {
		return nil, errClosed
	}
	if known != nil && !known.broken() {
		return known, nil
	}
	made, err := dial(ctx, s.address, c.id, &c.opts)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.conn = made
	s.mu.Unlock()
	if c.closed.Load() {
		made.fail(errClosed)
	}
	return made, nil
}
