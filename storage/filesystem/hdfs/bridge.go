package hdfs

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

var errBridge = errors.New("a request that cannot be read: the hdfs library has changed its protocol")

// bridge is the connection that the library believes to have to a NameNode, for the time of one operation. It takes the
// library's requests apart and calls the NameNode with our own client, which knows tokens, Kerberos, fail-over and retries.
// The library has one request at a time on it.
type bridge struct {
	namenode *namenode.Client
	ctx      context.Context // of the operation

	greeted bool // the library's preamble has come; then its context, which is no call
	answer  bytes.Buffer
	err     error // of the last request, for Read
}

// dialBridge stands in for a dialer of NameNodes.
func dialBridge(ctx context.Context, nn *namenode.Client) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		return &bridge{namenode: nn, ctx: ctx}, nil
	}
}

// Write takes one request and gets its answer ready. An error of the call is Read's, because the library keeps those as they
// are.
func (b *bridge) Write(p []byte) (int, error) {
	if !b.greeted {
		b.greeted = true
		return len(p), nil
	}
	header, request, err := splitRequest(p)
	if err != nil {
		return 0, err
	}
	if header.GetCallId() < 0 { // the context
		return len(p), nil
	}
	b.answer.Reset()
	b.err = b.call(header, request)
	return len(p), nil
}

// Read hands out the answer.
func (b *bridge) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.answer.Read(p)
}

// splitRequest takes a call apart: its header, and the method and argument in their encoded form.
func splitRequest(packet []byte) (*wire.RpcRequestHeader, [][]byte, error) {
	if len(packet) < 4 || uint64(binary.BigEndian.Uint32(packet)) != uint64(len(packet)-4) {
		return nil, nil, errBridge
	}
	var messages [][]byte
	for rest := packet[4:]; len(rest) > 0; {
		message, n := protowire.ConsumeBytes(rest)
		if n < 0 {
			return nil, nil, errBridge
		}
		messages, rest = append(messages, message), rest[n:]
	}
	header := &wire.RpcRequestHeader{}
	if len(messages) == 0 {
		return nil, nil, errBridge
	}
	if err := proto.Unmarshal(messages[0], header); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errBridge, err)
	}
	return header, messages[1:], nil
}

// call makes a call. The library renews the lease of files that it does not write; that is not passed on.
func (b *bridge) call(header *wire.RpcRequestHeader, request [][]byte) error {
	call := &wire.RequestHeader{}
	if len(request) != 2 {
		return errBridge
	}
	if err := proto.Unmarshal(request[0], call); err != nil {
		return fmt.Errorf("%w: %w", errBridge, err)
	}
	if call.GetMethodName() == "renewLease" {
		return b.reply(header, nil, nil)
	}
	body, err := b.namenode.CallEncoded(b.ctx, call.GetMethodName(), request[1])
	return b.reply(header, body, err)
}

// reply writes what a NameNode would. What is no answer of a NameNode stays an error.
func (b *bridge) reply(request *wire.RpcRequestHeader, body []byte, err error) error {
	response := &wire.RpcResponseHeader{CallId: proto.Uint32(uint32(request.GetCallId())), Status: wire.RpcResponseHeader_SUCCESS.Enum()}
	var remote *ipc.RemoteException
	switch {
	case errors.As(err, &remote) && !remote.Fatal:
		response.Status = wire.RpcResponseHeader_ERROR.Enum()
		response.ExceptionClassName, response.ErrorMsg = &remote.Class, proto.String(remote.Message+"\n"+remote.Stack)
		response.ErrorDetail = remote.Code.Enum()
	case err != nil:
		return err
	}
	encoded, err := proto.Marshal(response)
	if err != nil {
		return err
	}
	packet := protowire.AppendBytes(make([]byte, 4, 4+len(encoded)+len(body)+10), encoded)
	if remote == nil {
		packet = protowire.AppendBytes(packet, body)
	}
	binary.BigEndian.PutUint32(packet, uint32(len(packet)-4))
	b.answer.Write(packet)
	return nil
}

// What net.Conn wants besides; calls have time-outs of their own.

func (b *bridge) Close() error                     { return nil }
func (b *bridge) LocalAddr() net.Addr              { return bridgeAddr{} }
func (b *bridge) RemoteAddr() net.Addr             { return bridgeAddr{} }
func (b *bridge) SetDeadline(time.Time) error      { return nil }
func (b *bridge) SetReadDeadline(time.Time) error  { return nil }
func (b *bridge) SetWriteDeadline(time.Time) error { return nil }

type bridgeAddr struct{}

func (bridgeAddr) Network() string { return "hadoop-rpc" }
func (bridgeAddr) String() string  { return "NameNode" }
