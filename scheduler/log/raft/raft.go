package raft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/raft"
	"github.com/leatproject/leat/scheduler/log"
)

// Member is one JobManager of the cluster.
type Member struct {
	// ID stays the same for life, Address may change.
	ID, Address string
}

// Options of one member.
type Options struct {
	Member
	// Cluster and Generation keep members of other clusters, and of dead generations, from speaking to this one.
	Cluster    string
	Generation uint64
	// Dir is the member's own directory.
	Dir string
	// Listener accepts connections of other members. Dial connects to the address of one.
	Listener net.Listener
	Dial     func(address string, timeout time.Duration) (net.Conn, error)
	// Bootstrap are the first members of a new cluster, the same list at each of them. It counts only while Dir is empty; a
	// member that joins later has none.
	Bootstrap []Member
	Logger    *slog.Logger

	// Heartbeat, Election and Lease are Raft's time-outs; 0 takes 300, 300 and 200 ms.
	Heartbeat, Election, Lease time.Duration
	// SnapshotThreshold is the number of entries after which a snapshot is taken, Trailing how many are kept after it for members
	// that lag behind; 0 takes 8192 and 1024. SnapshotInterval is how often is looked; 0 takes 30 s.
	SnapshotThreshold, Trailing uint64
	SnapshotInterval            time.Duration
}

// Log is a member. It implements log.Log.
type Log struct {
	log.Watch
	opt       Options
	raft      *raft.Raft
	store     *store
	votes     *votes
	stream    *stream
	transport *raft.NetworkTransport
	machine   *machine
	members   chan struct{} // has an element when the members have changed
	told      []Member      // of follow's: who they were then
	observed  chan raft.Observation
	observer  *raft.Observer
	once      sync.Once
	closing   chan struct{}
	stopped   chan struct{}
}

// Open starts a member and brings the machine to the last snapshot; entries follow as the cluster commits them.
func Open(opt Options, m log.Machine) (*Log, error) {
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("raft directory: %w", err)
	}
	s, err := openStore(filepath.Join(opt.Dir, "raft.db"))
	if err != nil {
		return nil, err
	}
	l := &Log{opt: opt, store: s, observed: make(chan raft.Observation, 16), members: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	l.machine = &machine{Machine: m, broken: make(chan struct{}), configured: l.configured}
	if l.votes, err = openVotes(filepath.Join(opt.Dir, "votes"), l.closing, opt.Logger); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l.votes.own, l.votes.campaign = opt.Address, s.probe
	if err := l.start(); err != nil {
		if l.transport != nil {
			err = errors.Join(err, l.transport.Close())
		}
		return nil, errors.Join(err, l.votes.Close(), s.Close())
	}
	l.observer = raft.NewObserver(l.observed, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	})
	l.raft.RegisterObserver(l.observer)
	go l.follow()
	return l, nil
}

func (l *Log) start() error {
	logger := newLogger(l.opt.Logger)
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(l.opt.Dir, 2, logger)
	if err != nil {
		return fmt.Errorf("raft snapshots in %s: %w", l.opt.Dir, err)
	}
	c := l.config()
	c.Logger = logger
	l.stream = newStream(l.opt)
	l.transport = raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:  l.stream,
		MaxPool: 3, Timeout: 2 * time.Second, Logger: logger,
		// One request at a time to a member, so no pipelines: one that has failed can hold up Shutdown for ever.
		MaxRPCsInFlight: 1,
	})
	cache, err := raft.NewLogCache(512, l.store)
	if err != nil {
		return err
	}
	if len(l.opt.Bootstrap) > 0 {
		known, err := raft.HasExistingState(cache, l.votes, snapshots)
		if err != nil {
			return fmt.Errorf("raft state in %s: %w", l.opt.Dir, err)
		}
		if !known {
			if err := raft.BootstrapCluster(c, cache, l.votes, snapshots, transport{l.transport}, configuration(l.opt.Bootstrap)); err != nil {
				return fmt.Errorf("bootstrap the cluster: %w", err)
			}
		}
	}
	l.raft, err = raft.NewRaft(c, l.machine, cache, l.votes, snapshots, transport{l.transport})
	if err != nil {
		return fmt.Errorf("start raft in %s: %w", l.opt.Dir, err)
	}
	return nil
}

