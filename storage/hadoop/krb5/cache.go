package krb5

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// ErrCache is wrapped by errors of the ticket cache.
var ErrCache = errors.New("kerberos ticket cache")

const remedy = "run kinit, or give a keytab and principal"

// ticketCache is what a file that kinit has written says, renewed since.
type ticketCache struct {
	file      string
	written   time.Time // modification time
	tickets   *credentials.CCache
	granting  *credentials.Credential // of tickets
	principal string
	renewal   *time.Timer // nil if it cannot be renewed
}

func readCache(file string) (*ticketCache, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%w: there is no ticket: %v; %s", ErrCache, err, remedy)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %v; %s", ErrCache, err, remedy)
	}
	c, err := parseCache(b)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w; %s", ErrCache, file, err, remedy)
	}
	c.file, c.written = file, info.ModTime()
	return c, nil
}

func parseCache(b []byte) (c *ticketCache, err error) {
	defer func() { // gokrb5 does not check what it slices
		if r := recover(); r != nil {
			c, err = nil, errors.New("the file is damaged")
		}
	}()
	if len(b) < 2 {
		return nil, errors.New("the file is empty")
	}
	c = &ticketCache{tickets: &credentials.CCache{}}
	if err := c.tickets.Unmarshal(b); err != nil {
		return nil, err
	}
	owner := c.tickets.DefaultPrincipal
	c.principal = owner.PrincipalName.PrincipalNameString() + "@" + owner.Realm
	for _, entry := range c.tickets.GetEntries() {
		if entry.Server.PrincipalName.Equal(grantingServer(owner.Realm)) {
			c.granting = entry
			return c, nil
		}
	}
	return nil, fmt.Errorf("there is no ticket-granting ticket of %s", owner.Realm)
}

func grantingServer(realm string) types.PrincipalName {
	return types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", realm}}
}

func (l *Login) cacheLocked() error {
	file, err := l.profile.cacheFile(l.opts.Cache)
	if err != nil {
		return err
	}
	cache, err := readCache(file)
	if err != nil {
		return err
	}
	if want := l.opts.Principal; want != "" && want != cache.principal && want+"@"+cache.tickets.DefaultPrincipal.Realm != cache.principal {
		return fmt.Errorf("%w %s is that of %s, not of %s; run kinit %s, or give its keytab", ErrCache, file, cache.principal, want, want)
	}
	if l.principal != "" && l.principal != cache.principal {
		return fmt.Errorf("%w %s was that of %s and is now that of %s; start again to be somebody else", ErrCache, file, l.principal, cache.principal)
	}
	return l.useLocked(cache)
}

// useLocked makes a client of a cache's tickets.
func (l *Login) useLocked(cache *ticketCache) error {
	if end := cache.granting.EndTime; !time.Now().Before(end) {
		return fmt.Errorf("%w %s: the ticket of %s has expired at %s; %s", ErrCache, cache.file, cache.principal, end.Local().Format(time.DateTime), remedy)
	}
	c, err := client.NewFromCCache(cache.tickets, l.config, client.DisablePAFXFAST(true))
	if err != nil {
		return fmt.Errorf("%w %s: %w; %s", ErrCache, cache.file, err, remedy)
	}
	l.replaceLocked(c, cache)
	if l.principal == "" { // cacheLocked takes no other
		l.principal = cache.principal
	}
	if t := cache.granting; t.RenewTill.After(t.EndTime) {
		wait := time.Until(t.EndTime) * 3 / 4
		cache.renewal = time.AfterFunc(max(wait, time.Second), func() { l.renew(cache) })
	}
	return nil
}

// refreshLocked reads the cache again if kinit has written it since, or its ticket has ended.
func (l *Login) refreshLocked() error {
	info, err := os.Stat(l.cache.file)
	ended := !time.Now().Before(l.cache.granting.EndTime)
	if !ended && (err != nil || info.ModTime().Equal(l.cache.written)) {
		return nil
	}
	err = l.cacheLocked()
	if err != nil && !ended {
		return nil // perhaps it is just being written
	}
	return err
}

// Renew gets a ticket that lasts longer, before the old one ends: with a keytab by a new login, else by renewal, in memory
// only: the file is kinit's. It happens by itself, too.
func (l *Login) Renew() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return errClosed
	case l.cache == nil:
		return l.keytabLocked()
	}
	if err := l.exchangeLocked(l.cache); err != nil {
		return l.explain("renewal of the kerberos ticket of "+l.principal, err)
	}
	return nil
}

// renew is Renew when it is due.
func (l *Login) renew(cache *ticketCache) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache != cache || l.closed {
		return
	}
	if err := l.exchangeLocked(cache); err != nil && time.Until(cache.granting.EndTime) > 0 {
		cache.renewal = time.AfterFunc(max(time.Until(cache.granting.EndTime)/4, time.Second), func() { l.renew(cache) })
	}
}

func (l *Login) exchangeLocked(cache *ticketCache) error {
	t := cache.granting
	var old messages.Ticket
	if err := old.Unmarshal(t.Ticket); err != nil {
		return err
	}
	realm := cache.tickets.DefaultPrincipal.Realm
	_, reply, err := l.client.TGSREQGenerateAndExchange(grantingServer(realm), realm, old, t.Key, true)
	if err != nil {
		return err
	}
	encoded, err := reply.Ticket.Marshal()
	if err != nil {
		return err
	}
	part := reply.DecryptedEncPart
	t.Ticket, t.Key = encoded, part.Key
	t.AuthTime, t.StartTime, t.EndTime, t.RenewTill = part.AuthTime, part.StartTime, part.EndTime, part.RenewTill
	return l.useLocked(cache)
}
