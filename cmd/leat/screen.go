package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/leatproject/leat/client/status"
)

// Control sequences of terminals (ECMA-48).
const (
	cursorUp   = "\x1b[%dA"
	eraseBelow = "\r\x1b[J"
)

// screen is a terminal whose last lines are a table that is drawn again and again, below what the program prints.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	size  func() (columns, rows int)
	drawn int  // lines of the table that stand below the program's output now
	open  bool // the program's last line has no end yet
}

func newScreen(out io.Writer) *screen {
	return &screen{out: out, size: func() (int, int) {
		columns, rows, ok := terminalSize(out)
		if !ok || columns == 0 || rows == 0 {
			return 80, 24
		}
		return columns, rows
	}}
}

// show draws the table in place of the one before. It waits for its turn while the program is in the middle of a line.
func (s *screen) show(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		return
	}
	columns, rows := s.size()
	if limit := max(rows-2, 1); len(lines) > limit {
		lines = append(lines[:limit-1:limit-1], fmt.Sprintf("... %d more", len(lines)-limit+1))
	}
	var b strings.Builder
	b.WriteString(s.erasure())
	for _, line := range lines {
		b.WriteString(cutTo(line, columns-1))
		b.WriteByte('\n')
	}
	s.drawn = len(lines)
	fmt.Fprint(s.out, b.String())
}

// print writes a line that stays, in place of the table.
func (s *screen) print(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		line = "\n" + line
	}
	fmt.Fprint(s.out, s.erasure()+line+"\n")
	s.drawn, s.open = 0, false
}

func (s *screen) erasure() string {
	if s.drawn == 0 {
		return ""
	}
	return fmt.Sprintf(cursorUp, s.drawn) + eraseBelow
}

// screenWriter is the program's own output, which takes the place of the table until that is drawn again.
type screenWriter struct {
	screen *screen
	out    io.Writer
}

func (w screenWriter) Write(p []byte) (int, error) {
	w.screen.mu.Lock()
	defer w.screen.mu.Unlock()
	if w.screen.drawn > 0 {
		fmt.Fprint(w.screen.out, w.screen.erasure())
		w.screen.drawn = 0
	}
	if len(p) > 0 {
		w.screen.open = p[len(p)-1] != '\n'
	}
	return w.out.Write(p)
}

// cutTo shortens a line to so many characters.
func cutTo(line string, columns int) string {
	if utf8.RuneCountInString(line) <= columns {
		return line
	}
	return string([]rune(line)[:max(columns, 0)])
}

// tableInterval is the least time between two drawings, in milliseconds.
const tableInterval = 500

// tableReporter draws a row for each vertex.
type tableReporter struct {
	screen  *screen
	meter   meter
	started int64
	shown   int64
}

func (r *tableReporter) notice(text string) { r.screen.print("leat: " + text) }

func (r *tableReporter) event(e status.Event, _ []byte) {
	switch {
	case e.Event == status.Submitted:
		r.started = e.Time
		r.screen.print(submissionLine(e))
		r.draw(e)
	case e.Event == status.Progress && e.Time-r.shown >= tableInterval:
		r.draw(e)
	case e.Last() && e.Event != status.Plan:
		r.screen.print(conclusion(e))
	}
}

func (r *tableReporter) draw(e status.Event) {
	r.shown = e.Time
	columns, _ := r.screen.size()
	const figures = 55
	width := min(max(columns-figures, 12), 60)
	lines := []string{fmt.Sprintf("%-*s %4s %-9s %9s %11s %10s %5s", width, cutTo(title(e, r.started), width),
		"par", "state", "records", "rate", "lag", "busy")}
	for _, v := range r.meter.measure(e) {
		parallelism := strconv.Itoa(v.parallelism)
		if v.parallelism < 0 { // it is chosen when the bytes to read are known
			parallelism = "-"
		}
		lines = append(lines, fmt.Sprintf("%-*s %4s %-9s %9s %11s %10s %4.0f%%", width, cutTo(v.name, width),
			parallelism, cutTo(v.state, 9), count(v.records), count(int64(v.rate))+"/s", v.lag, v.busy*100))
	}
	r.screen.show(lines)
}

func title(e status.Event, started int64) string {
	return fmt.Sprintf("%s, %s, %s", e.Job, e.Mode, seconds(e.Time-started))
}
