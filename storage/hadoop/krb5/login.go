package krb5

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Options say how to log in. Empty fields mean what the environment says.
type Options struct {
	Keytab    string // a file; empty: the ticket cache
	Principal string // of the keytab, name or name@REALM; of a ticket cache it must be this one if it is given
	Cache     string // as KRB5CCNAME
	Config    string // as KRB5_CONFIG
}

// Login is one principal's way to tickets. It is safe for concurrent use. With a keytab it logs in again when it must; with
// a ticket cache it renews a renewable ticket before its end and reads the cache again when kinit has changed it.
type Login struct {
	opts      Options
	config    *config.Config
	profile   *Profile
	principal string

	mu     sync.Mutex
	client *client.Client
	cache  *ticketCache // nil with a keytab
	closed bool
}

var errClosed = errors.New("the kerberos login is closed")

// Ticket is what a server is shown.
type Ticket struct {
	Request []byte // the GSSAPI token with the AP-REQ
	Key     types.EncryptionKey
}

// Open reads the configuration and the keytab or ticket cache, and logs in.
func Open(opts Options) (*Login, error) {
	profile, err := LoadProfile(opts.Config)
	if err != nil {
		return nil, err
	}
	l := &Login{opts: opts, profile: profile}
	if l.config, err = profile.config(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.loginLocked(); err != nil {
		return nil, err
	}
	return l, nil
}

// Principal is name@REALM.
func (l *Login) Principal() string { return l.principal }

// Close forgets the tickets.
func (l *Login) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.replaceLocked(nil, nil)
}

func (l *Login) replaceLocked(c *client.Client, cache *ticketCache) {
	if l.cache != nil && l.cache.renewal != nil {
		l.cache.renewal.Stop()
	}
	if l.client != nil {
		l.client.Destroy()
	}
	l.client, l.cache = c, cache
}

func (l *Login) loginLocked() error {
	if l.opts.Keytab != "" {
		return l.keytabLocked()
	}
	return l.cacheLocked()
}

func (l *Login) keytabLocked() error {
	name, realm, _ := strings.Cut(l.opts.Principal, "@")
	if realm == "" {
		realm = l.config.LibDefaults.DefaultRealm
	}
	if name == "" || realm == "" {
		return fmt.Errorf("keytab %s is given with principal %q; write name@REALM", l.opts.Keytab, l.opts.Principal)
	}
	kt, err := loadKeytab(l.opts.Keytab)
	if err != nil {
		return fmt.Errorf("keytab %s cannot be read: %v", l.opts.Keytab, err)
	}
	if l.principal == "" { // it stays the same: Principal has no lock
		l.principal = name + "@" + realm
	}
	c := client.NewWithKeytab(name, realm, kt, l.config, client.DisablePAFXFAST(true))
	if err := c.Login(); err != nil {
		c.Destroy()
		return l.explain("kerberos login of "+l.principal+" with keytab "+l.opts.Keytab, err)
	}
	l.replaceLocked(c, nil)
	return nil
}

func loadKeytab(file string) (kt *keytab.Keytab, err error) {
	defer func() { // gokrb5 does not check what it slices
		if r := recover(); r != nil {
			err = errors.New("the file is damaged")
		}
	}()
	return keytab.Load(file)
}

// Ticket gets a ticket for a server, name/host or name/host@REALM.
func (l *Login) Ticket(ctx context.Context, server string) (Ticket, error) {
	type result struct {
		ticket Ticket
		err    error
	}
	done := make(chan result, 1)
	go func() { // gokrb5 takes no context; its time-outs are short
		t, err := l.ticket(server)
		done <- result{t, err}
	}()
	select {
	case r := <-done:
		return r.ticket, r.err
	case <-ctx.Done():
		return Ticket{}, fmt.Errorf("%w for %s: %w", ErrUnreachable, server, context.Cause(ctx))
	}
}

func (l *Login) ticket(server string) (Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Ticket{}, errClosed
	}
	if l.cache != nil {
		if err := l.refreshLocked(); err != nil {
			return Ticket{}, err
		}
	}
	t, err := l.requestLocked(server)
	if err == nil || l.cache != nil || IsTemporary(err) {
		return t, err
	}
	if err := l.keytabLocked(); err != nil { // the old ticket may have ended while the KDC was away
		return Ticket{}, err
	}
	return l.requestLocked(server)
}

func (l *Login) requestLocked(server string) (Ticket, error) {
	name, realm, _ := strings.Cut(server, "@")
	if _, host, ok := strings.Cut(name, "/"); ok && realm != "" {
		l.config.DomainRealm[host] = realm
	}
	ticket, key, err := l.client.GetServiceTicket(name)
	if err != nil {
		return Ticket{}, l.explain("kerberos ticket of "+l.principal+" for "+server, err)
	}
	request, err := spnego.NewKRB5TokenAPREQ(l.client, ticket, key, []int{gssapi.ContextFlagInteg, gssapi.ContextFlagConf}, nil)
	if err != nil {
		return Ticket{}, fmt.Errorf("kerberos request for %s: %w", server, err)
	}
	encoded, err := request.Marshal()
	if err != nil {
		return Ticket{}, fmt.Errorf("kerberos request for %s: %w", server, err)
	}
	return Ticket{Request: encoded, Key: key}, nil
}
