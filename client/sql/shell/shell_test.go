package shell_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
	"github.com/leatproject/leat/client/sql/shell"
)

// played is an editor that types lines: ^C and ^D are the keys.
type played struct {
	out   *strings.Builder
	lines []string
	kept  []string
}

func (p *played) Line(prompt, _ string) (string, error) {
	if len(p.lines) == 0 {
		return "", io.EOF
	}
	line := p.lines[0]
	p.lines = p.lines[1:]
	fmt.Fprintln(p.out, prompt+line)
	switch line {
	case "^C":
		return "", shell.ErrAborted
	case "^D":
		return "", io.EOF
	}
	return line, nil
}

func (p *played) Remember(statement string) { p.kept = append(p.kept, statement) }

type output struct{ *strings.Builder }

func (o output) Table(columns plan.Schema, opt result.Options) (result.Writer, error) {
	return result.New(result.Table, o, columns, opt)
}

func (o output) Text(text string) error {
	_, err := fmt.Fprintln(o, strings.TrimSuffix(text, "\n"))
	return err
}

func (o output) Message(text string) { fmt.Fprintln(o, text) }

func newSession(t *testing.T, out *strings.Builder) *session.Session {
	return session.New(output{out}, datastream.WithConfig("parallelism.default", "1"), datastream.WithConfig("io.tmp.dirs", t.TempDir()))
}

// jobID is what differs each time.
var jobID = regexp.MustCompile(`\([0-9a-f]{32}\)`)

// TestShell plays the dialogues of testdata/shell: what is typed, then what is on the screen.
func TestShell(t *testing.T) {
	datadriven.RunTest(t, filepath.Join("testdata", "shell"), func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		editor := &played{out: &out, lines: strings.Split(d.Input, "\n")}
		s := &shell.Shell{Session: newSession(t, &out), Editor: editor, Out: &out, Substitute: func(text string) (string, error) {
			return session.Substitute(text, map[string]string{"n": "7"})
		}}
		require.NoError(t, s.Run(t.Context()))
		_, screen, _ := strings.Cut(out.String(), "\n")
		screen = jobID.ReplaceAllString(screen, "(ID)")
		return screen + fmt.Sprintf("history: %q\n", editor.kept)
	})
}

func TestShellEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	s := &shell.Shell{Session: newSession(t, &out), Editor: waiting{cancel, make(chan struct{})}, Out: io.Discard}
	require.ErrorIs(t, s.Run(ctx), context.Canceled)
}

// waiting is a terminal at which nobody types; the context ends meanwhile.
type waiting struct {
	cancel context.CancelFunc
	never  chan struct{}
}

func (w waiting) Line(string, string) (string, error) {
	w.cancel()
	<-w.never
	return "", nil
}

func (w waiting) Remember(string) {}

// TestInterruptBetweenLineAndStatement presses Ctrl-C when the editor has just given the terminal back: at most that statement is cancelled, the shell goes on.
func TestInterruptBetweenLineAndStatement(t *testing.T) {
	var out strings.Builder
	s := &shell.Shell{Session: newSession(t, &out), Editor: &late{lines: []string{"SELECT 7;", "SELECT 8 AS eight;"}}, Out: &out}
	require.NoError(t, s.Run(t.Context()))
	require.Contains(t, out.String(), "eight")
}

// late is an editor with which a Ctrl-C comes too late to be a key.
type late struct{ lines []string }

func (l *late) Line(string, string) (string, error) {
	if len(l.lines) == 0 {
		return "", io.EOF
	}
	line := l.lines[0]
	l.lines = l.lines[1:]
	if len(l.lines) == 0 {
		return line, nil
	}
	return line, syscall.Kill(os.Getpid(), syscall.SIGINT)
}

func (l *late) Remember(string) {}

// TestComplete completes the texts of testdata/complete at the mark |; of many candidates it shows the first ones.
func TestComplete(t *testing.T) {
	var out strings.Builder
	s := newSession(t, &out)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "trips.csv"), []byte("a,b\n"), 0o600))
	require.NoError(t, s.Script(t.Context(), "CREATE TABLE orders (id INT, `order date` DATE, customer STRING) WITH ('connector' = 'blackhole');"+
		"CREATE TABLE customers (name STRING, city STRING) WITH ('connector' = 'blackhole'); CREATE DATABASE stock;"+
		"CREATE TABLE stock.items (item INT) WITH ('connector' = 'blackhole');", false))
	c := shell.Completer{Catalogs: s.Catalogs}
	datadriven.RunTest(t, filepath.Join("testdata", "complete"), func(t *testing.T, d *datadriven.TestData) string {
		var b strings.Builder
		for line := range strings.Lines(d.Input) {
			before, behind, _ := strings.Cut(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "$DIR", filepath.ToSlash(dir)), "|")
			from, candidates := c.Complete(before, behind)
			more := ""
			if len(candidates) > 8 {
				more, candidates = fmt.Sprintf(" and %d more", len(candidates)-8), candidates[:8]
			}
			require.LessOrEqual(t, from, len(before))
			shown := fmt.Sprintf("%s <- %q%s\n", before[:from], slices.Clone(candidates), more)
			b.WriteString(strings.ReplaceAll(shown, filepath.ToSlash(dir), "$DIR"))
		}
		return b.String()
	})
}
