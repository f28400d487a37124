package ipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// maxFrame bounds the frames that are accepted, as ipc.maximum.response.length does in Hadoop.
const maxFrame = 128 << 20

var errFrame = errors.New("the bytes that arrived are no Hadoop RPC")

// appendFrame appends a frame: its length, and each part after its own length as a varint.
func appendFrame(b []byte, parts ...[]byte) []byte {
	begin := len(b)
	b = append(b, 0, 0, 0, 0)
	for _, p := range parts {
		b = protowire.AppendBytes(b, p)
	}
	binary.BigEndian.PutUint32(b[begin:], uint32(len(b)-begin-4))
	return b
}

// marshalFrame is a frame of messages.
func marshalFrame(messages ...proto.Message) ([]byte, error) {
	parts := make([][]byte, len(messages))
	for i, m := range messages {
		var err error
		if parts[i], err = proto.Marshal(m); err != nil {
			return nil, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	return appendFrame(nil, parts...), nil
}

// readFrame reads a frame of at most limit bytes and returns it without its length.
func readFrame(r io.Reader, limit uint32) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:]) == "HTTP" {
		return nil, fmt.Errorf("%w but HTTP: the port is that of a web page", errFrame)
	}
	length := binary.BigEndian.Uint32(head[:])
	if length > limit {
		return nil, fmt.Errorf("%w: a frame of %d bytes, at most %d are accepted", errFrame, length, limit)
	}
	frame, err := readAtMost(r, int(length))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return frame, err
}

// readAtMost reads n bytes; it does not trust n before the bytes are there.
func readAtMost(r io.Reader, n int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for len(b) < n {
		begin := len(b)
		b = append(b, make([]byte, min(n-begin, step))...)
		if _, err := io.ReadFull(r, b[begin:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// cut takes one message with its length off the front of a frame.
func cut(frame []byte) (message, rest []byte, err error) {
	message, n := protowire.ConsumeBytes(frame)
	if n < 0 {
		return nil, nil, fmt.Errorf("%w: %w", errFrame, protowire.ParseError(n))
	}
	return message, frame[n:], nil
}

// parseResponse splits a frame into its header and the encoded answer, which is empty unless the call succeeded.
func parseResponse(frame []byte) (*wire.RpcResponseHeader, []byte, error) {
	encoded, rest, err := cut(frame)
	if err != nil {
		return nil, nil, err
	}
	header := &wire.RpcResponseHeader{}
	if err := proto.Unmarshal(encoded, header); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	if header.GetStatus() != wire.RpcResponseHeader_SUCCESS || len(rest) == 0 {
		return header, nil, nil
	}
	body, rest, err := cut(rest)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes after an answer", errFrame, len(rest))
	}
	return header, body, err
}
