package hdfs

import (
	"sync"
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
	opts, err := s.client.options(nn)
	if err != nil {
		return nil, err
	}
	lib, err := hdfs.NewClient(opts)
	if err != nil {
		return nil, err
	}
	if _, err := lib.ServerDefaults(); err != nil { // cached by the library from here on; it has no lock
		lib.Close() // it is given up
		return nil, err
	}
	s.lib = lib
	return lib, nil
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
