package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Epoch says by whose orders a worker runs. A later generation, or within it a later term, fences out the earlier.
type Epoch struct{ Generation, Term uint64 }

// Before tells whether e is older than o.
func (e Epoch) Before(o Epoch) bool {
	return e.Generation < o.Generation || e.Generation == o.Generation && e.Term < o.Term
}

// String returns "generation.term".
func (e Epoch) String() string { return fmt.Sprintf("%d.%d", e.Generation, e.Term) }

// Purpose says what a connection is for.
type Purpose uint8

const (
	// Rows is the one connection of a pair of workers that pipelined edges share.
	Rows Purpose = iota + 1
	// Bulk is for blocking outputs and other transfers that rows must not wait behind.
	Bulk
)

// Preamble is how a connection introduces itself.
type Preamble struct {
	Purpose Purpose
	// Job is the id of the job whose token proves the connection.
	Job string
	// From and To are the ids of the connecting worker and of the one that it wants. An id is never used twice.
	From, To string
	// Attempt counts the executions of the job.
	Attempt int
	Epoch   Epoch
	// Encrypted says that TLS follows the preamble.
	Encrypted bool
}

// Agree checks that both ends encrypt, or neither.
func (p Preamble) Agree(encrypted bool) error {
	switch {
	case p.Encrypted && !encrypted:
		return fmt.Errorf("worker %s encrypts its connections and this one does not: all must have the same settings of TLS", p.From)
	case encrypted && !p.Encrypted:
		return fmt.Errorf("worker %s does not encrypt its connections and this one does: all must have the same settings of TLS", p.From)
	}
	return nil
}

// Protocol names the preamble among all others, as a protocol of TLS.
func (p Preamble) Protocol() string {
	sum := sha256.Sum256(appendPreamble(nil, p))
	return "leat-data " + hex.EncodeToString(sum[:])
}

// RefusedError is the answer of an end that will not speak with the other.
type RefusedError struct{ Reason string }

// Error implements error.
func (e *RefusedError) Error() string { return "data connection refused: " + e.Reason }

// errProof is what an end answers that was shown a wrong proof.
var errProof = errors.New("the other end does not know the job's token: check that both belong to the same cluster")

const (
	magic       = "LEAT"
	nonceSize   = 32
	proofSize   = sha256.Size
	maxPreamble = 4 << 10
)

// JobToken is what workers of a job prove themselves with; it tells nothing of the cluster's secret.
func JobToken(clusterSecret []byte, job string) []byte {
	return sign(clusterSecret, "leat job token", []byte(job))
}

func sign(key []byte, role string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(binary.AppendUvarint(nil, uint64(len(role))))
	m.Write([]byte(role))
	for _, p := range parts {
		m.Write(binary.AppendUvarint(nil, uint64(len(p))))
		m.Write(p)
	}
	return m.Sum(nil)
}

// Offer introduces the connecting end and returns when the other has proved itself and admitted it, both before timeout
// has passed. It reads and writes not a byte too many, so the connection can then be wrapped or handed to another process.
func Offer(conn net.Conn, p Preamble, token []byte, timeout time.Duration) (err error) {
	defer deadline(conn, timeout, &err)()
	hello := appendPreamble(nil, p)
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	hello = append(hello, nonce...)
	head := append([]byte(magic), 0, 0, 0, 0)
	binary.LittleEndian.PutUint16(head[4:], Version)
	binary.LittleEndian.PutUint16(head[6:], uint16(len(hello)))
	if len(hello) > maxPreamble {
		return fmt.Errorf("preamble of %d bytes: job and worker ids are too long", len(hello))
	}
	if _, err := conn.Write(append(head, hello...)); err != nil {
		return err
	}
	if err := readVerdict(conn); err != nil {
		return err
	}
	answer := make([]byte, nonceSize+proofSize)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if !hmac.Equal(answer[nonceSize:], sign(token, "server", hello, answer[:nonceSize])) {
		return &RefusedError{errProof.Error()}
	}
	if _, err := conn.Write(sign(token, "client", hello, answer[:nonceSize])); err != nil {
		return err
	}
	return readVerdict(conn)
}

