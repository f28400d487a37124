package datanode

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// fakeDatanode does the server's side of the handshake and then echoes.
type fakeDatanode struct {
	offer  []sasl.QOP
	aes    bool
	refuse *wire.HandshakeMessage // in place of the challenge
	user   string                 // what the client logged in as
}

func (f *fakeDatanode) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close() // nothing comes of its error
		if err := f.serve(server); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}()
	return client, nil
}

func (f *fakeDatanode) serve(c net.Conn) error {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	h := handshake{conn: c}
	if _, err := h.receive(); err != nil {
		return err
	}
	if f.refuse != nil {
		encoded, err := proto.Marshal(f.refuse)
		if err != nil {
			return err
		}
		_, err = c.Write(protowire.AppendBytes(nil, encoded))
		return err
	}
	server := sasl.DigestServer{Realm: "0", Offer: f.offer, Ciphers: []string{"rc4", "3des"}, Password: func(id []byte) ([]byte, error) {
		f.user = string(id)
		return []byte("secret"), nil
	}}
	if err := h.send(nil, &wire.HandshakeMessage{Payload: server.Challenge()}); err != nil {
		return err
	}
	answer, err := h.receive()
	if err != nil {
		return err
	}
	final, layer, err := server.Accept(answer.GetPayload())
	if err != nil {
		return err
	}
	reply := &wire.HandshakeMessage{Payload: final}
	var in io.Reader = c
	var out io.Writer = c
	if layer != nil && f.aes {
		o, toServer, toClient, err := option(layer)
		if err != nil {
			return err
		}
		reply.CipherOption = []*wire.CipherOption{o}
		in, out = cipher.StreamReader{S: toServer, R: c}, &aesWriter{stream: toClient, out: c}
	} else if layer != nil {
		in, out = &layerReader{in: c, layer: layer}, &layerWriter{out: c, layer: layer}
	}
	if err := h.send(nil, reply); err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{out}, in)
	return err
}

func option(layer sasl.Layer) (*wire.CipherOption, cipher.Stream, cipher.Stream, error) {
	keys := [2][]byte{bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)}
	var wrapped [2][]byte
	var streams [2]cipher.Stream
	iv := make([]byte, aes.BlockSize)
	for i, k := range keys {
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, nil, nil, err
		}
		streams[i] = cipher.NewCTR(block, iv)
		if wrapped[i], err = layer.Wrap(k); err != nil {
			return nil, nil, nil, err
		}
	}
	return &wire.CipherOption{Suite: wire.CipherSuite_AES_CTR_NOPADDING.Enum(), InKey: wrapped[0], OutKey: wrapped[1], InIv: iv, OutIv: iv},
		streams[0], streams[1], nil
}

// readRequest is a read of a block with a token.
func readRequest(t testing.TB) []byte {
	token := &wire.Token{Identifier: []byte("block"), Password: []byte("secret"), Kind: proto.String("BLOCK"), Service: proto.String("")}
	encoded, err := proto.Marshal(&wire.BlockOperation{Header: &wire.OperationHeader{
		ClientName: proto.String("test"), BaseHeader: &wire.BlockHeader{Token: token, Block: &wire.Block{
			PoolId: proto.String("BP-1"), BlockId: proto.Uint64(1), GenerationStamp: proto.Uint64(1)}},
	}})
	require.NoError(t, err)
	return protowire.AppendBytes([]byte{0, 28, 81}, encoded)
}

func exchange(t *testing.T, d *Dialer, payload []byte) error {
	t.Helper()
	c, err := d.DialContext(t.Context(), "tcp", "dn:1")
	require.NoError(t, err)
	defer c.Close() // nothing comes of its error
	first := readRequest(t)
	if _, err := c.Write(first); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Write(payload)
		failed <- err
	}()
	want := append(first, payload...)
	got := make([]byte, len(want))
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.NoError(t, <-failed)
	require.True(t, bytes.Equal(want, got))
	return nil
}

