//go:build unix

package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/wire"
)

// maxMessage is the largest message between TaskManager and worker in bytes.
const maxMessage = 1 << 30

// Sockets are two pairs: a stream of messages, and datagrams that carry the descriptors of data connections.
type Sockets struct{ Messages, Connections *os.File }

// NewSockets returns the ends for a TaskManager and for a worker process, which inherits its own.
func NewSockets() (control, link Sockets, err error) {
	m, err := pair(syscall.SOCK_STREAM)
	if err != nil {
		return control, link, err
	}
	c, err := pair(syscall.SOCK_DGRAM)
	if err != nil {
		m[0].Close()
		m[1].Close()
		return control, link, err
	}
	return Sockets{m[0], c[0]}, Sockets{m[1], c[1]}, nil
}

func pair(kind int) (ends [2]*os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, kind, 0)
	if err != nil {
		return ends, fmt.Errorf("sockets to a worker: %w", err)
	}
	for i, fd := range fds {
		syscall.CloseOnExec(fd)
		ends[i] = os.NewFile(uintptr(fd), "worker")
	}
	return ends, nil
}

// Close closes the files; a link or control made of them has its own descriptors.
func (s Sockets) Close() error { return errors.Join(s.Messages.Close(), s.Connections.Close()) }

// socket is either end.
type socket struct {
	messages net.Conn
	conns    *net.UnixConn
	in       *bufio.Reader
	mu       sync.Mutex // of writing
}

func open(s Sockets) (*socket, error) {
	defer s.Close()
	m, err := net.FileConn(s.Messages)
	if err != nil {
		return nil, err
	}
	c, err := net.FileConn(s.Connections)
	if err != nil {
		m.Close()
		return nil, err
	}
	return &socket{messages: m, conns: c.(*net.UnixConn), in: bufio.NewReaderSize(m, 64<<10)}, nil
}

func (s *socket) Close() error { return errors.Join(s.messages.Close(), s.conns.Close()) }

func (s *socket) send(m proto.Message) error {
	b, err := proto.MarshalOptions{}.MarshalAppend(make([]byte, 4, 256), m)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.messages.Write(b)
	return err
}

func (s *socket) receive(m proto.Message) error {
	var head [4]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return io.EOF
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxMessage {
		return fmt.Errorf("message of %d bytes between TaskManager and worker", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(s.in, b); err != nil {
		return io.EOF
	}
	return proto.Unmarshal(b, m)
}

type socketLink struct{ *socket }

// NewSocketLink takes over the worker's sockets.
func NewSocketLink(s Sockets) (Link, error) {
	x, err := open(s)
	if err != nil {
		return nil, err
	}
	return socketLink{x}, nil
}

func (l socketLink) Receive() (*rpc.ToWorker, error) {
	m := new(rpc.ToWorker)
	return m, l.receive(m)
}

func (l socketLink) Send(m *rpc.FromWorker) error { return l.send(m) }

func (l socketLink) Accept() (net.Conn, wire.Preamble, error) {
	var p wire.Preamble
	buf, oob := make([]byte, 8<<10), make([]byte, syscall.CmsgSpace(4))
	n, k, _, _, err := l.conns.ReadMsgUnix(buf, oob)
	if err != nil {
		return nil, p, err
	}
	cs, err := syscall.ParseSocketControlMessage(oob[:k])
	if err != nil || len(cs) != 1 {
		return nil, p, fmt.Errorf("a data connection came without its descriptor: %v", err)
	}
	fds, err := syscall.ParseUnixRights(&cs[0])
	if err != nil || len(fds) != 1 {
		return nil, p, fmt.Errorf("a data connection came without its descriptor: %v", err)
	}
	syscall.CloseOnExec(fds[0])
	f := os.NewFile(uintptr(fds[0]), "data connection")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err == nil {
		if err = json.Unmarshal(buf[:n], &p); err != nil {
			conn.Close()
		}
	}
	return conn, p, err
}

type socketControl struct{ *socket }

// NewSocketControl takes over the TaskManager's sockets.
func NewSocketControl(s Sockets) (Control, error) {
	x, err := open(s)
	if err != nil {
		return nil, err
	}
	return socketControl{x}, nil
}

func (c socketControl) Receive() (*rpc.FromWorker, error) {
	m := new(rpc.FromWorker)
	return m, c.receive(m)
}

func (c socketControl) Send(m *rpc.ToWorker) error { return c.send(m) }

func (c socketControl) Pass(conn net.Conn, p wire.Preamble) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("a %T cannot be passed to a worker", conn)
	}
	f, err := tcp.File()
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, _, err := c.conns.WriteMsgUnix(b, syscall.UnixRights(int(f.Fd())), nil); err != nil {
		return fmt.Errorf("pass a data connection to the worker: %w", err)
	}
	return conn.Close()
}
