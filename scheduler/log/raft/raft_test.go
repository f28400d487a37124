package raft_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/leatproject/leat/scheduler/log/raft"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network connects members in memory by name and can cut them off.
type network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	cut       map[string]bool
	open      map[string][]net.Conn
}

func newNetwork() *network {
	return &network{listeners: map[string]*listener{}, cut: map[string]bool{}, open: map[string][]net.Conn{}}
}

type listener struct {
	name   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return nil }

func (n *network) listen(name string) net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &listener{name: name, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[name] = l
	return l
}

func (n *network) dial(from string) func(string, time.Duration) (net.Conn, error) {
	return func(to string, timeout time.Duration) (net.Conn, error) {
		n.mu.Lock()
		l := n.listeners[to]
		if l == nil || n.cut[from] || n.cut[to] {
			n.mu.Unlock()
			return nil, errors.New("unreachable")
		}
		a, b := net.Pipe()
		n.open[from] = append(n.open[from], a, b)
		n.open[to] = append(n.open[to], a, b)
		n.mu.Unlock()
		select {
		case l.conns <- b:
			return a, nil
		case <-l.closed:
		case <-time.After(timeout):
		}
		_ = a.Close()
		return nil, errors.New("refused")
	}
}

// isolate cuts a member off, or connects it again.
func (n *network) isolate(name string, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[name] = cut
	if cut {
		for _, c := range n.open[name] {
			_ = c.Close()
		}
		n.open[name] = nil
	}
}

func open(t *testing.T, n *network, dir string, m raft.Member, bootstrap []raft.Member, machine log.Machine) *raft.Log {
	t.Helper()
	wait := time.Second // a leader must not lose its place to a busy machine
	if len(bootstrap) == 1 {
		wait = 50 * time.Millisecond // nobody to vote with
	}
	l, err := raft.Open(raft.Options{Heartbeat: wait, Election: wait, Lease: wait, Member: m, Dir: dir, Listener: n.listen(m.Address), Dial: n.dial(m.Address), Bootstrap: bootstrap,
		Logger: slog.New(slog.DiscardHandler), SnapshotThreshold: 64, Trailing: 16, SnapshotInterval: 50 * time.Millisecond}, machine)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestConformance(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Form {
		dir, n, me := t.TempDir(), newNetwork(), raft.Member{ID: "a", Address: "a:1"}
		return logtest.Form{Durable: true, Open: func(t *testing.T, m log.Machine) log.Log {
			return open(t, n, dir, me, []raft.Member{me}, m)
		}}
	})
}

// cluster is three members.
type cluster struct {
	*network
	t        *testing.T
	members  []raft.Member
	dirs     []string
	machines []*logtest.Machine
	logs     []*raft.Log
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{network: newNetwork(), t: t}
	for i := range 3 {
		c.members = append(c.members, raft.Member{ID: fmt.Sprint("m", i), Address: fmt.Sprint("host", i)})
	}
	for i, m := range c.members {
		c.dirs = append(c.dirs, t.TempDir())
		c.machines = append(c.machines, new(logtest.Machine))
		c.logs = append(c.logs, open(t, c.network, c.dirs[i], m, c.members, c.machines[i]))
	}
	return c
}

// leader waits until one of the members leads, other than those left out.
func (c *cluster) leader(except ...int) int {
	c.t.Helper()
	found := -1
	require.Eventually(c.t, func() bool {
		for i, l := range c.logs {
			skip := false
			for _, e := range except {
				skip = skip || e == i
			}
			if !skip && l != nil && l.Leadership().Leading {
				found = i
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond)
	return found
}

func (c *cluster) propose(i int, entry string) {
	c.t.Helper()
	_, err := c.logs[i].Propose(context.Background(), []byte(entry))
	require.NoError(c.t, err)
}

func (c *cluster) caughtUp(i int, want ...string) {
	c.t.Helper()
	if !assert.Eventually(c.t, func() bool { return fmt.Sprint(c.machines[i].Entries()) == fmt.Sprint(want) }, time.Minute, 5*time.Millisecond) {
		require.Equal(c.t, want, c.machines[i].Entries(), "of member %d; leadership: %v", i, c.logs[i].Leadership())
	}
}

// The leader is cut off while it proposes: it does not know; the others go on; when it comes back it has what they have.
func TestLeaderIsCutOff(t *testing.T) {
	c := newCluster(t)
	old := c.leader()
	c.propose(old, "one")
	c.isolate(c.members[old].Address, true)
	_, err := c.logs[old].Propose(context.Background(), []byte("unknown"))
	require.ErrorIs(t, err, log.ErrUnknown)
	require.Error(t, c.logs[old].Verify(context.Background()))

	next := c.leader(old)
	require.Greater(t, c.logs[next].Leadership().Term, uint64(1))
	c.propose(next, "two")
	c.isolate(c.members[old].Address, false)
	for i := range 3 {
		c.caughtUp(i, "one", "two")
	}
	require.Eventually(t, func() bool { return !c.logs[old].Leadership().Leading || c.leader() == old }, time.Minute, 5*time.Millisecond)
}

// A follower refuses and names the leader.
func TestFollowerRefuses(t *testing.T) {
	c := newCluster(t)
	leader := c.leader()
	follower := (leader + 1) % 3
	require.Eventually(t, func() bool { return c.logs[follower].Leadership().Leader == c.members[leader].Address }, time.Minute, 5*time.Millisecond)
	_, err := c.logs[follower].Propose(context.Background(), []byte("x"))
	require.ErrorIs(t, err, log.ErrNotLeader)
	require.ErrorContains(t, err, c.members[leader].Address)
}

// A dead member is removed, a new one with an empty directory added: it gets everything, by snapshot if need be.
func TestMembersChange(t *testing.T) {
	c := newCluster(t)
	leader := c.leader()
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprint(i))
		c.propose(leader, want[i])
	}
	dead := (leader + 1) % 3
	require.NoError(t, c.logs[dead].Close())
	c.logs[dead] = nil
	ctx := context.Background()
	require.NoError(t, c.logs[leader].Remove(ctx, c.members[dead].ID))
	fresh := raft.Member{ID: "m3", Address: "host3"}
	c.machines = append(c.machines, new(logtest.Machine))
	c.logs = append(c.logs, open(t, c.network, t.TempDir(), fresh, nil, c.machines[3]))
	added, err := c.logs[leader].Add(ctx, fresh.Address)
	require.NoError(t, err)
	require.Equal(t, fresh, added)
	c.caughtUp(3, want...)
	all, err := c.logs[leader].Members()
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Contains(t, all, fresh)
}

// A member comes back at another address.
func TestReaddress(t *testing.T) {
	c := newCluster(t)
	leader := c.leader()
	moved := (leader + 1) % 3
	require.NoError(t, c.logs[moved].Close())
	c.propose(leader, "while away")
	c.members[moved].Address = "elsewhere"
	c.machines[moved] = new(logtest.Machine)
	c.logs[moved] = open(t, c.network, c.dirs[moved], c.members[moved], c.members, c.machines[moved])
	_, err := c.logs[leader].Add(context.Background(), "elsewhere")
	require.NoError(t, err)
	c.caughtUp(moved, "while away")
}

// Leadership is handed over.
func TestTransfer(t *testing.T) {
	c := newCluster(t)
	leader := c.leader()
	to := (leader + 1) % 3
	c.propose(leader, "one")
	require.NoError(t, c.logs[leader].Transfer(context.Background(), c.members[to]))
	require.Equal(t, to, c.leader(leader))
	c.propose(to, "two")
}
