package processes

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Network is a bridge on this machine with hosts behind it: network namespaces with a cable each, which can be cut.
type Network struct {
	t            testing.TB
	name, prefix string
}

// NewNetwork makes one without hosts. Only root may do that.
func NewNetwork(t testing.TB) (*Network, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, errors.New("network namespaces need the command ip")
	}
	id := os.Getpid() % 10000
	n := &Network{t: t, name: fmt.Sprint("leat", id), prefix: fmt.Sprintf("10.%d.%d.", 128+id/250%100, id%250)}
	if out, err := exec.Command("ip", "link", "add", n.name, "type", "bridge").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("network namespaces: %w: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", n.name).Run() }) // the kernel removes it with the last holder
	n.ip("addr", "add", n.Address(1)+"/24", "dev", n.name)
	n.ip("link", "set", n.name, "up")
	return n, nil
}

// Address is that of a host; number 1 is this machine.
func (n *Network) Address(host int) string { return n.prefix + fmt.Sprint(host) }

func (n *Network) ip(args ...string) {
	n.t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(n.t, err, "ip %s: %s", strings.Join(args, " "), out)
}

// cable is the end of a host's cable at the bridge, space its namespace.
func (n *Network) cable(host int) string { return fmt.Sprint(n.name, ".", host) }
func (n *Network) space(host int) string { return fmt.Sprint(n.name, "-", host) }

// Add adds a host of a number from 2 on, and returns what goes before a command that is to run there.
func (n *Network) Add(host int) (within []string) {
	n.t.Helper()
	space := n.space(host)
	n.ip("netns", "add", space)
	n.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", space).Run() })
	n.ip("link", "add", n.cable(host), "type", "veth", "peer", "name", "eth0", "netns", space)
	n.ip("link", "set", n.cable(host), "master", n.name, "up")
	n.ip("-n", space, "addr", "add", n.Address(host)+"/24", "dev", "eth0")
	n.ip("-n", space, "link", "set", "eth0", "up")
	n.ip("-n", space, "link", "set", "lo", "up")
	return []string{"ip", "netns", "exec", space}
}

// Cut takes a host off the network, or puts it back.
func (n *Network) Cut(host int, off bool) {
	n.t.Helper()
	state := "up"
	if off {
		state = "down"
	}
	n.ip("link", "set", n.cable(host), state)
}

// Forward leads connections to a port of a host's loopback to that of this machine, cut off or not.
func (n *Network) Forward(host, port int) {
	n.t.Helper()
	l, err := listenWithin("/var/run/netns/"+n.space(host), fmt.Sprint("127.0.0.1:", port))
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go forward(from, fmt.Sprint("localhost:", port))
		}
	}()
}

// forward copies both ways until both are at their end, or one breaks.
func forward(from net.Conn, address string) {
	defer from.Close() // errors are the other side's to see
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	ended := make(chan error, 2)
	pipe := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if err == nil {
			err = to.(*net.TCPConn).CloseWrite()
		}
		ended <- err
	}
	go pipe(to, from)
	go pipe(from, to)
	if err := <-ended; err == nil {
		<-ended
	}
}
