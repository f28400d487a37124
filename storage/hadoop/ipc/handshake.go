package ipc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/krb5"
	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// ErrLogin is wrapped by every error of a login that trying again does not heal.
var ErrLogin = errors.New("login")

const (
	authNone = 0x00
	authSASL = 0xDF
)

// dial connects to a server and logs in.
func dial(ctx context.Context, server string, id []byte, opts *Options) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, opts.ConnectTimeout)
	defer cancel()
	raw, err := opts.Dial(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	c := &conn{net: raw, server: server, opts: opts, id: id}
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) }) // wakes the handshake
	in := bufio.NewReaderSize(raw, 64<<10)
	err = c.handshake(ctx, in)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close() // it is given up
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return nil, fmt.Errorf("connect to %s: %w", server, err)
	}
	if err := raw.SetDeadline(time.Time{}); err != nil {
		raw.Close() // it is given up
		return nil, err
	}
	c.serve(in)
	return c, nil
}

// handshake is everything before the first call.
func (c *conn) handshake(ctx context.Context, in *bufio.Reader) error {
	login := &c.opts.Login
	token := login.token()
	how := byte(authNone)
	if token != nil || login.Kerberos != nil {
		how = authSASL
	}
	if err := c.writeRaw([]byte{'h', 'r', 'p', 'c', 9, 0, how}); err != nil {
		return err
	}
	method := methodSimple
	if how == authSASL {
		n := negotiation{conn: c, in: in, token: token}
		var err error
		if method, err = n.run(ctx); err != nil {
			return err
		}
	}
	greeting, err := marshalFrame(&wire.RpcRequestHeader{
		RpcKind: wire.RpcKind_RPC_PROTOCOL_BUFFER.Enum(), RpcOp: wire.RpcRequestHeader_FINAL_PACKET.Enum(),
		CallId: proto.Int32(contextCallID), ClientId: c.id, RetryCount: proto.Int32(-1),
	}, &wire.IpcConnectionContext{UserInfo: login.userInformation(method), Protocol: proto.String(c.opts.Protocol)})
	if err != nil {
		return err
	}
	return c.write(greeting)
}

// negotiation is the SASL handshake of a connection.
type negotiation struct {
	conn  *conn
	in    *bufio.Reader
	token *Token
}

func (n *negotiation) send(message *wire.RpcSasl) error {
	frame, err := saslFrame(message)
	if err != nil {
		return err
	}
	return n.conn.writeRaw(frame)
}

func (n *negotiation) receive(want ...wire.RpcSasl_State) (*wire.RpcSasl, error) {
	frame, err := readFrame(n.in, 1<<20)
	if err != nil {
		return nil, err
	}
	message, err := parseSasl(frame, n.conn.server)
	if err != nil {
		return nil, err
	}
	for _, state := range want {
		if message.GetState() == state {
			return message, nil
		}
	}
	return nil, fmt.Errorf("%w: SASL %s where %v is due", errFrame, message.GetState(), want)
}

func parseSasl(frame []byte, server string) (*wire.RpcSasl, error) {
	header, body, err := parseResponse(frame)
	switch {
	case err != nil:
		return nil, err
	case header.GetStatus() != wire.RpcResponseHeader_SUCCESS:
		return nil, newException(header, server)
	case int32(header.GetCallId()) != saslCallID:
		return nil, fmt.Errorf("%w: call %d in the handshake", errFrame, int32(header.GetCallId()))
	}
	message := &wire.RpcSasl{}
	if err := proto.Unmarshal(body, message); err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return message, nil
}

