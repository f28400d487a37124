package datanode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Requests to DataNodes.
const (
	transferVersion = 28
	opWriteBlock    = 80
	opReadBlock     = 81
	opTransferBlock = 86
)

const (
	connectTimeout = 10 * time.Second
	ioTimeout      = 75 * time.Second // for a read or write; a DataNode acknowledges what is sent every 30 s
	keepTime       = 3 * time.Second  // of an idle connection; a DataNode keeps it for 4 s
	keepMost       = 16
)

// ErrToken is wrapped by the error of a request whose block token the DataNode does not accept, because it has expired or the
// DataNode has new keys: ask the NameNode for the block again.
var ErrToken = errors.New("the block token is not accepted")

// ErrNoReplica is wrapped when the DataNode refuses a request: it has not the replica, or not under that generation stamp.
var ErrNoReplica = errors.New("the DataNode refuses")

// Client reads and writes blocks. It is safe for concurrent use.
type Client struct {
	Dialer     *Dialer
	ByHostname bool   // DataNodes are reached by their names and not by their addresses
	Name       string // of this client, for the DataNodes' logs; for a write that of the lease's holder

	mu   sync.Mutex
	idle []idleConn
}

type idleConn struct {
	address string
	conn    net.Conn
	expiry  *time.Timer
}

// Address is where a DataNode is reached.
func (c *Client) Address(n *wire.DatanodeInfo) string {
	host := n.GetId().GetIpAddr()
	if c.ByHostname {
		host = n.GetId().GetHostName()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(n.GetId().GetXferPort())))
}

// take returns a connection that was kept, or nil.
func (c *Client) take(address string) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.idle) - 1; i >= 0; i-- {
		if k := c.idle[i]; k.address == address && k.expiry.Stop() {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			return k.conn
		}
	}
	return nil
}

// keep keeps a connection for the next request.
func (c *Client) keep(address string, conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) == keepMost && c.idle[0].expiry.Stop() {
		c.idle[0].conn.Close() // nothing is on it
		c.idle = c.idle[1:]
	}
	c.idle = append(c.idle, idleConn{address, conn, time.AfterFunc(keepTime, func() { c.drop(conn) })})
}

func (c *Client) drop(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.idle {
		if k.conn == conn {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			break
		}
	}
	conn.Close() // nothing is on it
}

// request sends a request and takes the response. The first of a connection must be one Write.
func request(conn net.Conn, in *window, op byte, m proto.Message) (*wire.BlockOpResponse, error) {
	encoded, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(protowire.AppendBytes([]byte{0, transferVersion, op}, encoded)); err != nil {
		return nil, err
	}
	response := &wire.BlockOpResponse{}
	if err := in.message(response); err != nil {
		return nil, err
	}
	return response, nil
}

// refusal is the error of a response.
func refusal(r *wire.BlockOpResponse) error {
	message, _, _ := strings.Cut(r.GetMessage(), "\n")
	switch r.GetStatus() {
	case wire.Status_SUCCESS:
		return nil
	case wire.Status_ERROR_ACCESS_TOKEN:
		return fmt.Errorf("%w: %s", ErrToken, message)
	}
	return fmt.Errorf("%w: %s: %s", ErrNoReplica, r.GetStatus(), message)
}

func (c *Client) header(b *wire.Block, token *wire.Token) *wire.OperationHeader {
	return &wire.OperationHeader{BaseHeader: &wire.BlockHeader{Block: b, Token: token}, ClientName: &c.Name}
}

// Dial connects to a DataNode and gives up what takes longer than a DataNode may. It is for Dialer.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	inner, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return timed{inner}, nil
}

// timed gives up a read or write that takes too long.
type timed struct{ net.Conn }

func (t timed) Read(p []byte) (int, error) {
	if err := t.SetReadDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	return t.Conn.Read(p)
}

func (t timed) Write(p []byte) (int, error) {
	if err := t.SetWriteDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	return t.Conn.Write(p)
}

// IsStale tells whether the NameNode must be asked for the block again, because a token or key is not accepted any more; there
// is nothing wrong with the DataNode.
func IsStale(err error) bool { return errors.Is(err, ErrToken) || errors.Is(err, errUnknownKey) }
