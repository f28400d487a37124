package datanode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// magic tells a DataNode that a handshake follows and no request.
const magic = 0xDEADBEEF

const maxHandshake = 1 << 20

var (
	errUnknownKey = errors.New("the DataNode does not know the data encryption key")
	errHandshake  = errors.New("the DataNode refuses the handshake")
)

// handshake is that of one connection. (Hadoop: SaslDataTransferClient.)
type handshake struct {
	conn   io.ReadWriter
	client sasl.Client
}

// run logs in and returns what to read and write by.
func (h *handshake) run() (io.Reader, io.Writer, error) {
	hello := binary.BigEndian.AppendUint32(nil, magic)
	if err := h.send(hello, &wire.HandshakeMessage{}); err != nil {
		return nil, nil, err
	}
	challenge, err := h.receive()
	if err != nil {
		return nil, nil, err
	}
	answer := &wire.HandshakeMessage{CipherOption: []*wire.CipherOption{{Suite: wire.CipherSuite_AES_CTR_NOPADDING.Enum()}}}
	if answer.Payload, err = h.client.Next(challenge.GetPayload()); err != nil {
		return nil, nil, err
	}
	if err := h.send(nil, answer); err != nil {
		return nil, nil, err
	}
	final, err := h.receive()
	if err != nil {
		return nil, nil, err
	}
	layer, err := h.client.Complete(final.GetPayload())
	switch {
	case err != nil:
		return nil, nil, err
	case layer == nil:
		return h.conn, h.conn, nil
	case len(final.GetCipherOption()) > 0:
		return newAES(h.conn, layer, final.GetCipherOption()[0])
	}
	return &layerReader{in: h.conn, layer: layer}, &layerWriter{out: h.conn, layer: layer}, nil
}

func (h *handshake) send(before []byte, m *wire.HandshakeMessage) error {
	m.Status = wire.HandshakeMessage_SUCCESS.Enum()
	encoded, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = h.conn.Write(protowire.AppendBytes(before, encoded))
	return err
}

func (h *handshake) receive() (*wire.HandshakeMessage, error) {
	length, err := readVarint(h.conn)
	if err != nil {
		return nil, err
	}
	if length > maxHandshake {
		return nil, fmt.Errorf("%w: a message of %d bytes", errHandshake, length)
	}
	encoded := make([]byte, length)
	if _, err := io.ReadFull(h.conn, encoded); err != nil {
		return nil, err
	}
	m := &wire.HandshakeMessage{}
	if err := proto.Unmarshal(encoded, m); err != nil {
		return nil, fmt.Errorf("%w: %w", errHandshake, err)
	}
	switch m.GetStatus() {
	case wire.HandshakeMessage_SUCCESS:
		return m, nil
	case wire.HandshakeMessage_ERROR_UNKNOWN_KEY:
		return nil, fmt.Errorf("%w: %s", errUnknownKey, m.GetMessage())
	}
	return nil, fmt.Errorf("%w: %s", errHandshake, m.GetMessage())
}

// readVarint reads byte by byte, so that nothing of what follows is taken.
func readVarint(r io.Reader) (uint64, error) {
	var b []byte
	for len(b) < 5 {
		var one [1]byte
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return 0, err
		}
		if b = append(b, one[0]); one[0] < 0x80 {
			break
		}
	}
	v, n := protowire.ConsumeVarint(b)
	if n < 0 {
		return 0, errHandshake
	}
	return v, nil
}
