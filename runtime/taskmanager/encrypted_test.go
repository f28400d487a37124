package taskmanager

import (
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/security/securitytest"
	"github.com/leatproject/leat/shuffle/wire"
)

// members makes certificates of members of one cluster.
func members(t *testing.T, authority string) *security.Certificates {
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, authority)
	own := filepath.Join(dir, "own.pem")
	a.Issue(own)
	c, err := security.Open(security.Files{Keystore: own, Truststore: a.Truststore, Keys: "security.ssl.internal"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return c
}

// Rows and blocking outputs between the processes of two TaskManagers are encrypted.
func TestEncryptedWordCount(t *testing.T) {
	for kind, deploy := range map[string]func(m *member, c *cluster){
		"words": func(m *member, c *cluster) { m.start("words", 0, 1, 2) },
		"batch": func(m *member, c *cluster) {
			m.deploy("batch", 0, 0, 1, 2)
			c.await("the first stage", c.all(2, rpc.TaskState_FINISHED))
			m.deploy("batch", 1, 0, 1, 2)
		},
	} {
		t.Run(kind, func(t *testing.T) {
			certificates := members(t, "ours")
			c := newCluster(t)
			m := c.lead(1, 1)
			for i, name := range []string{"a", "b"} {
				c.manager(name, m.address, func(o *Options) { o.Certificates = certificates })
				c.registered(i + 1)
			}
			deploy(m, c)
			c.await("the end", c.all(4, rpc.TaskState_FINISHED))
			require.Equal(t, counts, sorted(m.printed(1, 2)))
		})
	}
}

func TestEncryptedDataPortRefuses(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	encrypted := c.manager("a", m.address, func(o *Options) { o.Certificates = members(t, "ours") })
	c.registered(1)
	plain := c.manager("b", m.address, nil)
	c.registered(2)
	for tm, offered := range map[*TaskManager]bool{encrypted: false, plain: true} {
		conn, err := net.Dial("tcp", tm.Address())
		require.NoError(t, err)
		p := wire.Preamble{Purpose: wire.Rows, Job: job, From: "1.3", To: "1.1", Encrypted: offered}
		err = wire.Offer(conn, p, wire.JobToken([]byte("secret"), job), patience)
		require.ErrorContains(t, err, "security.ssl.internal.enabled")
		require.NoError(t, conn.Close())
	}
}

// Certificates of another authority make a failed attempt with the cause, not a job that waits.
func TestWorkersOfAnotherAuthority(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	for i, name := range []string{"a", "b"} {
		c.manager(name, m.address, func(o *Options) { o.Certificates = members(t, name) })
		c.registered(i + 1)
	}
	m.start("words", 0, 1, 2)
	var cause string
	c.await("a failure", func() bool {
		for _, x := range c.tasks {
			if x.State == rpc.TaskState_FAILED {
				cause = x.Cause
			}
		}
		return cause != ""
	})
	require.Contains(t, cause, "encrypt data connection")
}
