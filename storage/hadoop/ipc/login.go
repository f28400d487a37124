package ipc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/krb5"
	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Names of methods on the wire.
const (
	methodSimple   = "SIMPLE"
	methodToken    = "TOKEN"
	methodKerberos = "KERBEROS"
)

// Token is what a connection may log in with.
type Token = credentials.Token

// Kerberos hands out tickets; *krb5.Login does.
type Kerberos interface {
	Principal() string
	Ticket(ctx context.Context, server string) (krb5.Ticket, error)
}

// Login is who a client is. Of what is given the server chooses; without token and Kerberos it is SIMPLE: the server
// believes the name.
type Login struct {
	// User is the name for SIMPLE. With Kerberos it is empty, or whom the principal acts for (a proxy user).
	User string
	// Token is asked at each connection and may be nil or return nil: there is none.
	Token func() *Token
	// Kerberos may be nil.
	Kerberos Kerberos
	// ServerPrincipal is whom Kerberos expects, such as nn/_HOST@REALM: no server can name another. A * matches anything
	// (see krb5.ServerPrincipal). ServerPrincipalKey is where users set it, for errors.
	ServerPrincipal, ServerPrincipalKey string
	// Protection is what is accepted for the bytes after the login, best first. Empty: only the login is protected.
	Protection []sasl.QOP
	// AllowSimple lets a client with Kerberos talk to a server that is not secured.
	AllowSimple bool
}

// Name is who the server takes the client for, as far as it is known here.
func (l *Login) Name() string {
	switch {
	case l.User != "":
		return l.User
	case l.Kerberos != nil:
		return l.Kerberos.Principal()
	}
	return "the owner of the delegation token"
}

func (l *Login) token() *Token {
	if l.Token == nil {
		return nil
	}
	return l.Token()
}

func (l *Login) protection() []sasl.QOP {
	if len(l.Protection) == 0 {
		return []sasl.QOP{sasl.Auth}
	}
	return l.Protection
}

// userInformation is what the client claims to be. The owner of a token is known to the server, and a claim that differs
// from it is refused.
func (l *Login) userInformation(method string) *wire.UserInformation {
	switch method {
	case methodToken:
		return nil
	case methodKerberos:
		if l.User != "" {
			return &wire.UserInformation{EffectiveUser: proto.String(l.User), RealUser: proto.String(l.Kerberos.Principal())}
		}
		return &wire.UserInformation{EffectiveUser: proto.String(l.Kerberos.Principal())}
	}
	user := l.User
	if user == "" && l.Kerberos != nil {
		user = l.Kerberos.Principal()
	}
	return &wire.UserInformation{EffectiveUser: proto.String(user)}
}
