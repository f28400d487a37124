package application

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// standbyGeneration is that of the names of standbys: no worker's is 0.
const standbyGeneration = 0

// isStandby tells whether a container's name is that of a standby.
func isStandby(name string) bool {
	generation, _, _, ok := resourcemanager.ParseName(name)
	return ok && generation == standbyGeneration
}

// Containers of standbys are given back while they are on hosts of others, but not for ever: there may be no other hosts. One that
// has ended is replaced after a pause, which grows.
const (
	mostRefusals = 4
	firstPause   = time.Second
	longestPause = time.Minute
)

// standbys keeps JobManagers in containers beside the ApplicationMaster, on hosts of their own where it can.
type standbys struct {
	provider *yarn.Provider
	count    int // that are wanted
	size     resourcemanager.Size
	attempt  uint64
	host     string // of the ApplicationMaster
	logger   *slog.Logger

	mu      sync.Mutex
	hosts   map[string]string // of those that are wanted, by name; empty while there is no container
	next    uint64
	refused int
	pause   time.Duration
	closed  bool
}

// fill asks for those that are missing.
func (s *standbys) fill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && len(s.hosts) < s.count {
		s.next++
		name := resourcemanager.Name(standbyGeneration, s.attempt, s.next)
		if err := s.provider.Request(context.Background(), resourcemanager.Worker{Name: name, Size: s.size}); err != nil {
			s.logger.Warn("yarn: no container for a standby JobManager", "error", err)
			if errors.Is(err, resourcemanager.ErrRefused) {
				s.count = len(s.hosts)
			} else {
				s.later()
			}
			return
		}
		s.hosts[name] = ""
	}
}

// later asks again after a pause. The lock is held.
func (s *standbys) later() {
	s.pause = min(max(2*s.pause, firstPause), longestPause)
	time.AfterFunc(s.pause, s.fill)
}

// take notes where a standby's container is. It is false if the container is to be given back: its host has another.
func (s *standbys) take(name string, c *wire.Container) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.hosts[name]; !ok {
		return true
	}
	host := c.GetNodeId().GetHost()
	used := host == s.host
	for _, other := range s.hosts {
		used = used || host == other
	}
	if used && s.refused < mostRefusals {
		s.refused++
		delete(s.hosts, name)
		return false
	}
	s.hosts[name] = host
	return true
}

// found takes over a standby of an earlier attempt.
func (s *standbys) found(name, host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[name] = host
}

// lost replaces a standby.
func (s *standbys) lost(l resourcemanager.Loss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Soon {
		return
	}
	s.logger.Warn("yarn: a standby JobManager is gone", "container", l.Name, "cause", l.Cause)
	if _, ok := s.hosts[l.Name]; ok && !s.closed {
		delete(s.hosts, l.Name)
		s.refused = 0
		s.later()
	}
}

func (s *standbys) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
