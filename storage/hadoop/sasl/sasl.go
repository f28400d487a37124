package sasl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// QOP is how the bytes after the handshake are protected.
type QOP string

// The protections, with the names of RFC 2831.
const (
	Auth     QOP = "auth"      // not at all
	AuthInt  QOP = "auth-int"  // signed
	AuthConf QOP = "auth-conf" // signed and encrypted
)

// Client is the client's side of one handshake.
type Client interface {
	// Next answers a challenge. The first one is what the server sends along with its offer, and may be empty.
	Next(challenge []byte) (answer []byte, err error)
	// Complete takes the server's last message, which proves who it is, and returns the layer, nil for Auth.
	Complete(final []byte) (Layer, error)
}

// Layer protects messages after a handshake. Messages must be unwrapped in the order in which they were wrapped.
type Layer interface {
	Wrap(message []byte) ([]byte, error)
	Unwrap(token []byte) ([]byte, error)
	// MaxMessage is how many bytes one Wrap may take.
	MaxMessage() int
}

// ErrTampered is wrapped by errors of Unwrap: the bytes are not what the other side has sent.
var ErrTampered = errors.New("the message was changed, lost or repeated on its way")

var errOrder = errors.New("the server's messages are out of order")

// Protections reads Hadoop's lists of authentication, integrity and privacy (hadoop.rpc.protection), best first. Empty means
// authentication.
func Protections(list string) ([]QOP, error) {
	names := map[string]QOP{"authentication": Auth, "integrity": AuthInt, "privacy": AuthConf}
	var out []QOP
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		qop, ok := names[name]
		if !ok {
			return nil, fmt.Errorf("unknown protection %q: it is authentication, integrity or privacy", name)
		}
		out = append(out, qop)
	}
	if len(out) == 0 {
		out = []QOP{Auth}
	}
	return out, nil
}

// agree takes the first of ours that the server offers.
func agree(ours, offered []QOP) (QOP, error) {
	for _, qop := range ours {
		if slices.Contains(offered, qop) {
			return qop, nil
		}
	}
	return "", fmt.Errorf("the server protects by %v, this side accepts %v; hadoop.rpc.protection (dfs.data.transfer.protection for DataNodes) must have one in common",
		offered, ours)
}
