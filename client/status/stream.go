package status

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/leatproject/leat/runtime/config"
)

// Variable names the file descriptor that events are written to.
const Variable = config.StatusVariable

// maxLine is the longest event that is read, in bytes: a plan of some thousand vertices.
const maxLine = 64 << 20

// Writer writes events. It is safe for concurrent use; the zero value and nil drop every event.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
}

// NewWriter writes events to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// FromEnvironment writes to the descriptor that LEAT_STATUS_FD names, or nowhere when it names none. All calls give the same
// Writer. The first takes the variable out of the environment and keeps the descriptor from processes that the program
// starts, whose jobs are not this program's.
var FromEnvironment = sync.OnceValues(func() (*Writer, error) {
	descriptor := os.Getenv(Variable)
	if err := os.Unsetenv(Variable); err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return toDescriptor(descriptor)
})

func toDescriptor(text string) (*Writer, error) {
	if text == "" {
		return &Writer{}, nil
	}
	descriptor, err := strconv.ParseUint(text, 10, 16)
	if err != nil || descriptor < 3 {
		return nil, fmt.Errorf("%s: %q is not a file descriptor above 2: unset it", Variable, text)
	}
	syscall.CloseOnExec(int(descriptor))
	return NewWriter(os.NewFile(uintptr(descriptor), "status")), nil
}

// Enabled tells whether anybody reads the events.
func (w *Writer) Enabled() bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out != nil
}

// Write reports an event. It waits for a reader that is slow, so a task must not call it. A reader that has gone ends all
// reports; it does not disturb the job.
func (w *Writer) Write(e Event) {
	if w == nil {
		return
	}
	line, err := json.Marshal(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || w.out == nil {
		return
	}
	if _, err := w.out.Write(append(line, '\n')); err != nil {
		w.out = nil
	}
}

// Decoder reads what a Writer wrote.
type Decoder struct{ lines *bufio.Scanner }

// NewDecoder reads events from in.
func NewDecoder(in io.Reader) *Decoder {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	return &Decoder{lines: lines}
}

// Next is the next event with its line as it was written, without the line end. It is io.EOF after the last, and after an
// unfinished line, which a process that was killed leaves behind.
func (d *Decoder) Next() (e Event, line []byte, err error) {
	for d.lines.Scan() {
		line = d.lines.Bytes()
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		err := json.Unmarshal(line, &e)
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax) && syntax.Offset == int64(len(line)):
			return Event{}, nil, io.EOF
		case err != nil:
			return Event{}, nil, fmt.Errorf("reading the program's status: %q: %w", line, err)
		}
		return e, line, nil
	}
	if err := d.lines.Err(); err != nil {
		return Event{}, nil, fmt.Errorf("reading the program's status: %w", err)
	}
	return Event{}, nil, io.EOF
}