func TestProtections(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 20_000)
	all := []sasl.QOP{sasl.Auth, sasl.AuthInt, sasl.AuthConf}
	for _, want := range all {
		for _, withAES := range []bool{false, true} {
			f := &fakeDatanode{offer: all, aes: withAES}
			require.NoError(t, exchange(t, &Dialer{Dial: f.dial, Protection: []sasl.QOP{want}}, payload))
			require.Equal(t, "block", f.user)
		}
	}
	c, err := (&Dialer{Dial: (&fakeDatanode{}).dial}).DialContext(t.Context(), "tcp", "dn:1")
	require.NoError(t, err)
	require.IsNotType(t, &conn{}, c, "not secured")
	require.NoError(t, c.Close())
	err = exchange(t, &Dialer{Dial: (&fakeDatanode{offer: all[:1]}).dial, Protection: all[2:]}, payload)
	require.ErrorContains(t, err, "the server protects by [auth], this side accepts [auth-conf]")
}

func TestEncryptionKey(t *testing.T) {
	var asked int
	f := &fakeDatanode{offer: []sasl.QOP{sasl.AuthConf}, aes: true}
	expiry := time.Now().Add(time.Hour)
	d := &Dialer{Dial: f.dial, Key: func(context.Context) (*wire.DataEncryptionKey, error) {
		asked++
		return &wire.DataEncryptionKey{KeyId: proto.Uint32(0xFFFFFFFF), BlockPoolId: proto.String("BP-1"), Nonce: []byte{1, 2, 3},
			EncryptionKey: []byte("secret"), ExpiryDate: proto.Uint64(uint64(expiry.UnixMilli()))}, nil
	}}
	for range 2 {
		require.NoError(t, exchange(t, d, []byte("x")))
		require.Equal(t, "-1 BP-1 AQID", f.user)
	}
	require.Equal(t, 1, asked, "the key is kept")
	f.refuse = &wire.HandshakeMessage{Status: wire.HandshakeMessage_ERROR_UNKNOWN_KEY.Enum(), Message: proto.String("key 7 is gone")}
	require.ErrorContains(t, exchange(t, d, []byte("x")), "does not know the data encryption key: key 7 is gone")
	f.refuse, expiry = nil, time.Now().Add(time.Second)
	require.NoError(t, exchange(t, d, []byte("x")))
	require.Equal(t, 2, asked, "another is asked for")
	require.NoError(t, exchange(t, d, []byte("x")))
	require.Equal(t, 3, asked, "one that is about to expire is not used twice")
}

func TestRefused(t *testing.T) {
	f := &fakeDatanode{refuse: &wire.HandshakeMessage{Status: wire.HandshakeMessage_ERROR.Enum(), Message: proto.String("no")}}
	require.ErrorContains(t, exchange(t, &Dialer{Dial: f.dial, Protection: []sasl.QOP{sasl.Auth}}, nil), "the DataNode refuses the handshake: no")
	for _, bytes := range []string{"", "\x00\x1c\x51", "\x00\x1c\x52\x00", "GET / HTTP/1.1", "\x00\x1c\x51\x02\xff\xff", strings.Repeat("\x00", 10)} {
		_, err := blockToken([]byte(bytes))
		require.ErrorIs(t, err, errRequest, "%q", bytes)
	}
}

func FuzzHandshake(f *testing.F) {
	encoded, err := proto.Marshal(&wire.HandshakeMessage{Status: wire.HandshakeMessage_SUCCESS.Enum(), Payload: []byte(`nonce="x",algorithm=md5-sess,qop="auth"`)})
	require.NoError(f, err)
	f.Add(protowire.AppendBytes(nil, encoded))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := handshake{conn: &readWriter{Reader: bytes.NewReader(data)}, client: sasl.NewDigest(sasl.DigestCredential{URI: "hdfs/0"}, []sasl.QOP{sasl.Auth})}
		if in, out, err := h.run(); err == nil && (in == nil || out == nil) {
			t.Fatal("neither connection nor error")
		}
		blockToken(data) // an error or not
	})
}

// readWriter drops what is written.
type readWriter struct{ io.Reader }

func (*readWriter) Write(p []byte) (int, error) { return len(p), nil }
