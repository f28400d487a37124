package hdfs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"
)

const (
	retryWindow  = 15 * time.Second // how long calls are retried on faults of the connection
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second
	idleTime     = time.Minute // an unused session is closed after it
	sessionAge   = time.Hour   // then a new one begins: the library never renews its data encryption key
)

// clock is the time that retries go by.
type clock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

var realClock = clock{now: time.Now, sleep: func(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}}

// client is the process's access to one name service. It is safe for concurrent use. It hands out sessions; the current one
// is shared by all, an old one lives until its last user has released it.
type client struct {
	conf  hadoopconf.HadoopConf
	addrs []string
	user  string
	log   *slog.Logger
	clock clock

	mu      sync.Mutex
	current *session
}

var clients = struct {
	sync.Mutex
	byKey map[string]*client
}{byKey: map[string]*client{}}

// sharedClient returns the client of the name service that authority names. It does not connect.
func sharedClient(conf hadoopconf.HadoopConf, authority string, log *slog.Logger) (*client, error) {
	addrs, err := namenodes(conf, authority)
	if err != nil {
		return nil, err
	}
	name, err := userName()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.Default()
	}
	clients.Lock()
	defer clients.Unlock()
	key := name + "@" + strings.Join(addrs, ",")
	c, ok := clients.byKey[key]
	if !ok {
		c = &client{conf: conf, addrs: addrs, user: name, log: log, clock: realClock}
		clients.byKey[key] = c
	}
	return c, nil
}

func userName() (string, error) {
	if name := os.Getenv("HADOOP_USER_NAME"); name != "" {
		return name, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("%w: the user of this process has no name: %w; set HADOOP_USER_NAME", errConfiguration, err)
	}
	return u.Username, nil
}

func (c *client) String() string { return strings.Join(c.addrs, ", ") }

func (c *client) kerberos() bool {
	return strings.EqualFold(c.conf["hadoop.security.authentication"], "kerberos")
}

// hold returns the current session, to be given back by release.
func (c *client) hold() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.current; s != nil && c.clock.now().Sub(s.born) > sessionAge {
		c.retireLocked(s)
	}
	if c.current == nil {
		c.current = &session{client: c, born: c.clock.now()}
	}
	s := c.current
	s.users++
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	return s
}

func (c *client) release(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.users--
	switch {
	case s.users > 0:
	case s != c.current:
		s.close()
	default:
		s.idle = time.AfterFunc(idleTime, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if s.users == 0 && s == c.current {
				c.retireLocked(s)
			}
		})
	}
}

// retire makes the next hold begin a new session. Who holds the old one may go on with it.
func (c *client) retire(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == c.current {
		c.retireLocked(s)
	}
}

func (c *client) retireLocked(s *session) {
	c.current = nil
	if s.users == 0 {
		s.close()
	}
}

// call runs f, which is made of calls to the NameNode, on the current session and retries it on faults of the connection.
// lost tells that an earlier try may have been carried out although it failed.
func (c *client) call(ctx context.Context, f func(*hdfs.Client) error) (lost bool, err error) {
	s := c.hold()
	defer c.release(s)
	return c.callOn(ctx, s, f)
}

func (c *client) callOn(ctx context.Context, s *session, f func(*hdfs.Client) error) (lost bool, err error) {
	err = c.retry(ctx, func() error {
		lib, err := s.connect()
		if err != nil {
			return err
		}
		err = f(lib)
		if err == nil || isPermanent(err) {
			return err
		}
		if _, _, remote := exception(err); !remote {
			lost = true
		}
		return err
	})
	return lost, err
}

// retry repeats f with growing pauses until it succeeds, fails for good or the window is over.
func (c *client) retry(ctx context.Context, f func() error) error {
	begin, pause := c.clock.now(), firstBackoff
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil || isPermanent(err) || c.clock.now().Sub(begin) >= retryWindow {
			return err
		}
		c.log.Debug("hdfs: retrying", "namenodes", c.String(), "after", pause, "error", err)
		if ctxErr := c.clock.sleep(ctx, pause); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// options are the library's options for a new connection of s.
func (c *client) options(s *session) (hdfs.ClientOptions, error) {
	opts := hdfs.ClientOptionsFromConf(c.conf)
	// Each NameNode twice: the library does not touch a NameNode for 5 s after a fault, even if only the connection was old.
	opts.Addresses = slices.Concat(c.addrs, c.addrs)
	opts.User = c.user
	opts.NamenodeDialFunc = dialNamenode(&s.plain)
	opts.DatanodeDialFunc = dialDatanode
	if !c.kerberos() {
		return opts, nil
	}
	login, err := kerberosLogin(c.conf)
	if err != nil {
		return opts, err
	}
	opts.KerberosClient = login
	if opts.DataTransferProtection == hdfs.DataTransferProtectionIntegrity {
		c.log.Warn("hdfs: files cannot be read reliably with dfs.data.transfer.protection=integrity; use authentication, " +
			"or privacy with dfs.encrypt.data.transfer.cipher.suites=AES/CTR/NoPadding")
	}
	return opts, nil
}