// run logs in and tells by which method.
func (n *negotiation) run(ctx context.Context) (method string, err error) {
	if err := n.send(&wire.RpcSasl{State: wire.RpcSasl_NEGOTIATE.Enum()}); err != nil {
		return "", err
	}
	offer, err := n.receive(wire.RpcSasl_NEGOTIATE)
	if err != nil {
		return "", err
	}
	auth, err := n.choose(offer.GetAuths())
	if err != nil {
		return "", err
	}
	chosen := proto.CloneOf(auth)
	chosen.Challenge = nil
	first := &wire.RpcSasl{State: wire.RpcSasl_INITIATE.Enum(), Auths: []*wire.RpcSasl_Auth{chosen}}
	if auth.GetMethod() == methodSimple {
		return methodSimple, n.send(first)
	}
	mechanism, err := n.mechanism(ctx, auth)
	if err != nil {
		return "", err
	}
	if first.Token, err = mechanism.Next(auth.GetChallenge()); err != nil {
		return "", fmt.Errorf("%w by %s: %w", ErrLogin, auth.GetMethod(), err)
	}
	if err := n.exchange(first, mechanism); err != nil {
		return "", fmt.Errorf("log in by %s: %w", auth.GetMethod(), err)
	}
	return auth.GetMethod(), nil
}

// exchange sends the first token and answers challenges until the server is content.
func (n *negotiation) exchange(next *wire.RpcSasl, mechanism sasl.Client) error {
	const rounds = 10
	for range rounds {
		if err := n.send(next); err != nil {
			return err
		}
		message, err := n.receive(wire.RpcSasl_CHALLENGE, wire.RpcSasl_SUCCESS)
		if err != nil {
			return err
		}
		if message.GetState() == wire.RpcSasl_SUCCESS {
			n.conn.layer, err = mechanism.Complete(message.GetToken())
		} else {
			next = &wire.RpcSasl{State: wire.RpcSasl_RESPONSE.Enum()}
			next.Token, err = mechanism.Next(message.GetToken())
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrLogin, err)
		}
		if message.GetState() == wire.RpcSasl_SUCCESS {
			return nil
		}
	}
	return fmt.Errorf("%w: no end of challenges", errFrame)
}

// choose takes the first of the server's methods for which there is a credential.
func (n *negotiation) choose(offered []*wire.RpcSasl_Auth) (*wire.RpcSasl_Auth, error) {
	login := &n.conn.opts.Login
	var names []string
	for _, auth := range offered {
		names = append(names, auth.GetMethod())
		switch {
		case auth.GetMethod() == methodToken && auth.GetMechanism() == "DIGEST-MD5" && n.token != nil,
			auth.GetMethod() == methodKerberos && auth.GetMechanism() == "GSSAPI" && login.Kerberos != nil,
			auth.GetMethod() == methodSimple && (login.Kerberos == nil || login.AllowSimple):
			return auth, nil
		}
	}
	held := "a token"
	switch {
	case n.token == nil:
		held = "a Kerberos ticket"
	case login.Kerberos != nil:
		held = "a token and a Kerberos ticket"
	}
	remedy := "check that the address is that of a secured cluster"
	for _, name := range names {
		if name == methodSimple {
			remedy = "the server is not secured: with ipc.client.fallback-to-simple-auth-allowed=true it is talked to all the same"
		}
	}
	return nil, fmt.Errorf("%w: %s accepts [%s], there is %s; %s", ErrLogin, n.conn.server, strings.Join(names, ", "), held, remedy)
}

func (n *negotiation) mechanism(ctx context.Context, auth *wire.RpcSasl_Auth) (sasl.Client, error) {
	login := &n.conn.opts.Login
	if auth.GetMethod() == methodToken {
		return sasl.NewDigest(sasl.DigestCredential{
			Identifier: n.token.Identifier, Password: n.token.Password,
			URI: auth.GetProtocol() + "/" + auth.GetServerId(),
		}, login.protection()), nil
	}
	host, _, err := net.SplitHostPort(n.conn.server)
	if err != nil {
		return nil, err
	}
	server, err := krb5.ServerPrincipal(ctx, login.ServerPrincipal, host, auth.GetProtocol()+"/"+auth.GetServerId())
	if err != nil {
		return nil, fmt.Errorf("%w: %w; correct %s", ErrLogin, err, login.ServerPrincipalKey)
	}
	ticket, err := login.Kerberos.Ticket(ctx, server)
	if err != nil {
		if krb5.IsTemporary(err) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrLogin, err)
	}
	return sasl.NewGSSAPI(ticket.Request, ticket.Key, login.protection()), nil
}
