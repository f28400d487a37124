package sasl

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
)

// DigestServer is the server's side of one handshake: of tests, and of an ApplicationMaster's clients.
type DigestServer struct {
	// Password looks up the password of a token's identifier, or of a user whose name is no base64.
	Password func(identifier []byte) ([]byte, error)
	Realm    string
	Offer    []QOP
	Ciphers  []string // for AuthConf

	nonce string
}

// Challenge begins the handshake.
func (s *DigestServer) Challenge() []byte {
	s.nonce = rand.Text()
	offers := make([]string, len(s.Offer))
	for i, q := range s.Offer {
		offers[i] = string(q)
	}
	out := fmt.Sprintf(`realm=%s,nonce="%s",qop="%s",charset=utf-8,algorithm=md5-sess`, quote(s.Realm), s.nonce, strings.Join(offers, ","))
	if len(s.Ciphers) > 0 {
		out += `,cipher="` + strings.Join(s.Ciphers, ",") + `"`
	}
	return []byte(out)
}

// Accept checks the client's answer. final proves to the client that the server knows the password.
func (s *DigestServer) Accept(answer []byte) (final []byte, layer Layer, err error) {
	d, err := parseDirectives(answer)
	if err != nil {
		return nil, nil, err
	}
	identifier, err := base64.StdEncoding.DecodeString(d["username"])
	if err != nil {
		identifier = []byte(d["username"])
	}
	password, err := s.Password(identifier)
	if err != nil {
		return nil, nil, err
	}
	qop, err := agree([]QOP{QOP(d["qop"])}, s.Offer)
	if err != nil {
		return nil, nil, err
	}
	session := newDigestSession(d["username"], d["realm"], base64.StdEncoding.EncodeToString(password), s.nonce, d["cnonce"], d["digest-uri"], qop)
	session.cipher = d["cipher"]
	if d["nonce"] != s.nonce || d["nc"] != "00000001" ||
		subtle.ConstantTimeCompare([]byte(d["response"]), []byte(session.response("AUTHENTICATE"))) != 1 {
		return nil, nil, fmt.Errorf("digest response format violation: %w", errMismatch)
	}
	layer, err = session.layer(serverToClient, clientToServer)
	return []byte("rspauth=" + session.response("")), layer, err
}
