package ipctest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Call is a request as it came.
type Call struct {
	Method   string
	ID       int32
	ClientID string
	Retry    int32
	User     string // of the connection's context
	Token    string // identifier of the token of the login
	Context  string // of the caller
	Request  []byte
	Conn     net.Conn
}

// Answer is what the server does about a call. The zero value is an empty message.
type Answer struct {
	Message   proto.Message
	Encoded   []byte // in place of Message
	Exception string // class of an exception
	Text      string // its message and stack
	Fatal     bool
	Raw       []byte // sent in place of an answer
	HangUp    bool   // the connection ends: after Raw if there is any, else without an answer
	Silence   bool   // no answer
}

// Server is one server. Its fields must not be changed while it serves.
type Server struct {
	Handle func(*Call) Answer
	// Tokens are the passwords of tokens by their identifiers; nil: SIMPLE is accepted.
	Tokens map[string][]byte
	// Offer and Ciphers are what DIGEST-MD5 offers; empty means authentication only.
	Offer   []sasl.QOP
	Ciphers []string
	// Refuse is the exception that ends every login; empty: none.
	Refuse string

	mu    sync.Mutex
	conns int
	pings int
}

// Dial connects to the server in memory.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go s.Serve(server)
	return client, nil
}

// Connections is how many there have been, and Pings how many pings have come.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Pings is how many pings have come.
func (s *Server) Pings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pings
}

// Serve serves one connection until it ends.
func (s *Server) Serve(c net.Conn) {
	s.mu.Lock()
	s.conns++
	s.mu.Unlock()
	defer c.Close() // nothing comes of its error
	conn := &serverConn{server: s, conn: c, in: bufio.NewReader(c)}
	if err := conn.run(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		conn.refuse(err)
	}
}

type serverConn struct {
	server *Server
	conn   net.Conn
	in     io.Reader
	layer  sasl.Layer
	user   string
	token  string

	writing sync.Mutex
}

func (c *serverConn) run() error {
	var preamble [7]byte
	if _, err := io.ReadFull(c.in, preamble[:]); err != nil {
		return err
	}
	if string(preamble[:4]) != "hrpc" {
		return errors.New("no preamble")
	}
	if c.server.Refuse != "" {
		return errors.New(c.server.Refuse)
	}
	if preamble[6] != 0 {
		if err := c.login(); err != nil {
			return err
		}
	} else if c.server.Tokens != nil {
		return errors.New("SIMPLE authentication is not enabled.  Available:[TOKEN]")
	}
	for {
		frame, err := readFrame(c.in)
		if err != nil {
			return err
		}
		if err := c.request(frame); err != nil {
			return err
		}
	}
}

func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

// parts takes messages with their lengths off a frame.
func parts(frame []byte) (out [][]byte) {
	for len(frame) > 0 {
		part, n := protowire.ConsumeBytes(frame)
		if n < 0 {
			return out
		}
		out, frame = append(out, part), frame[n:]
	}
	return out
}

