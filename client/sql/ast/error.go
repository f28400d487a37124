package ast

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in a statement.
type Error struct {
	Pos     Pos
	Message string // what is wrong, lower case
	Hint    string // what to do about it, or empty
	Source  string // the text that Pos counts in, or empty when it is not at hand

	Unsupported bool // the statement is right SQL that this engine does not do
}

// Errorf makes an error without a hint.
func Errorf(at Pos, format string, args ...any) *Error {
	return &Error{Pos: at, Message: fmt.Sprintf(format, args...)}
}

// Error gives the message with line and column, then the line with a caret below the place, then the hint.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Pos.Line, e.Pos.Column)
	}
	b.WriteString(e.Message)
	if line, caret, ok := e.excerpt(); ok {
		b.WriteString("\n  " + line + "\n  " + caret)
	}
	if e.Hint != "" {
		b.WriteString("\n" + e.Hint)
	}
	return b.String()
}

// shown is how many characters of a line an error shows.
const shown = 100

// excerpt is the line of the mistake, a window of it when it is long, and the caret below; tabs stay tabs so that they line up.
func (e *Error) excerpt() (line, caret string, ok bool) {
	if e.Source == "" || e.Pos.Line == 0 || e.Pos.Offset > len(e.Source) {
		return "", "", false
	}
	start := strings.LastIndexByte(e.Source[:e.Pos.Offset], '\n') + 1
	line, _, _ = strings.Cut(e.Source[start:], "\n")
	line = strings.TrimSuffix(line, "\r")
	before := []rune(e.Source[start:e.Pos.Offset])
	runes := []rune(line)
	if len(before) > shown*3/4 {
		cut := len(before) - shown/2
		before, runes = before[cut:], runes[min(cut, len(runes)):]
	}
	if len(runes) > shown {
		runes = runes[:shown]
	}
	for i, r := range before {
		if r != '\t' {
			before[i] = ' '
		}
	}
	return string(runes), string(before) + "^", utf8.ValidString(line)
}
