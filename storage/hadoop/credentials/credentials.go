package credentials

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// Add puts a token under an alias, in place of the one that is there.
func (c *Credentials) Add(alias string, t *Token) {
	for i := range c.Tokens {
		if c.Tokens[i].Alias == alias {
			c.Tokens[i].Token = t
			return
		}
	}
	c.Tokens = append(c.Tokens, NamedToken{alias, t})
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

// Load reads a credentials file. One that other users may read is refused.
func Load(path string) (*Credentials, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
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
