package hdfs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
	"github.com/leatproject/leat/storage/hadoop/wire"
)

const (
	retryWindow  = 30 * time.Second // how long calls and reads are retried on faults that may pass
	startWindow  = 2 * time.Minute  // the same for a NameNode that has just begun: it leaves safe mode when it knows the blocks, and 30 s after
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second
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

// client is the process's access to one name service. It is safe for concurrent use.
type client struct {
	conf      conf.Conf
	authority string
	service   conf.NameService
	log       *slog.Logger
	clock     clock
	lease     lease
	suspects  exclusions // DataNodes that have failed some file lately

	login    sync.Mutex
	namenode *namenode.Client // nil until it is needed

	settling sync.Mutex
	cluster  *cluster // nil until it is needed
}

// cluster is what the NameNode says about its cluster, and the way to the DataNodes.
type cluster struct {
	defaults *wire.ServerDefaults
	data     *datanode.Client
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
		found = newClient(c, authority, service, log)
		clients.byKey[key] = found
	}
	return found, nil
}

func newClient(site conf.Conf, authority string, service conf.NameService, log *slog.Logger) *client {
	var unique [8]byte
	rand.Read(unique[:]) // never fails
	c := &client{conf: site, authority: authority, service: service, log: log, clock: realClock}
	c.lease = lease{client: c, holder: "leat-" + hex.EncodeToString(unique[:])}
	return c
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

// library makes an operation of the library, which consists of calls to the NameNode. lost tells that an earlier try may have
// been carried out although it failed.
func (c *client) library(ctx context.Context, f func(*hdfs.Client) error) (lost bool, err error) {
	return c.tried(ctx, func() error {
		nn, err := c.rpc()
		if err != nil {
			return err
		}
		lib, err := hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{"namenode"}, User: "leat", NamenodeDialFunc: dialBridge(ctx, nn)})
		if err != nil {
			return err
		}
		defer lib.Close() // there is no connection
		return f(lib)
	})
}

// call is the same with our own client.
func (c *client) call(ctx context.Context, f func(*namenode.Client) error) (lost bool, err error) {
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
		if err == nil || isPermanent(err) || errors.Is(err, ipc.ErrUnreachable) || c.clock.now().Sub(begin) >= patience(err) {
			return err
		}
		c.log.Debug("hdfs: retrying", "namenodes", c.String(), "after", pause, "error", err)
		if ctxErr := c.clock.sleep(ctx, pause); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// patience is how long a call is tried that ends with an error.
func patience(err error) time.Duration {
	if isStarting(err) {
		return startWindow
	}
	return retryWindow
}

// reach returns the cluster. The first use asks the NameNode.
func (c *client) reach(ctx context.Context) (*cluster, error) {
	c.settling.Lock()
	defer c.settling.Unlock()
	if c.cluster != nil {
		return c.cluster, nil
	}
	found := &cluster{}
	_, err := c.call(ctx, func(nn *namenode.Client) (err error) {
		found.defaults, err = nn.ServerDefaults(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	dialer := &datanode.Dialer{Dial: datanode.Dial}
	if found.defaults.GetEncryptDataTransfer() {
		nn, err := c.rpc()
		if err != nil {
			return nil, err
		}
		dialer.Key = nn.DataEncryptionKey
	}
	const key = "dfs.data.transfer.protection"
	if c.conf.Kerberos() && c.conf.Get(key, "") != "" {
		if dialer.Protection, err = sasl.Protections(c.conf[key]); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", conf.ErrConfiguration, key, err)
		}
	}
	found.data = &datanode.Client{Dialer: dialer, Name: c.lease.holder, ByHostname: c.conf.Bool("dfs.client.use.datanode.hostname", false)}
	c.cluster = found
	return found, nil
}
