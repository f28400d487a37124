package sasl

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/types"
)

var errMismatch = errors.New("mismatched response")

// Key usages of RFC 4121, section 2.
const (
	usageAcceptorSeal  = 22
	usageInitiatorSeal = 24
)

// Wrap tokens of RFC 4121, section 4.2.6.2.
const (
	wrapHeader     = 16
	flagAcceptor   = 1
	flagSealed     = 2
	wrapFiller     = 0xFF
	wrapID         = 0x0504
	gssMaxReceive  = 0xFFFFFF
	gssMaxOverhead = 128 // of a sealed token: confounder, header, filler and checksum of every cipher are less
)

// Bits of RFC 4752, section 3.3.
var securityLayers = map[QOP]byte{Auth: 1, AuthInt: 2, AuthConf: 4}

// gssClient implements Client. The server shows who it is by a checksum under the session key of the ticket.
type gssClient struct {
	request []byte
	key     types.EncryptionKey
	accept  []QOP

	asked bool
	out   *gssHalf
	in    *gssHalf
	qop   QOP
	limit int
}

// NewGSSAPI logs in with a Kerberos AP-REQ token that asks for no mutual authentication, and the session key of its ticket.
func NewGSSAPI(request []byte, key types.EncryptionKey, accept []QOP) Client {
	return &gssClient{request: request, key: key, accept: accept}
}

func (c *gssClient) Next(challenge []byte) ([]byte, error) {
	switch {
	case !c.asked:
		c.asked = true
		return c.request, nil
	case c.out != nil:
		return nil, errOrder
	}
	e, err := crypto.GetEtype(c.key.KeyType)
	if err != nil {
		return nil, err
	}
	in := &gssHalf{etype: e, key: c.key.KeyValue, usage: usageAcceptorSeal, flags: flagAcceptor}
	offer, err := in.unwrap(challenge)
	if err != nil {
		return nil, fmt.Errorf("the server's security layers: %w", err)
	}
	if len(offer) != 4 {
		return nil, fmt.Errorf("the server's security layers have %d bytes, not 4", len(offer))
	}
	var offered []QOP
	for _, qop := range []QOP{Auth, AuthInt, AuthConf} {
		if offer[0]&securityLayers[qop] != 0 {
			offered = append(offered, qop)
		}
	}
	if c.qop, err = agree(c.accept, offered); err != nil {
		return nil, err
	}
	c.limit = int(binary.BigEndian.Uint32(offer) & 0xFFFFFF)
	answer := []byte{securityLayers[c.qop], 0, 0, 0}
	if c.qop != Auth {
		binary.BigEndian.PutUint32(answer, uint32(securityLayers[c.qop])<<24|gssMaxReceive)
	}
	c.in, c.out = in, &gssHalf{etype: e, key: c.key.KeyValue, usage: usageInitiatorSeal}
	return c.out.wrap(answer, false)
}

func (c *gssClient) Complete(final []byte) (Layer, error) {
	if c.out == nil || len(final) > 0 {
		return nil, errOrder
	}
	if c.qop == Auth {
		return nil, nil
	}
	return &gssLayer{out: c.out, in: c.in, seal: c.qop == AuthConf, limit: max(c.limit-gssMaxOverhead, 1024)}, nil
}

// gssLayer implements Layer.
type gssLayer struct {
	out, in *gssHalf
	seal    bool
	limit   int
}

func (l *gssLayer) MaxMessage() int                     { return l.limit }
func (l *gssLayer) Wrap(message []byte) ([]byte, error) { return l.out.wrap(message, l.seal) }

func (l *gssLayer) Unwrap(token []byte) ([]byte, error) {
	if l.seal && (len(token) < 3 || token[2]&flagSealed == 0) {
		return nil, fmt.Errorf("%w: it is not encrypted", ErrTampered)
	}
	return l.in.unwrap(token)
}