func (l *Log) config() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(l.opt.ID)
	c.HeartbeatTimeout = or(l.opt.Heartbeat, 300*time.Millisecond)
	c.ElectionTimeout = or(l.opt.Election, 300*time.Millisecond)
	c.LeaderLeaseTimeout = or(l.opt.Lease, 200*time.Millisecond)
	c.CommitTimeout = 5 * time.Millisecond
	c.SnapshotThreshold = or(l.opt.SnapshotThreshold, 8192)
	c.TrailingLogs = or(l.opt.Trailing, 1024)
	c.SnapshotInterval = or(l.opt.SnapshotInterval, 30*time.Second)
	c.ShutdownOnRemove = false // a member that was removed may be added again
	c.NoLegacyTelemetry = true
	return c
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func configuration(members []Member) raft.Configuration {
	var c raft.Configuration
	for _, m := range members {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(m.ID), Address: raft.ServerAddress(m.Address)})
	}
	return c
}

// follow keeps the leadership up to date until the member is closed.
func (l *Log) follow() {
	defer close(l.stopped)
	for {
		select {
		case leading := <-l.raft.LeaderCh():
			l.lead(leading)
		case <-l.observed:
			if now := l.Leadership(); !now.Leading {
				l.Set(l.other())
			}
			l.tellMembers()
		case <-l.members:
			l.tellMembers()
		case <-l.machine.broken:
			l.opt.Logger.Error("this JobManager leaves the cluster: an entry could not be applied", "error", l.machine.err)
			l.raft.Shutdown()
			l.Set(log.Leadership{})
			return
		case <-l.closing:
			return
		}
	}
}

func (l *Log) other() log.Leadership {
	leader, _ := l.raft.LeaderWithID()
	return log.Leadership{Term: l.raft.CurrentTerm(), Leader: string(leader)}
}

// lead makes this member the leader once it has applied everything before its term.
func (l *Log) lead(leading bool) {
	if leading && l.wait(context.Background(), l.raft.Barrier(0)) == nil {
		if term := l.raft.CurrentTerm(); l.raft.State() == raft.Leader {
			l.Set(log.Leadership{Leading: true, Term: term, Leader: l.opt.Address})
			return
		}
	}
	l.Set(l.other())
}

// Propose implements log.Log.
func (l *Log) Propose(ctx context.Context, entry []byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(entry) > log.MaxEntry {
		return 0, fmt.Errorf("%w: it has %d bytes; store the larger part as a blob and name it by its digest", log.ErrTooLarge, len(entry))
	}
	if !l.Leadership().Leading {
		return 0, l.refused()
	}
	f := l.raft.Apply(entry, enqueueTimeout)
	if err := l.wait(ctx, f); err != nil {
		return 0, l.failure(err)
	}
	if err, ok := f.Response().(error); ok {
		return 0, fmt.Errorf("%w: %w", log.ErrClosed, err)
	}
	return f.Index(), nil
}

// enqueueTimeout is how long a proposal waits for Raft to take it up.
const enqueueTimeout = time.Second

// wait waits for a future, for the end of ctx or for that of the member: Raft leaves some futures without an answer then.
func (l *Log) wait(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.closing:
		return raft.ErrRaftShutdown
	}
}

func (l *Log) refused() error {
	if l.raft.State() == raft.Shutdown {
		return log.ErrClosed
	}
	if leader := l.Leadership().Leader; leader != "" {
		return fmt.Errorf("%w: %s does", log.ErrNotLeader, leader)
	}
	return fmt.Errorf("%w: none is elected; a majority of the members must be running", log.ErrNotLeader)
}

// failure tells apart what certainly did not happen.
func (l *Log) failure(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return l.refused()
	case errors.Is(err, raft.ErrRaftShutdown):
		return fmt.Errorf("%w: %w", log.ErrUnknown, log.ErrClosed)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: no space left in %s: free some: this JobManager does not lead until then: %w", log.ErrUnknown, l.opt.Dir, err)
	}
	return fmt.Errorf("%w: %w", log.ErrUnknown, err)
}

// Verify implements log.Log.
func (l *Log) Verify(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.raft.State() == raft.Shutdown {
		return log.ErrClosed
	}
	if err := l.wait(ctx, l.raft.VerifyLeader()); err != nil {
		return l.refused()
	}
	return nil
}

// Restore implements log.Log.
func (l *Log) Restore(ctx context.Context, snapshot []byte) error {
	if err := l.Verify(ctx); err != nil {
		return err
	}
	meta := &raft.SnapshotMeta{Version: raft.SnapshotVersionMax, Size: int64(len(snapshot))}
	if err := l.raft.Restore(meta, bytes.NewReader(snapshot), 0); err != nil {
		return l.failure(err)
	}
	return nil
}

// Close implements log.Log.
func (l *Log) Close() (err error) {
	l.once.Do(func() {
		l.raft.DeregisterObserver(l.observer)
		close(l.closing)
		err = l.raft.Shutdown().Error()
		<-l.stopped
		l.Set(log.Leadership{})
		err = errors.Join(err, l.transport.Close(), l.votes.Close(), l.store.Close())
	})
	return err
}
