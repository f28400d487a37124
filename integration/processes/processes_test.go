package processes

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcess(t *testing.T) {
	log := func(name string) string { return filepath.Join(t.TempDir(), name+".log") }
	p := Start(t, log("shell"), "sh", "-c", "echo begun")
	require.Zero(t, p.Wait())
	p.Start()
	require.Zero(t, p.Wait())
	require.Equal(t, 2, strings.Count(p.Text(), "begun"))

	p = Start(t, log("sleep"), "sleep", "1000")
	require.False(t, p.Ended())
	p.Kill()
	require.True(t, p.Ended())
	require.Equal(t, -1, p.Wait())

	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return
	}
	p = Start(t, log("parent"), "sh", "-c", "sleep 1000 & echo begun; wait; exit 3")
	p.Says(t, "begun")
	require.Len(t, p.Children(), 1)
	require.NoError(t, syscall.Kill(p.Children()[0], syscall.SIGKILL))
	require.Equal(t, 3, p.Wait())
}

func TestDisk(t *testing.T) {
	d, err := NewDisk(t, t.TempDir(), "1m")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(d.Dir, "file")
	for range 2 {
		d.Fill(t)
		require.ErrorIs(t, os.WriteFile(file, []byte("x"), 0o600), syscall.ENOSPC)
		d.Empty(t)
		require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
		require.NoError(t, os.Remove(file))
	}
}

// TestNetwork cuts a host off, which reaches a forwarded port all the same.
func TestNetwork(t *testing.T) {
	n, err := NewNetwork(t)
	if err != nil {
		t.Skip(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	within := n.Add(2)
	n.Forward(2, port)
	run := func(command ...string) *Process {
		p := Start(t, filepath.Join(t.TempDir(), "host.log"), append(within, command...)...)
		p.Wait()
		return p
	}
	require.NotContains(t, run("ip", "link", "show", "eth0").Text(), "NO-CARRIER")
	n.Cut(2, true)
	require.Contains(t, run("ip", "link", "show", "eth0").Text(), "NO-CARRIER")
	echo := run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$0; echo hello >&3; read -r line <&3; echo got $line", strings.TrimPrefix(listener.Addr().String(), "127.0.0.1:"))
	require.Contains(t, echo.Text(), "got hello")
	n.Cut(2, false)
}
