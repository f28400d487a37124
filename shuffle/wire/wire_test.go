package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
)

func TestFramesSurviveAnyCutting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want [][]string
		for i := range rapid.IntRange(0, 8).Draw(t, "frames") {
			rows := rapid.SliceOf(rapid.StringN(0, 2000, -1)).Draw(t, "rows")
			b := column.BatchOf(rows)
			var err error
			stream, err = AppendBatch(stream, 7, uint32(i), b, 0, len(rows), rapid.Bool().Draw(t, "lz4"))
			require.NoError(t, err)
			want = append(want, rows)
		}
		stream = AppendTime(stream, Watermark, 7, uint32(len(want)), -5)
		r := NewReader(iotest.OneByteReader(bytes.NewReader(stream)))
		if rapid.Bool().Draw(t, "whole") {
			r = NewReader(bytes.NewReader(stream))
		}
		var d Decoder
		for i, rows := range want {
			h, body, err := r.Next()
			require.NoError(t, err)
			size, cost := Cost(Append(nil, h, body))
			require.Equal(t, h.Size(), size)
			require.Equal(t, h.Cost(body), cost)
			require.Equal(t, uint32(i), h.Sequence)
			require.Equal(t, uint32(7), h.Channel)
			b := column.NewBatch[string]()
			require.NoError(t, d.Batch(h, body, b))
			require.ElementsMatch(t, rows, column.Rows[string](b))
		}
		h, body, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, Watermark, h.Type)
		at, err := Time(body)
		require.NoError(t, err)
		require.EqualValues(t, -5, at)
		_, _, err = r.Next()
		require.Equal(t, io.EOF, err)
	})
}

func TestEveryDamagedByteIsNoticed(t *testing.T) {
	good, err := AppendBatch(nil, 1, 2, column.BatchOf([]string{"a", "bc"}), 0, 2, false)
	require.NoError(t, err)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		_, _, err := NewReader(bytes.NewReader(bad)).Next()
		require.ErrorIs(t, err, ErrCorrupt, "byte %d", i)
		_, _, err = NewReader(bytes.NewReader(good[:i])).Next()
		if i == 0 {
			require.Equal(t, io.EOF, err)
		} else {
			require.Equal(t, io.ErrUnexpectedEOF, err)
		}
	}
}

// A header may announce a gigabyte that does not come.
func TestReaderGrowsWithWhatComes(t *testing.T) {
	h := Header{Length: MaxBody, Type: Batch}
	head := make([]byte, HeaderSize)
	h.Put(head)
	r := NewReader(bytes.NewReader(append(head, make([]byte, 1<<20)...)))
	_, _, err := r.Next()
	require.Equal(t, io.ErrUnexpectedEOF, err)
	require.Less(t, len(r.buf), 4<<20)
}

