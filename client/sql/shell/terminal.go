package shell

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peterh/liner"

	"github.com/leatproject/leat/client/sql/session"
)

// Terminal is the Editor of the terminal at the standard input and output.
type Terminal struct {
	liner       *liner.State
	cooked, raw liner.ModeApplier // for statements that run, for prompts
	before      string            // lines of the statement before that of the prompt
	history     string            // the file; empty: none
}

// historyLimit is how many statements the file keeps.
const historyLimit = 1000

// NewTerminal takes the terminal, until Close. history is the file of earlier statements, empty for none.
func NewTerminal(c Completer, history string) (*Terminal, error) {
	cooked, err := liner.TerminalMode()
	if err != nil {
		return nil, fmt.Errorf("the terminal cannot be read: %w", err)
	}
	t := &Terminal{liner: liner.NewLiner(), cooked: cooked, history: history}
	if t.raw, err = liner.TerminalMode(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.liner.SetCtrlCAborts(true)
	t.liner.SetMultiLineMode(true)
	t.liner.SetTabCompletionStyle(liner.TabPrints)
	t.liner.SetBeep(false)
	t.liner.SetWordCompleter(func(line string, pos int) (string, []string, string) {
		at := len(string([]rune(line)[:pos]))
		first := len(joined(t.before, "")) // where the line begins in the statement
		from, candidates := c.Complete(joined(t.before, line[:at]), line[at:])
		from = max(from-first, 0)
		return line[:from], candidates, line[at:]
	})
	if err := t.load(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, t.cooked.ApplyMode()
}

// Line implements Editor.
func (t *Terminal) Line(prompt, before string) (string, error) {
	if err := t.raw.ApplyMode(); err != nil {
		return "", err
	}
	t.before = before
	line, err := t.liner.Prompt(prompt)
	if errors.Is(err, liner.ErrPromptAborted) {
		err = ErrAborted
	}
	return line, errors.Join(err, t.cooked.ApplyMode())
}

// Close gives the terminal back as it was.
func (t *Terminal) Close() error { return t.liner.Close() }

// Remember implements Editor. A statement is one line of the history, unless a comment or a quoted text goes over the end of a line.
func (t *Terminal) Remember(statement string) {
	lines := strings.Split(statement, "\n")
	if !strings.Contains(statement, "--") && !slices.ContainsFunc(scan(statement), func(l lexeme) bool { return strings.Contains(l.text, "\n") }) {
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		lines = []string{strings.Join(lines, " ")}
	}
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		t.liner.AppendHistory(line)
		if t.history != "" {
			t.keep(line)
		}
	}
}

// keep writes a line to the file. A history that cannot be written is none: the statement itself is what counts.
func (t *Terminal) keep(line string) {
	f, err := os.OpenFile(t.history, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	fmt.Fprintln(f, session.WithoutSecrets(line))
	_ = f.Close()
}

// load reads the file; of one that has become long it keeps the end.
func (t *Terminal) load() error {
	if t.history == "" {
		return nil
	}
	text, err := os.ReadFile(t.history)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	var lines []string
	s := bufio.NewScanner(strings.NewReader(string(text)))
	s.Buffer(nil, len(text)+1)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	if len(lines) > 2*historyLimit {
		lines = lines[len(lines)-historyLimit:]
		whole := filepath.Join(filepath.Dir(t.history), filepath.Base(t.history)+".new")
		if err := os.WriteFile(whole, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			return fmt.Errorf("shortening the history: %w", err)
		}
		if err := os.Rename(whole, t.history); err != nil {
			return fmt.Errorf("shortening the history: %w", err)
		}
	}
	for _, line := range lines {
		t.liner.AppendHistory(line)
	}
	return nil
}
