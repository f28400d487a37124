package credentials

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Kinds of tokens.
const (
	KindHDFS            = "HDFS_DELEGATION_TOKEN"
	KindResourceManager = "RM_DELEGATION_TOKEN"
	KindAMRM            = "YARN_AM_RM_TOKEN"
	KindNodeManager     = "NMToken"
	KindContainer       = "ContainerToken"
)

// Environment names the file whose tokens a YARN container gets.
const Environment = "HADOOP_TOKEN_FILE_LOCATION"

// Token is a right to log in: an identifier that the server can read, and a password that is derived from it by the
// server's key.
type Token struct {
	Identifier, Password []byte
	Kind, Service        string
}

// String hides what is secret.
func (t *Token) String() string { return fmt.Sprintf("%s for %q", t.Kind, t.Service) }

// Lifetime is when a delegation token of HDFS was issued, and when it ends however often it is renewed. ok is false for tokens
// of other forms.
func (t *Token) Lifetime() (issued, end time.Time, ok bool) {
	if t.Kind != KindHDFS || len(t.Identifier) == 0 || t.Identifier[0] != identifierVersion {
		return issued, end, false
	}
	r := reader{rest: t.Identifier[1:]}
	for range identifierNames {
		r.bytes()
	}
	issued, end = time.UnixMilli(r.vlong()), time.UnixMilli(r.vlong())
	return issued, end, r.err == nil
}

// The identifier of a delegation token begins with a version, and owner, renewer and real user.
const (
	identifierVersion = 0
	identifierNames   = 3
)

// Proto is the token as it travels.
func (t *Token) Proto() *wire.Token {
	return &wire.Token{Identifier: notNil(t.Identifier), Password: notNil(t.Password), Kind: &t.Kind, Service: &t.Service}
}

// notNil keeps required fields of proto2 present.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// FromProto is the reverse of Proto.
func FromProto(t *wire.Token) *Token {
	return &Token{Identifier: t.GetIdentifier(), Password: t.GetPassword(), Kind: t.GetKind(), Service: t.GetService()}
}

// Credentials are tokens and secrets, each under an alias. The zero value has none.
type Credentials struct {
	Tokens  []NamedToken
	Secrets []Secret
}

// NamedToken is a token under its alias, which for most is the service.
type NamedToken struct {
	Alias string
	Token *Token
}

// Secret is some bytes under an alias.
type Secret struct {
	Alias string
	Bytes []byte
}

// Add puts a token under an alias, in place of the one that is there, and tells whether that was another.
func (c *Credentials) Add(alias string, t *Token) (changed bool) {
	for i, old := range c.Tokens {
		if old.Alias == alias {
			c.Tokens[i].Token = t
			return !bytes.Equal(old.Token.Identifier, t.Identifier) || !bytes.Equal(old.Token.Password, t.Password)
		}
	}
	c.Tokens = append(c.Tokens, NamedToken{alias, t})
	return true
}

// Find returns a token of a kind for one of the services, in their order, else the only one of the kind whose service is
// empty; if no services are given, the only one of the kind. It is nil if there is none or the choice is open.
func (c *Credentials) Find(kind string, services ...string) *Token {
	var of []*Token
	for _, t := range c.Tokens {
		if t.Token.Kind == kind {
			of = append(of, t.Token)
		}
	}
	for _, service := range services {
		if i := slices.IndexFunc(of, func(t *Token) bool { return strings.EqualFold(t.Service, service) }); i >= 0 {
			return of[i]
		}
	}
	if len(services) > 0 {
		of = slices.DeleteFunc(of, func(t *Token) bool { return t.Service != "" })
	}
	if len(of) == 1 {
		return of[0]
	}
	return nil
}

var errPermissions = errors.New("others may read it; chmod 600")

// Load reads a credentials file. One that other users may read is refused, unless a folder above it, as in YARN, is closed to
// them.
func Load(path string) (*Credentials, error) {
	open, err := openToOthers(path)
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	if open {
		return nil, fmt.Errorf("credentials file %s: %w", path, errPermissions)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	c, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("credentials file %s: %w", path, err)
	}
	return c, nil
}

func openToOthers(path string) (bool, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return false, err
	}
	for mask := os.FileMode(0o007); ; mask = 0o001 {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&mask == 0 {
			return false, err
		}
		above := filepath.Dir(path)
		if above == path {
			return true, nil
		}
		path = above
	}
}

// Save writes a credentials file with mode 0600 in the Writable encoding. The file appears whole or not at all.
func (c *Credentials) Save(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("credentials file: %w", err)
	}
	defer os.Remove(f.Name()) // gone if all went well
	_, err = f.Write(c.Marshal())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("credentials file: %w", err)
	}
	return nil
}
