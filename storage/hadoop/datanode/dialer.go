package datanode

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Dialer makes connections to DataNodes. Its fields must not be changed. It is safe for concurrent use.
type Dialer struct {
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Protection is what is accepted, best first; empty: connections are used as they are.
	Protection []sasl.QOP
	// Key asks for a data encryption key; nil: data need not be encrypted.
	Key func(context.Context) (*wire.DataEncryptionKey, error)

	mu  sync.Mutex
	key *wire.DataEncryptionKey
}

var errRequest = errors.New("the first bytes to a DataNode are no request for a block")

const privilegedPorts = 1024

// DialContext connects to a DataNode.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.Dial(ctx, network, address)
	if err != nil || d.Key == nil && len(d.Protection) == 0 {
		return c, err
	}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok && a.Port < privilegedPorts && d.Key == nil {
		return c, nil
	}
	return &conn{Conn: c, dialer: d, ctx: ctx, in: c, out: c}, nil
}

// conn is a connection whose handshake comes with its first request.
type conn struct {
	net.Conn
	dialer  *Dialer
	ctx     context.Context // of the dialing
	secured bool
	in      io.Reader
	out     io.Writer
}

func (c *conn) Read(p []byte) (int, error) { return c.in.Read(p) }

func (c *conn) Write(p []byte) (int, error) {
	if !c.secured {
		if err := c.secure(p); err != nil {
			return 0, fmt.Errorf("log in to DataNode %s: %w", c.RemoteAddr(), err)
		}
		c.secured = true
	}
	return c.out.Write(p)
}

func (c *conn) secure(request []byte) error {
	token, err := blockToken(request)
	if err != nil {
		return err
	}
	credential := sasl.DigestCredential{Identifier: token.GetIdentifier(), Password: token.GetPassword(), URI: "hdfs/0"}
	accept := c.dialer.Protection
	if c.dialer.Key != nil {
		key, err := c.dialer.encryptionKey(c.ctx)
		if err != nil {
			return err
		}
		credential.User = fmt.Sprintf("%d %s %s", int32(key.GetKeyId()), key.GetBlockPoolId(), base64.StdEncoding.EncodeToString(key.GetNonce()))
		credential.Password, accept = key.GetEncryptionKey(), []sasl.QOP{sasl.AuthConf}
	}
	h := handshake{conn: c.Conn, client: sasl.NewDigest(credential, accept)}
	c.in, c.out, err = h.run()
	if errors.Is(err, errUnknownKey) {
		c.dialer.forget()
	}
	return err
}

// encryptionKey returns a key that lasts for a while yet.
func (d *Dialer) encryptionKey(ctx context.Context) (*wire.DataEncryptionKey, error) {
	const margin = time.Minute
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.key != nil && time.Until(time.UnixMilli(int64(d.key.GetExpiryDate()))) > margin {
		return d.key, nil
	}
	key, err := d.Key(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("data encryption key: %w", err)
	}
	d.key = key
	return key, nil
}

func (d *Dialer) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.key = nil
}

// blockToken finds the token in a request: version, operation, and the message with its length.
func blockToken(request []byte) (*wire.Token, error) {
	const head = 3
	if len(request) < head || request[0] != 0 || request[1] != transferVersion {
		return nil, errRequest
	}
	if op := request[2]; op != opWriteBlock && op != opReadBlock && op != opTransferBlock {
		return nil, errRequest
	}
	encoded, n := protowire.ConsumeBytes(request[head:])
	if n < 0 {
		return nil, errRequest
	}
	operation := &wire.BlockOperation{}
	if err := proto.Unmarshal(encoded, operation); err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	return operation.GetHeader().GetBaseHeader().GetToken(), nil
}
