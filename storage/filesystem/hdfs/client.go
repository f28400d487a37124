package hdfs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/sasl"
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
	conf      conf.Conf
	authority string
	service   conf.NameService
	log       *slog.Logger
	clock     clock

	mu      sync.Mutex
	current *session

	login    sync.Mutex
	namenode *namenode.Client // nil until it is needed
}

var clients = struct {
	sync.Mutex
	byKey map[string]*client
}{byKey: map[string]*client{}}

// sharedClient returns the client of the name service that authority names. It does not connect.
func sharedClient(c conf.Conf, authority string, log *slog.Logger) (*client, error) {
	service, err := c.NameNodes(authority)
	if err != nil {
		return nil, err
	}
	name, err := namenode.UserName()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.Default()
	}
	key := fmt.Sprint(name, authority, c) // maps are printed in order
	clients.Lock()
	defer clients.Unlock()
	found, ok := clients.byKey[key]
	if !ok {
		found = &client{conf: c, authority: authority, service: service, log: log, clock: realClock}
		clients.byKey[key] = found
	}
	return found, nil
}

func (c *client) String() string { return strings.Join(c.service.Addresses, ", ") }

// rpc is the client of the NameNodes. The first use logs in.
func (c *client) rpc() (*namenode.Client, error) {
	c.login.Lock()
	defer c.login.Unlock()
	if c.namenode == nil {
		nn, err := namenode.Connect(namenode.Options{Conf: c.conf, Authority: c.authority, Logger: c.log})
		if err != nil {
			return nil, err
		}
		c.namenode = nn
	}
	return c.namenode, nil
}

// user is who the NameNodes take this process for.
func (c *client) user() string {
	c.login.Lock()
	defer c.login.Unlock()
	if c.namenode != nil {
		return c.namenode.User()
	}
	name, _ := namenode.UserName() // sharedClient has asked before
	return name
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
	return c.tried(ctx, func() error {
		lib, err := s.connect()
		if err != nil {
			return err
		}
		return f(lib)
	})
}

// callNameNode is call with our own client.
func (c *client) callNameNode(ctx context.Context, f func(*namenode.Client) error) (lost bool, err error) {
	return c.tried(ctx, func() error {
		nn, err := c.rpc()
		if err != nil {
			return err
		}
		return local(f(nn))
	})
}

func (c *client) tried(ctx context.Context, f func() error) (lost bool, err error) {
	err = c.retry(ctx, func() error {
		err := f()
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

// retry repeats f with growing pauses until it succeeds, fails for good or the window is over. Calls to a NameNode that does
// not answer have been tried for as long already.
func (c *client) retry(ctx context.Context, f func() error) error {
	begin, pause := c.clock.now(), firstBackoff
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil || isPermanent(err) || errors.Is(err, ipc.ErrUnreachable) || c.clock.now().Sub(begin) >= retryWindow {
			return err
		}
		c.log.Debug("hdfs: retrying", "namenodes", c.String(), "after", pause, "error", err)
		if ctxErr := c.clock.sleep(ctx, pause); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// options are the library's options. All that it says to NameNodes goes over our own client, and its connections to
// DataNodes are secured below it.
func (c *client) options(nn *namenode.Client) (hdfs.ClientOptions, error) {
	secure, err := c.datanodes(nn)
	if err != nil {
		return hdfs.ClientOptions{}, err
	}
	return hdfs.ClientOptions{
		Addresses: []string{"namenode"}, User: "leat", NamenodeDialFunc: dialBridge(nn), DatanodeDialFunc: secure.DialContext,
		UseDatanodeHostname: c.conf.Bool("dfs.client.use.datanode.hostname", false),
	}, nil
}

// datanodes makes the dialer of DataNodes.
func (c *client) datanodes(nn *namenode.Client) (*datanode.Dialer, error) {
	d := &datanode.Dialer{Dial: dialDatanode}
	encrypts, err := nn.EncryptsData(context.Background())
	if err != nil {
		return nil, local(err)
	}
	if encrypts {
		d.Key = nn.DataEncryptionKey
	}
	const key = "dfs.data.transfer.protection"
	if c.conf.Kerberos() && c.conf.Get(key, "") != "" {
		if d.Protection, err = sasl.Protections(c.conf[key]); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", conf.ErrConfiguration, key, err)
		}
	}
	return d, nil
}