// Frame is a frame of messages.
func Frame(messages ...proto.Message) []byte {
	b := make([]byte, 4)
	for _, m := range messages {
		encoded, err := proto.Marshal(m)
		if err != nil {
			panic(err) // the test's own message
		}
		b = protowire.AppendBytes(b, encoded)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func (c *serverConn) login() error {
	if _, err := c.receive(); err != nil {
		return err
	}
	simple := &wire.RpcSasl_Auth{Method: proto.String("SIMPLE"), Mechanism: proto.String("")}
	if c.server.Tokens == nil {
		return c.reply(&wire.RpcSasl{State: wire.RpcSasl_NEGOTIATE.Enum(), Auths: []*wire.RpcSasl_Auth{simple}})
	}
	digest := sasl.DigestServer{Realm: "default", Offer: c.server.Offer, Ciphers: c.server.Ciphers, Password: func(identifier []byte) ([]byte, error) {
		c.token = string(identifier)
		password, ok := c.server.Tokens[c.token]
		if !ok {
			return nil, fmt.Errorf("token (%s) can't be found in cache", c.token)
		}
		return password, nil
	}}
	if len(digest.Offer) == 0 {
		digest.Offer = []sasl.QOP{sasl.Auth}
	}
	if err := c.reply(&wire.RpcSasl{State: wire.RpcSasl_NEGOTIATE.Enum(), Auths: []*wire.RpcSasl_Auth{{
		Method: proto.String("TOKEN"), Mechanism: proto.String("DIGEST-MD5"), Protocol: proto.String(""), ServerId: proto.String("default"),
		Challenge: digest.Challenge(),
	}}}); err != nil {
		return err
	}
	initiate, err := c.receive()
	if err != nil {
		return err
	}
	final, layer, err := digest.Accept(initiate.GetToken())
	if err != nil {
		return err
	}
	if err := c.reply(&wire.RpcSasl{State: wire.RpcSasl_SUCCESS.Enum(), Token: final}); err != nil {
		return err
	}
	if layer != nil {
		c.layer, c.in = layer, &unwrapper{conn: c, in: c.in}
	}
	return nil
}

func (c *serverConn) receive() (*wire.RpcSasl, error) {
	frame, err := readFrame(c.in)
	if err != nil {
		return nil, err
	}
	message := &wire.RpcSasl{}
	p := parts(frame)
	if len(p) != 2 {
		return nil, errors.New("no SASL message")
	}
	return message, proto.Unmarshal(p[1], message)
}

func (c *serverConn) reply(message *wire.RpcSasl) error {
	_, err := c.conn.Write(Frame(Success(-33), message))
	return err
}

// Success is the header of an answer.
func Success(id int32) *wire.RpcResponseHeader {
	return &wire.RpcResponseHeader{CallId: proto.Uint32(uint32(id)), Status: wire.RpcResponseHeader_SUCCESS.Enum()}
}

// unwrapper reads the bytes inside of wrapped frames.
type unwrapper struct {
	conn  *serverConn
	in    io.Reader
	plain bytes.Buffer
}

func (u *unwrapper) Read(p []byte) (int, error) {
	for u.plain.Len() == 0 {
		frame, err := readFrame(u.in)
		if err != nil {
			return 0, err
		}
		message := &wire.RpcSasl{}
		if err := proto.Unmarshal(parts(frame)[1], message); err != nil {
			return 0, err
		}
		plain, err := u.conn.layer.Unwrap(message.GetToken())
		if err != nil {
			return 0, err
		}
		u.plain.Write(plain)
	}
	return u.plain.Read(p)
}

func (c *serverConn) write(frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.layer == nil {
		_, err := c.conn.Write(frame)
		return err
	}
	token, err := c.layer.Wrap(frame)
	if err != nil {
		return err
	}
	return c.reply(&wire.RpcSasl{State: wire.RpcSasl_WRAP.Enum(), Token: token})
}

// refuse ends the connection by an exception, as Hadoop does while nobody is logged in.
func (c *serverConn) refuse(err error) {
	go io.Copy(io.Discard, c.conn) // what the client has sent meanwhile
	class := "org.apache.hadoop.security.AccessControlException"
	switch {
	case c.server.Refuse != "":
		class = c.server.Refuse
	case c.token != "" && c.server.Tokens[c.token] == nil:
		class = "org.apache.hadoop.security.token.SecretManager$InvalidToken"
	case c.token != "":
		class = "javax.security.sasl.SaslException"
	}
	c.conn.Write(Frame(&wire.RpcResponseHeader{ // the connection ends either way
		CallId: proto.Uint32(uint32(0xFFFFFFFF)), Status: wire.RpcResponseHeader_FATAL.Enum(),
		ExceptionClassName: &class, ErrorMsg: proto.String(err.Error() + "\n\tat java"), ErrorDetail: wire.RpcResponseHeader_FATAL_UNAUTHORIZED.Enum(),
	}))
}

func (c *serverConn) request(frame []byte) error {
	p := parts(frame)
	header := &wire.RpcRequestHeader{}
	if len(p) == 0 {
		return errors.New("no request")
	}
	if err := proto.Unmarshal(p[0], header); err != nil {
		return err
	}
	switch {
	case header.GetCallId() == -3:
		context := &wire.IpcConnectionContext{}
		err := proto.Unmarshal(p[1], context)
		c.user = context.GetUserInfo().GetEffectiveUser()
		return err
	case header.GetCallId() == -4:
		c.server.mu.Lock()
		c.server.pings++
		c.server.mu.Unlock()
		return nil
	case header.GetCallId() == -33 && len(p) == 2: // SIMPLE was chosen
		return nil
	case len(p) != 3:
		return fmt.Errorf("a request of %d parts", len(p))
	}
	request := &wire.RequestHeader{}
	if err := proto.Unmarshal(p[1], request); err != nil {
		return err
	}
	go c.answer(&Call{
		Method: request.GetMethodName(), ID: header.GetCallId(), ClientID: string(header.GetClientId()), Retry: header.GetRetryCount(),
		User: c.user, Token: c.token, Context: header.GetCallerContext().GetContext(), Request: p[2], Conn: c.conn,
	})
	return nil
}

func (c *serverConn) answer(call *Call) {
	a := c.server.Handle(call)
	if a.Raw != nil {
		c.conn.Write(a.Raw) // nothing comes of its error
	}
	if a.HangUp {
		c.conn.Close() // nothing comes of its error
	}
	if a.HangUp || a.Silence || a.Raw != nil {
		return
	}
	header := Success(call.ID)
	messages := []proto.Message{header}
	if a.Exception != "" {
		header.Status = wire.RpcResponseHeader_ERROR.Enum()
		if a.Fatal {
			header.Status = wire.RpcResponseHeader_FATAL.Enum()
		}
		header.ExceptionClassName, header.ErrorMsg = &a.Exception, &a.Text
		header.ErrorDetail = wire.RpcResponseHeader_ERROR_APPLICATION.Enum()
	} else {
		if a.Message == nil {
			a.Message = &wire.RenameResponse{}
		}
		if a.Encoded != nil {
			a.Message.ProtoReflect().SetUnknown(a.Encoded)
		}
		messages = append(messages, a.Message)
	}
	c.write(Frame(messages...)) // a client that has gone is no matter
}