// gssHalf is one direction of wrap tokens.
type gssHalf struct {
	etype  etype.EType
	key    []byte
	usage  uint32
	flags  byte // who sends
	number uint64
	begun  bool // of the receiver: number is known
}

func (h *gssHalf) header(flags byte, number uint64) []byte {
	b := binary.BigEndian.AppendUint16(nil, wrapID)
	b = append(b, flags, wrapFiller, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint64(b, number)
}

func (h *gssHalf) wrap(message []byte, seal bool) ([]byte, error) {
	number := h.number
	h.number++
	if seal {
		header := h.header(h.flags|flagSealed, number)
		plain := append(append(make([]byte, 0, len(message)+wrapHeader), message...), header...)
		_, body, err := h.etype.EncryptMessage(h.key, plain, h.usage)
		return append(header, body...), err
	}
	header := h.header(h.flags, number)
	signed := append(append(make([]byte, 0, len(message)+wrapHeader), message...), header...)
	sum, err := h.etype.GetChecksumHash(h.key, signed, h.usage)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint16(header[4:], uint16(len(sum)))
	return append(append(header, message...), sum...), nil
}

func (h *gssHalf) unwrap(token []byte) ([]byte, error) {
	if len(token) < wrapHeader || binary.BigEndian.Uint16(token) != wrapID || token[3] != wrapFiller || token[2]&^flagSealed != h.flags {
		return nil, fmt.Errorf("%w: no wrap token of the other side", ErrTampered)
	}
	number := binary.BigEndian.Uint64(token[8:])
	if h.begun && number != h.number {
		return nil, fmt.Errorf("%w: number %d where %d is due", ErrTampered, number, h.number)
	}
	extra, rotation := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))
	body := rotateLeft(token[wrapHeader:], rotation)
	open := h.verify
	if token[2]&flagSealed != 0 {
		open = h.decrypt
	}
	message, err := open(body, extra, token)
	if err != nil {
		return nil, err
	}
	h.begun, h.number = true, number+1
	return message, nil
}

// verify checks a token that is signed: message, then checksum.
func (h *gssHalf) verify(body []byte, extra int, token []byte) ([]byte, error) {
	n := len(body) - extra
	if n < 0 || extra == 0 {
		return nil, fmt.Errorf("%w: no checksum", ErrTampered)
	}
	signed := append(append(make([]byte, 0, n+wrapHeader), body[:n]...), h.header(token[2], binary.BigEndian.Uint64(token[8:]))...)
	if !h.etype.VerifyChecksum(h.key, signed, body[n:], h.usage) {
		return nil, fmt.Errorf("%w: wrong checksum", ErrTampered)
	}
	return body[:n], nil
}

// decrypt opens a token that is sealed: message, filler, then the header once more.
func (h *gssHalf) decrypt(body []byte, extra int, token []byte) ([]byte, error) {
	if least := h.etype.GetConfounderByteSize() + h.etype.GetHMACBitLength()/8 + wrapHeader + extra; len(body) < least {
		return nil, fmt.Errorf("%w: it is short", ErrTampered)
	}
	plain, err := h.etype.DecryptMessage(h.key, body, h.usage)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	n := len(plain) - wrapHeader - extra
	if n < 0 {
		return nil, fmt.Errorf("%w: it is short", ErrTampered)
	}
	header := h.header(token[2], binary.BigEndian.Uint64(token[8:]))
	binary.BigEndian.PutUint16(header[4:], uint16(extra))
	if string(header) != string(plain[n+extra:]) {
		return nil, fmt.Errorf("%w: its header was changed", ErrTampered)
	}
	return plain[:n], nil
}

// rotateLeft undoes a rotation to the right.
func rotateLeft(b []byte, by int) []byte {
	if len(b) == 0 || by%len(b) == 0 {
		return b
	}
	by %= len(b)
	return append(append(make([]byte, 0, len(b)), b[by:]...), b[:by]...)
}
