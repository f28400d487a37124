package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
)

// Secret is a cluster's secret. The zero value is none: everybody is let in. It prints and logs as stars.
type Secret struct{ text string }

// shortest is the least length of a secret in bytes.
const shortest = 16

// Of is the secret with a text, which is at least 16 bytes long.
func Of(text string) (Secret, error) {
	if len(text) < shortest {
		return Secret{}, fmt.Errorf("the secret has %d bytes: it takes at least %d", len(text), shortest)
	}
	return Secret{text}, nil
}

// Load reads the secret from a file. Nobody but the file's owner may be able to read or write it.
func Load(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the cluster's secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Secret{}, fmt.Errorf("reading the cluster's secret: %s is no file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Secret{}, fmt.Errorf("reading the cluster's secret: others may use %s (mode %04o): chmod 600 %s, and make a new secret if anybody has read it", path, mode, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the cluster's secret: %w", err)
	}
	s, err := Of(strings.TrimSpace(string(content)))
	if err != nil {
		return Secret{}, fmt.Errorf("reading the cluster's secret from %s: %w", path, err)
	}
	return s, nil
}

// Create makes a new secret and writes it to a file that only this user can read. fs.ErrExist when the file is there.
func Create(path string) (Secret, error) {
	var random [32]byte
	rand.Read(random[:])
	s := Secret{hex.EncodeToString(random[:])}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Secret{}, fmt.Errorf("making the cluster's secret: %w", err)
	}
	_, err = f.WriteString(s.text + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return Secret{}, fmt.Errorf("making the cluster's secret: %w", errors.Join(err, os.Remove(path)))
	}
	return s, nil
}

// LoadOrCreate reads the secret, or makes one when there is no file.
func LoadOrCreate(path string) (Secret, error) {
	s, err := Create(path)
	if errors.Is(err, fs.ErrExist) {
		return Load(path)
	}
	return s, err
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// Matches tells, in a time that does not depend on it, whether a text is the secret. No secret matches everything.
func (s Secret) Matches(text string) bool {
	if s.IsZero() {
		return true
	}
	ours, theirs := sha256.Sum256([]byte(s.text)), sha256.Sum256([]byte(text))
	return hmac.Equal(ours[:], theirs[:])
}

// MatchesBearer tells whether the value of an Authorization header carries the secret.
func (s Secret) MatchesBearer(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	return s.IsZero() || strings.EqualFold(scheme, "Bearer") && s.Matches(token)
}

// Bearer is the value of an Authorization header; empty without a secret.
func (s Secret) Bearer() string {
	if s.IsZero() {
		return ""
	}
	return "Bearer " + s.text
}

// Bytes is the secret as a key; nil without a secret.
func (s Secret) Bytes() []byte {
	if s.IsZero() {
		return nil
	}
	return []byte(s.text)
}

// String hides the secret.
func (s Secret) String() string { return "******" }

// GoString hides the secret.
func (s Secret) GoString() string { return "secret.Secret{******}" }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue("******") }

// Guard refuses to listen beyond the loopback interface without a secret: what listens there lets everybody on the network
// run code.
func Guard(s Secret, what, host string) error {
	if !s.IsZero() || IsLoopback(host) {
		return nil
	}
	return fmt.Errorf("%s would listen on %q without a secret, so that everybody who reaches it could run programs: "+
		"set cluster.secret-file to a file that all machines of the cluster have (scripts/start-cluster.sh makes and distributes one), or listen on localhost", what, host)
}

// IsLoopback tells whether only this machine reaches a host.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
