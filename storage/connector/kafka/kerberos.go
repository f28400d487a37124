package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/leatproject/leat/storage/hadoop/krb5"
	hadoopsasl "github.com/leatproject/leat/storage/hadoop/sasl"
)

// kerberos is GSSAPI: with the keytab and principal of sasl.jaas.config, else with the ticket cache. It logs in with the first
// connection.
func (s *security) kerberos() (sasl.Mechanism, error) {
	service := s.service
	if service == "" {
		service = s.option("serviceName")
	}
	if service == "" {
		return nil, errors.New("property sasl.kerberos.service.name: sasl.mechanism GSSAPI wants the first part of the brokers' principal here, such as kafka")
	}
	options := krb5.Options{Principal: s.option("principal")}
	if s.option("useKeyTab") == "true" || s.option("keyTab") != "" {
		options.Keytab = s.option("keyTab")
	}
	return &kerberosMechanism{service: service, login: sync.OnceValues(func() (*krb5.Login, error) { return krb5.Open(options) })}, nil
}

type kerberosMechanism struct {
	service string
	login   func() (*krb5.Login, error)
}

// Name implements sasl.Mechanism.
func (*kerberosMechanism) Name() string { return "GSSAPI" }

// Authenticate implements sasl.Mechanism.
func (m *kerberosMechanism) Authenticate(ctx context.Context, address string) (sasl.Session, []byte, error) {
	login, err := m.login()
	if err != nil {
		return nil, nil, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ticket, err := login.Ticket(ctx, m.service+"/"+host)
	if err != nil {
		return nil, nil, err
	}
	s := kerberosSession{hadoopsasl.NewGSSAPI(ticket.Request, ticket.Key, []hadoopsasl.QOP{hadoopsasl.Auth})}
	first, err := s.client.Next(nil)
	return s, first, err
}

type kerberosSession struct{ client hadoopsasl.Client }

// Challenge implements sasl.Session: the server's one challenge offers security layers, of which none is taken.
func (s kerberosSession) Challenge(offer []byte) (done bool, answer []byte, err error) {
	if answer, err = s.client.Next(offer); err != nil {
		return false, nil, fmt.Errorf("kerberos handshake: %w", err)
	}
	return true, answer, nil
}
