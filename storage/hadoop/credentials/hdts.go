package credentials

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

const (
	magic           = "HDTS"
	versionWritable = 0
	versionProto    = 1
)

// ErrFormat is wrapped by errors of Parse.
var ErrFormat = errors.New("no Hadoop credentials (HDTS), or damaged")

// Marshal encodes in Hadoop's Writable form, which every version of Hadoop reads.
func (c *Credentials) Marshal() []byte {
	b := append([]byte(magic), versionWritable)
	b = appendVLong(b, int64(len(c.Tokens)))
	for _, t := range c.Tokens {
		b = appendBytes(b, []byte(t.Alias))
		b = appendBytes(b, t.Token.Identifier)
		b = appendBytes(b, t.Token.Password)
		b = appendBytes(b, []byte(t.Token.Kind))
		b = appendBytes(b, []byte(t.Token.Service))
	}
	b = appendVLong(b, int64(len(c.Secrets)))
	for _, s := range c.Secrets {
		b = appendBytes(b, []byte(s.Alias))
		b = appendBytes(b, s.Bytes)
	}
	return b
}

// MarshalProto encodes in the protobuf form, which Hadoop 3 reads.
func (c *Credentials) MarshalProto() ([]byte, error) {
	message := &wire.Credentials{}
	for _, t := range c.Tokens {
		message.Tokens = append(message.Tokens, &wire.CredentialsEntry{Alias: &t.Alias, Token: t.Token.Proto()})
	}
	for _, s := range c.Secrets {
		message.Secrets = append(message.Secrets, &wire.CredentialsEntry{Alias: &s.Alias, Secret: s.Bytes})
	}
	encoded, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode credentials: %w", err)
	}
	return protowire.AppendBytes(append([]byte(magic), versionProto), encoded), nil
}

// Parse decodes either form.
func Parse(b []byte) (*Credentials, error) {
	if len(b) <= len(magic) || string(b[:len(magic)]) != magic {
		return nil, ErrFormat
	}
	switch version := b[len(magic)]; version {
	case versionWritable:
		return parseWritable(b[len(magic)+1:])
	case versionProto:
		return parseProto(b[len(magic)+1:])
	default:
		return nil, fmt.Errorf("%w: version %d is unknown", ErrFormat, version)
	}
}

func parseProto(b []byte) (*Credentials, error) {
	encoded, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return nil, fmt.Errorf("%w: %w", ErrFormat, protowire.ParseError(n))
	}
	message := &wire.Credentials{}
	if err := proto.Unmarshal(encoded, message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	c := &Credentials{}
	for _, t := range message.GetTokens() {
		c.Tokens = append(c.Tokens, NamedToken{t.GetAlias(), FromProto(t.GetToken())})
	}
	for _, s := range message.GetSecrets() {
		c.Secrets = append(c.Secrets, Secret{s.GetAlias(), s.GetSecret()})
	}
	return c, nil
}

func parseWritable(b []byte) (*Credentials, error) {
	r := reader{rest: b}
	c := &Credentials{}
	for range r.count() {
		alias := string(r.bytes())
		t := &Token{Identifier: r.bytes(), Password: r.bytes(), Kind: string(r.bytes()), Service: string(r.bytes())}
		c.Tokens = append(c.Tokens, NamedToken{alias, t})
		if r.err != nil {
			return nil, r.err
		}
	}
	for range r.count() {
		c.Secrets = append(c.Secrets, Secret{string(r.bytes()), r.bytes()})
		if r.err != nil {
			return nil, r.err
		}
	}
	return c, r.err
}

// reader takes Writables off a slice; after an error it reads nothing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFormat, what)
	}
	r.rest = nil
}

// vlong reads WritableUtils' variable-length integer: one byte from -112 to 127 is the value; less tells how many bytes
// follow, big-endian, and below -120 that they are the complement.
func (r *reader) vlong() int64 {
	if len(r.rest) == 0 {
		r.fail("it is short")
		return 0
	}
	first := int8(r.rest[0])
	r.rest = r.rest[1:]
	if first >= -112 {
		return int64(first)
	}
	n, negative := -112-int(first), false
	if first < -120 {
		n, negative = -120-int(first), true
	}
	if len(r.rest) < n {
		r.fail("it is short")
		return 0
	}
	var v int64
	for _, x := range r.rest[:n] {
		v = v<<8 | int64(x)
	}
	r.rest = r.rest[n:]
	if negative {
		return ^v
	}
	return v
}

// count reads how many entries follow; each has at least two bytes.
func (r *reader) count() int64 {
	n := r.vlong()
	if n < 0 || n > int64(len(r.rest)/2) {
		r.fail(fmt.Sprintf("%d entries in %d bytes", n, len(r.rest)))
		return 0
	}
	return n
}

func (r *reader) bytes() []byte {
	n := r.vlong()
	if n < 0 || n > int64(len(r.rest)) {
		r.fail(fmt.Sprintf("a field of %d bytes where %d are left", n, len(r.rest)))
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func appendBytes(b, field []byte) []byte {
	return append(appendVLong(b, int64(len(field))), field...)
}

// appendVLong is for lengths, which are not negative.
func appendVLong(b []byte, v int64) []byte {
	if v <= 127 {
		return append(b, byte(v))
	}
	n := 1
	for v>>(8*n) != 0 {
		n++
	}
	b = append(b, byte(int8(-112-n)))
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}