// Admit reads the preamble of an accepted connection, checks its proof against the token of its job, and asks admit,
// whose error is told to the other end. token returns nil for jobs that are not known. Like Offer it reads and writes
// not a byte too many.
func Admit(conn net.Conn, token func(job string) []byte, admit func(Preamble) error, timeout time.Duration) (p Preamble, err error) {
	defer deadline(conn, timeout, &err)()
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return p, err
	}
	if string(head[:4]) != magic {
		return p, errors.New("not a data connection of Leat: another program speaks to this port")
	}
	if v := binary.LittleEndian.Uint16(head[4:]); v != Version {
		return p, refuse(conn, fmt.Errorf("version %d of the data plane, this end speaks %d: run the same program everywhere", v, Version))
	}
	n := int(binary.LittleEndian.Uint16(head[6:]))
	if n > maxPreamble || n < nonceSize {
		return p, corrupt("preamble of %d bytes", n)
	}
	hello := make([]byte, n)
	if _, err := io.ReadFull(conn, hello); err != nil {
		return p, err
	}
	if p, err = parsePreamble(hello[:n-nonceSize]); err != nil {
		return p, err
	}
	key := token(p.Job)
	if key == nil {
		return p, refuse(conn, fmt.Errorf("job %s is not known to this worker", p.Job))
	}
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	answer := append(verdict(nil), nonce...)
	if _, err := conn.Write(append(answer, sign(key, "server", hello, nonce)...)); err != nil {
		return p, err
	}
	proof := make([]byte, proofSize)
	if _, err := io.ReadFull(conn, proof); err != nil {
		return p, err
	}
	if !hmac.Equal(proof, sign(key, "client", hello, nonce)) {
		return p, refuse(conn, errProof)
	}
	if err := admit(p); err != nil {
		return p, refuse(conn, err)
	}
	_, err = conn.Write(verdict(nil))
	return p, err
}

// deadline bounds the exchange of preambles; the returned function ends that and names the connection in the error.
func deadline(conn net.Conn, timeout time.Duration, err *error) func() {
	conn.SetDeadline(time.Now().Add(timeout))
	return func() {
		conn.SetDeadline(time.Time{})
		if *err != nil {
			*err = fmt.Errorf("open data connection %s - %s: %w", conn.LocalAddr(), conn.RemoteAddr(), *err)
		}
	}
}

func appendPreamble(dst []byte, p Preamble) []byte {
	dst = append(dst, byte(p.Purpose))
	dst = AppendString(AppendString(AppendString(dst, p.Job), p.From), p.To)
	for _, v := range []uint64{uint64(p.Attempt), p.Epoch.Generation, p.Epoch.Term} {
		dst = binary.AppendUvarint(dst, v)
	}
	if p.Encrypted {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func parsePreamble(src []byte) (p Preamble, err error) {
	f := NewFields(src)
	if b := f.Bytes(1); len(b) == 1 {
		p.Purpose = Purpose(b[0])
	}
	p.Job, p.From, p.To = f.String(), f.String(), f.String()
	p.Attempt = f.Int()
	p.Epoch = Epoch{f.Uint64(), f.Uint64()}
	if b := f.Bytes(1); len(b) == 1 {
		p.Encrypted = b[0] == 1
	}
	if p.Purpose != Rows && p.Purpose != Bulk {
		f.fail("connection for purpose %d", p.Purpose)
	}
	return p, f.Err()
}

// A verdict is one byte, 0 for yes; else the length of a reason (u16) and the reason follow.
func verdict(err error) []byte {
	if err == nil {
		return []byte{0}
	}
	reason := err.Error()
	reason = reason[:min(len(reason), maxPreamble)]
	return append(binary.LittleEndian.AppendUint16([]byte{1}, uint16(len(reason))), reason...)
}

// refuse tells the other end why, and returns that.
func refuse(conn net.Conn, err error) error {
	if _, e := conn.Write(verdict(err)); e != nil {
		return errors.Join(err, e)
	}
	return err
}

func readVerdict(conn net.Conn) error {
	var b [3]byte
	if _, err := io.ReadFull(conn, b[:1]); err != nil || b[0] == 0 {
		return err
	}
	if _, err := io.ReadFull(conn, b[1:]); err != nil {
		return err
	}
	n := int(binary.LittleEndian.Uint16(b[1:]))
	if n > maxPreamble {
		return corrupt("reason of %d bytes", n)
	}
	reason := make([]byte, n)
	if _, err := io.ReadFull(conn, reason); err != nil {
		return err
	}
	return &RefusedError{string(reason)}
}