func FuzzReader(f *testing.F) {
	good, err := AppendBatch(nil, 1, 2, column.BatchOf([]string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bc"}), 0, 2, true)
	require.NoError(f, err)
	f.Add(good)
	f.Add(AppendTime(good, Watermark, 1, 3, 9))
	f.Add([]byte("\x00\x00\x00\x00000000")) // an LZ4 block of nothing
	f.Add(AppendFailure(nil, []Task{{"v", 1, 2}}, "why"))
	f.Fuzz(func(t *testing.T, src []byte) {
		r, d := NewReader(bytes.NewReader(src)), Decoder{}
		for {
			h, body, err := r.Next()
			if err != nil {
				break
			}
			if err := d.Batch(h, body, column.NewBatch[string]()); err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
			}
		}
		// The same without the checksums that keep most damage out.
		_ = d.Batch(Header{Type: Batch}, src, column.NewBatch[string]())
		_ = d.Batch(Header{Type: Batch, Flags: LZ4}, src, column.NewBatch[string]())
		_, _, _ = ParseFailure(src)
		_, _ = parsePreamble(src)
		NewFields(src).Channel()
	})
}

func TestFailureAndChannelSurvive(t *testing.T) {
	c := Channel{Edge: 3, From: Task{"map", 1, 2}, To: Task{"count", 4, 0}}
	f := NewFields(AppendChannel(nil, c))
	require.Equal(t, c, f.Channel())
	require.NoError(t, f.Err())
	tasks, reason, err := ParseFailure(AppendFailure(nil, []Task{c.From, c.To}, "disk"))
	require.NoError(t, err)
	require.Equal(t, []Task{c.From, c.To}, tasks)
	require.Equal(t, "disk", reason)
}

var preamble = Preamble{Purpose: Bulk, Job: "j1", From: "w1", To: "w2", Attempt: 3, Epoch: Epoch{7, 9}, Encrypted: true}

// shake lets both ends of a connection introduce themselves.
func shake(t *testing.T, offered []byte, known func(string) []byte, admit func(Preamble) error) (Preamble, error, error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	go func() {
		err := Offer(a, preamble, offered, time.Second)
		if err == nil {
			_, err = a.Write([]byte("rows"))
		}
		done <- err
		if err != nil {
			a.Close()
		}
	}()
	p, err := Admit(b, known, admit, time.Second)
	if err == nil {
		rest := make([]byte, 4)
		_, e := io.ReadFull(b, rest)
		require.NoError(t, e)
		require.Equal(t, "rows", string(rest), "not a byte too many has been read")
	} else {
		b.Close()
	}
	return p, <-done, err
}

func TestPreamble(t *testing.T) {
	token := JobToken([]byte("secret"), "j1")
	know := func(token []byte) func(string) []byte { return func(string) []byte { return token } }
	yes := func(Preamble) error { return nil }

	p, near, far := shake(t, token, know(token), yes)
	require.NoError(t, near)
	require.NoError(t, far)
	require.Equal(t, preamble, p)

	var refused *RefusedError
	_, near, far = shake(t, token, know(JobToken([]byte("other"), "j1")), yes)
	require.ErrorAs(t, near, &refused, "the server must prove itself too")
	require.ErrorContains(t, near, "token")
	require.Error(t, far)

	_, near, far = shake(t, token, know(nil), yes)
	require.ErrorContains(t, near, "job j1 is not known")
	require.ErrorContains(t, far, "job j1 is not known")

	_, near, far = shake(t, token, know(token), func(p Preamble) error {
		if p.Epoch.Before(Epoch{8, 0}) {
			return errors.New("fenced")
		}
		return nil
	})
	require.ErrorContains(t, near, "fenced")
	require.ErrorContains(t, far, "fenced")
}

// A client that does not know the token can answer the challenge only by luck; the server then refuses it.
func TestPreambleRefusesClientWithoutToken(t *testing.T) {
	a, b := net.Pipe()
	go func() {
		hello := append(appendPreamble(nil, preamble), make([]byte, nonceSize)...)
		_, _ = a.Write(append([]byte{'L', 'E', 'A', 'T', Version, 0, byte(len(hello)), 0}, hello...))
		_, _ = io.ReadFull(a, make([]byte, 1+nonceSize+proofSize))
		_, _ = a.Write(make([]byte, proofSize))
		_, _ = io.Copy(io.Discard, a)
	}()
	_, err := Admit(b, func(string) []byte { return []byte("token") }, func(Preamble) error { t.Error("admitted"); return nil }, time.Second)
	require.ErrorIs(t, err, errProof)
	b.Close()
}

func TestPreambleOfStrangers(t *testing.T) {
	for _, said := range []string{"GET / HTTP/1.1\r\n\r\n", "LEAT\x02\x00\x40\x00", "LEAT\x01\x00\x01\x00", "LEAT\x01\x00\xff\xff"} {
		a, b := net.Pipe()
		go func() {
			_, _ = a.Write([]byte(said))
			_, _ = io.Copy(io.Discard, a)
		}()
		_, err := Admit(b, func(string) []byte { return []byte("token") }, func(Preamble) error { return nil }, time.Second)
		require.Error(t, err)
		b.Close()
	}
}
