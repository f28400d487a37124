package datanode

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// maxWrapped bounds the wrapped messages of a DataNode; it sends 64 KiB at a time.
const maxWrapped = 16 << 20

// layerReader reads messages that are wrapped, each after its length.
type layerReader struct {
	in    io.Reader
	layer sasl.Layer
	token []byte
	rest  []byte // of the last message
}

func (r *layerReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		var head [4]byte
		if _, err := io.ReadFull(r.in, head[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(head[:])
		if n > maxWrapped {
			return 0, fmt.Errorf("%w: a message of %d bytes", sasl.ErrTampered, n)
		}
		if uint32(cap(r.token)) < n {
			r.token = make([]byte, n)
		}
		r.token = r.token[:n]
		if _, err := io.ReadFull(r.in, r.token); err != nil {
			return 0, err
		}
		var err error
		if r.rest, err = r.layer.Unwrap(r.token); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// layerWriter writes such messages.
type layerWriter struct {
	out   io.Writer
	layer sasl.Layer
	frame []byte
}

func (w *layerWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		n := min(len(p), w.layer.MaxMessage())
		token, err := w.layer.Wrap(p[:n])
		if err != nil {
			return written, err
		}
		w.frame = binary.BigEndian.AppendUint32(w.frame[:0], uint32(len(token)))
		w.frame = append(w.frame, token...)
		if _, err := w.out.Write(w.frame); err != nil {
			return written, err
		}
		written, p = written+n, p[n:]
	}
	return written, nil
}

// newAES is AES in counter mode under keys that the DataNode has chosen and sent wrapped. in and out are the DataNode's.
func newAES(conn io.ReadWriter, layer sasl.Layer, o *wire.CipherOption) (io.Reader, io.Writer, error) {
	if o.GetSuite() != wire.CipherSuite_AES_CTR_NOPADDING {
		return nil, nil, fmt.Errorf("%w: cipher %s", errHandshake, o.GetSuite())
	}
	toServer, err := counter(layer, o.GetInKey(), o.GetInIv())
	if err != nil {
		return nil, nil, err
	}
	toClient, err := counter(layer, o.GetOutKey(), o.GetOutIv())
	if err != nil {
		return nil, nil, err
	}
	return cipher.StreamReader{S: toClient, R: conn}, &aesWriter{stream: toServer, out: conn}, nil
}

func counter(layer sasl.Layer, wrapped, iv []byte) (cipher.Stream, error) {
	key, err := layer.Unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(iv) != block.BlockSize() {
		return nil, fmt.Errorf("%w: %d bytes to begin AES with", errHandshake, len(iv))
	}
	return cipher.NewCTR(block, iv), nil
}

// aesWriter is cipher.StreamWriter without an allocation for each write.
type aesWriter struct {
	stream cipher.Stream
	out    io.Writer
	buffer []byte
}

func (w *aesWriter) Write(p []byte) (int, error) {
	if cap(w.buffer) < len(p) {
		w.buffer = make([]byte, len(p))
	}
	w.stream.XORKeyStream(w.buffer[:len(p)], p)
	return w.out.Write(w.buffer[:len(p)])
}
