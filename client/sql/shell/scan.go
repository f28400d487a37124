package shell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexeme is a word, a quoted text or a sign of a statement that may not be complete. Names lose their backticks.
type lexeme struct {
	text  string
	quote byte // ', ` or " around it, else 0
	open  bool // a quote that is not closed
	start int  // offset of its first byte, behind an open quote
}

func (l lexeme) is(words ...string) bool {
	for _, w := range words {
		if l.quote == 0 && strings.EqualFold(l.text, w) {
			return true
		}
	}
	return false
}

// name says whether it may name a thing.
func (l lexeme) name() bool {
	r, _ := utf8.DecodeRuneInString(l.text)
	return l.quote == '`' || l.quote == 0 && (unicode.IsLetter(r) || r == '_')
}

// scan splits a text; comments are left out. Dots within names are part of them.
func scan(text string) []lexeme {
	var out []lexeme
	for i := 0; i < len(text); {
		rest := text[i:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(rest, "--"):
			i += endOf(rest, "\n", 0)
		case strings.HasPrefix(rest, "/*"):
			i += endOf(rest, "*/", 2)
		case r == '\'' || r == '`' || r == '"':
			l := lexeme{quote: byte(r), start: i + 1}
			end := strings.IndexByte(rest[1:], byte(r))
			if l.open = end < 0; l.open {
				end = len(rest) - 1
			}
			l.text = rest[1 : 1+end]
			out = append(out, l)
			i = min(i+end+2, len(text))
		case isWord(r):
			end := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) && r != '.' })
			if end < 0 {
				end = len(rest)
			}
			out = append(out, lexeme{text: rest[:end], start: i})
			i += end
		default:
			out = append(out, lexeme{text: rest[:size], start: i})
			i += size
		}
	}
	return out
}

// endOf is where a comment ends.
func endOf(rest, mark string, from int) int {
	if end := strings.Index(rest[from:], mark); end >= 0 {
		return from + end + len(mark)
	}
	return len(rest)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '$' }

// lastStatement is what stands behind the last semicolon.
func lastStatement(lexemes []lexeme) []lexeme {
	for i := len(lexemes) - 1; i >= 0; i-- {
		if lexemes[i].is(";") {
			return lexemes[i+1:]
		}
	}
	return lexemes
}
