package hdfs

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/colinmarc/hdfs/v2"
)

// session is one client of the library with its connection and leases.
type session struct {
	client *client
	born   time.Time

	// guarded by client.mu
	users int
	idle  *time.Timer

	primed atomic.Bool // what the library caches without a lock is in its cache

	mu  sync.Mutex
	lib *hdfs.Client // nil until connected
}

// connect returns the library's client and connects it first if need be.
func (s *session) connect() (*hdfs.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lib != nil {
		return s.lib, nil
	}
	nn, err := s.client.rpc()
	if err != nil {
		return nil, err
	}
	opts := s.client.options(nn)
	lib, err := hdfs.NewClient(opts)
	if err != nil {
		return nil, err
	}
	defaults, err := lib.ServerDefaults() // cached by the library from here on
	if err != nil {
		lib.Close() // it is given up
		return nil, err
	}
	s.primed.Store(opts.DataTransferProtection == "" && !defaults.EncryptDataTransfer)
	s.lib = lib
	return lib, nil
}

// transfer runs f, which talks to DataNodes. The library stores the data encryption key on first use without a lock, so
// the first transfer that succeeds is alone.
func (s *session) transfer(f func() error) error {
	if s.primed.Load() {
		return f()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := f()
	if err == nil {
		s.primed.Store(true)
	}
	return err
}

// close ends the connection. A call that hangs delays it, so it is not waited for.
func (s *session) close() {
	go func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lib != nil {
			s.lib.Close() // nothing is open on it
		}
	}()
}
