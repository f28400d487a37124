package sasl

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const defaultBuffer = 65536 // of RFC 2831

// DigestCredential is what DIGEST-MD5 logs in with.
type DigestCredential struct {
	Identifier, Password []byte // of a token; they travel and count in base64
	URI                  string // protocol/server
	User                 string // in place of the identifier, as it is
}

func (c *DigestCredential) user() string {
	if c.User != "" {
		return c.User
	}
	return base64.StdEncoding.EncodeToString(c.Identifier)
}

func (c *DigestCredential) password() string {
	return base64.StdEncoding.EncodeToString(c.Password)
}

// digestClient implements Client.
type digestClient struct {
	credential DigestCredential
	accept     []QOP
	session    *digestSession // nil before the challenge
}

// NewDigest logs in with a token and takes the first of accept that the server offers.
func NewDigest(credential DigestCredential, accept []QOP) Client {
	return &digestClient{credential: credential, accept: accept}
}

// digestSession is what both sides know when a handshake is over.
type digestSession struct {
	a1        []byte // H(user:realm:password):nonce:cnonce, hashed
	nonce     string
	cnonce    string
	uri       string
	qop       QOP
	cipher    string
	maxBuffer int
}

func newDigestSession(user, realm, password, nonce, cnonce, uri string, qop QOP) *digestSession {
	secret := md5.Sum([]byte(user + ":" + realm + ":" + password))
	a1 := md5.Sum([]byte(string(secret[:]) + ":" + nonce + ":" + cnonce))
	return &digestSession{a1: a1[:], nonce: nonce, cnonce: cnonce, uri: uri, qop: qop, maxBuffer: defaultBuffer}
}

// response is RFC 2831's response-value; prefix is AUTHENTICATE for the client's and empty for the server's proof.
func (s *digestSession) response(prefix string) string {
	a2 := prefix + ":" + s.uri
	if s.qop != Auth {
		a2 += ":" + strings.Repeat("0", 32)
	}
	sum := md5.Sum([]byte(hex.EncodeToString(s.a1) + ":" + s.nonce + ":00000001:" + s.cnonce + ":" + string(s.qop) + ":" + hexMD5(a2)))
	return hex.EncodeToString(sum[:])
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (c *digestClient) Next(message []byte) ([]byte, error) {
	if c.session != nil {
		return nil, errOrder
	}
	asked, err := parseChallenge(message)
	if err != nil {
		return nil, err
	}
	qop, err := agree(c.accept, asked.qops)
	if err != nil {
		return nil, err
	}
	s := newDigestSession(c.credential.user(), asked.realm, c.credential.password(), asked.nonce, rand.Text(), c.credential.URI, qop)
	s.maxBuffer = asked.maxBuffer
	answer := fmt.Sprintf(`charset=utf-8,username=%s,realm=%s,nonce=%s,nc=00000001,cnonce="%s",digest-uri=%s,maxbuf=%d,response=%s,qop=%s`,
		quote(c.credential.user()), quote(asked.realm), quote(asked.nonce), s.cnonce, quote(s.uri), defaultBuffer, s.response("AUTHENTICATE"), qop)
	if qop == AuthConf {
		if s.cipher, err = chooseCipher(asked.ciphers); err != nil {
			return nil, err
		}
		answer += `,cipher="` + s.cipher + `"`
	}
	c.session = s
	return []byte(answer), nil
}

// chooseCipher prefers RC4: 3DES, and Java's above all, is slower by a factor of ten or more and no safer with keys that
// live for a connection.
func chooseCipher(offered []string) (string, error) {
	for _, name := range []string{"rc4", "3des", "rc4-56", "rc4-40"} {
		if slices.Contains(offered, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("the server encrypts by %v, this side by rc4 and 3des", offered)
}

var errServerProof = errors.New("the server does not know the token: it is not the server that the token is for")

func (c *digestClient) Complete(final []byte) (Layer, error) {
	if c.session == nil {
		return nil, errOrder
	}
	d, err := parseDirectives(final)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(d["rspauth"]), []byte(c.session.response(""))) != 1 {
		return nil, errServerProof
	}
	return c.session.layer(clientToServer, serverToClient)
}
