package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventsReadBack(t *testing.T) {
	watermark, code := int64(-5), 4
	events := []Event{
		{Event: Submitted, Job: "Word Count", JobID: strings.Repeat("0a", 16), Mode: "BATCH", Time: 1},
		{Event: Progress, Job: "Word Count", Time: 2, Vertices: []Vertex{
			{ID: "v", Name: "a -> b", Parallelism: 2, State: "RUNNING", RecordsIn: 1, RecordsOut: 2, BytesIn: 3, Watermark: &watermark, Busy: 0.5},
			{ID: "w"},
		}},
		{Event: Rejected, Error: "two\nlines", Code: &code, Time: 3},
		{Event: Plan, Plan: json.RawMessage(`{"nodes":[]}`), Text: "source -> sink"},
		{Event: Finished, DurationMs: 1200, Time: 4},
	}
	var pipe bytes.Buffer
	w := NewWriter(&pipe)
	for _, e := range events {
		w.Write(e)
	}
	pipe.WriteString("\n" + `{"event":"later","unknown":1}` + "\n")
	d := NewDecoder(&pipe)
	for _, want := range events {
		got, line, err := d.Next()
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.True(t, json.Valid(line))
	}
	later, _, err := d.Next()
	require.NoError(t, err)
	require.Equal(t, Kind("later"), later.Event)
	require.False(t, later.Last())
	_, _, err = d.Next()
	require.ErrorIs(t, err, io.EOF)
}

func TestOnlyTheLastEventsAreLast(t *testing.T) {
	for kind, want := range map[Kind]bool{Submitted: false, Progress: false, Finished: true, Failed: true, Canceled: true, Rejected: true, Plan: true} {
		require.Equal(t, want, (&Event{Event: kind}).Last(), kind)
	}
}

func TestBrokenLines(t *testing.T) {
	d := NewDecoder(strings.NewReader(`{"event":"finished"}` + "\n" + `{"event":"fin`))
	_, _, err := d.Next()
	require.NoError(t, err)
	_, _, err = d.Next()
	require.ErrorIs(t, err, io.EOF, "the writer was killed in the middle of a line")

	_, _, err = NewDecoder(strings.NewReader("hello\n")).Next()
	require.ErrorContains(t, err, `reading the program's status: "hello"`)
}

type brokenPipe struct{ writes int }

func (p *brokenPipe) Write([]byte) (int, error) { p.writes++; return 0, errors.New("broken pipe") }

func TestWriterOutlivesItsReader(t *testing.T) {
	pipe := &brokenPipe{}
	w := NewWriter(pipe)
	require.True(t, w.Enabled())
	w.Write(Event{Event: Progress})
	w.Write(Event{Event: Progress})
	require.False(t, w.Enabled())
	require.Equal(t, 1, pipe.writes)

	var none *Writer
	none.Write(Event{})
	(&Writer{}).Write(Event{})
	require.False(t, none.Enabled())
}

func TestConcurrentWritersDoNotMixLines(t *testing.T) {
	var pipe bytes.Buffer
	w := NewWriter(&pipe)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				w.Write(Event{Event: Progress, Job: fmt.Sprint(i)})
			}
		})
	}
	all.Wait()
	d := NewDecoder(&pipe)
	for range 800 {
		_, _, err := d.Next()
		require.NoError(t, err)
	}
}

func TestDescriptors(t *testing.T) {
	w, err := toDescriptor("")
	require.NoError(t, err)
	require.False(t, w.Enabled())
	for _, wrong := range []string{"x", "-1", "2"} {
		_, err = toDescriptor(wrong)
		require.ErrorContains(t, err, "is not a file descriptor above 2")
	}

	read, write, err := os.Pipe()
	require.NoError(t, err)
	descriptor, err := syscall.Dup(int(write.Fd()))
	require.NoError(t, err)
	require.NoError(t, write.Close())
	t.Setenv(Variable, fmt.Sprint(descriptor))
	w, err = FromEnvironment()
	require.NoError(t, err)
	w.Write(Event{Event: Finished})
	e, _, err := NewDecoder(read).Next()
	require.NoError(t, err)
	require.Equal(t, Finished, e.Event)
	require.Empty(t, os.Getenv(Variable))
	again, err := FromEnvironment()
	require.NoError(t, err)
	require.Same(t, w, again)
	require.NoError(t, read.Close())
}
