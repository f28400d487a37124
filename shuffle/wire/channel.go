package wire

import (
	"encoding/binary"
	"fmt"
)

// Task names one attempt of a sub-task: what a failure says must run again.
type Task struct {
	// Vertex is the id of the vertex in the job graph.
	Vertex string
	// Subtask and Attempt count from 0.
	Subtask, Attempt int
}

// String returns "vertex/subtask#attempt".
func (t Task) String() string { return fmt.Sprintf("%s/%d#%d", t.Vertex, t.Subtask, t.Attempt) }

// Channel names what one attempt of a producer sends to one attempt of a consumer along one edge.
type Channel struct {
	// Edge is the number of the edge in the job graph.
	Edge     int
	From, To Task
}

// String returns "from -> to".
func (c Channel) String() string { return fmt.Sprintf("%s -> %s (edge %d)", c.From, c.To, c.Edge) }

// AppendChannel appends c.
func AppendChannel(dst []byte, c Channel) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Edge))
	return AppendTask(AppendTask(dst, c.From), c.To)
}

// AppendTask appends t.
func AppendTask(dst []byte, t Task) []byte {
	dst = AppendString(dst, t.Vertex)
	dst = binary.AppendUvarint(dst, uint64(t.Subtask))
	return binary.AppendUvarint(dst, uint64(t.Attempt))
}

// AppendFailure appends the body of a Failure: the tasks that must run again, and why.
func AppendFailure(dst []byte, tasks []Task, reason string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(tasks)))
	for _, t := range tasks {
		dst = AppendTask(dst, t)
	}
	return AppendString(dst, reason)
}

// ParseFailure reads the body of a Failure.
func ParseFailure(body []byte) (tasks []Task, reason string, err error) {
	f := NewFields(body)
	for n := f.Int(); n > 0 && f.err == nil; n-- {
		tasks = append(tasks, f.Task())
	}
	reason = f.String()
	return tasks, reason, f.Err()
}

// AppendString appends the length of s and s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Fields reads what the Append functions wrote. After an error all fields are zero; Err tells it at the end.
type Fields struct {
	src []byte
	err error
}

// NewFields returns a reader of src, which it does not change.
func NewFields(src []byte) *Fields { return &Fields{src: src} }

// Rest is what has not been read.
func (f *Fields) Rest() []byte { return f.src }

// Err is the first error.
func (f *Fields) Err() error { return f.err }

func (f *Fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = corrupt(format, args...)
	}
	f.src = nil
}

// Int reads a count that fits into 31 bits.
func (f *Fields) Int() int {
	v := f.Uint64()
	if v > 1<<31-1 {
		f.fail("number %d", v)
		return 0
	}
	return int(v)
}

// Uint64 reads a varint.
func (f *Fields) Uint64() uint64 {
	v, n := binary.Uvarint(f.src)
	if n <= 0 {
		f.fail("no number in %d bytes", len(f.src))
		return 0
	}
	f.src = f.src[n:]
	return v
}

// Bytes reads n bytes, which are not copied.
func (f *Fields) Bytes(n int) []byte {
	if n > len(f.src) {
		f.fail("%d bytes wanted, %d left", n, len(f.src))
		return nil
	}
	b := f.src[:n:n]
	f.src = f.src[n:]
	return b
}

// String reads a string.
func (f *Fields) String() string { return string(f.Bytes(f.Int())) }

// Task reads a Task.
func (f *Fields) Task() Task { return Task{Vertex: f.String(), Subtask: f.Int(), Attempt: f.Int()} }

// Channel reads a Channel.
func (f *Fields) Channel() Channel { return Channel{Edge: f.Int(), From: f.Task(), To: f.Task()} }
