package parser

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leatproject/leat/client/sql/ast"
)

// tokenKind says what a token is.
type tokenKind uint8

const (
	endOfText   tokenKind = iota
	word                  // an unquoted name or keyword
	quotedName            // `name`
	number                // 1, 1.5, .5, 1e5
	text                  // 'text', E'text', U&'text'
	hexText               // X'0A'
	punctuation           // operators and brackets, and the hint's /*+ and */
)

// token is one word of the text. Text is unescaped; Upper is what keywords are compared with.
type token struct {
	kind  tokenKind
	text  string
	upper string
	pos   ast.Pos
	end   int // offset behind the token
}

// lexer walks through the text once.
type lexer struct {
	source  string
	at      int
	line    int
	column  int // of the character at counted
	counted int // offset up to which columns are counted
	inHint  bool
	tokens  []token
}

// symbols are the operators of more than one character; the first that fits is taken.
var symbols = []string{"||", "<>", "!=", "<=", ">=", "=>", "::"}

// lex splits the text into tokens, the last of which is endOfText. With an error it gives the tokens before it.
func lex(source string) ([]token, *ast.Error) {
	l := &lexer{source: source, line: 1, column: 1}
	var err *ast.Error
	if i := invalidUTF8(source); i >= 0 {
		l.skipTo(i)
		err = l.errorf("the text is not valid UTF-8")
	}
	for err == nil && l.at < len(source) {
		if err = l.skipSpace(); err == nil && l.at < len(source) {
			err = l.next()
		}
	}
	return append(l.tokens, token{pos: l.pos(), end: l.at}), err
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

func (l *lexer) pos() ast.Pos {
	l.column += utf8.RuneCountInString(l.source[l.counted:l.at])
	l.counted = l.at
	return ast.Pos{Offset: l.at, Line: l.line, Column: l.column}
}

func (l *lexer) errorf(format string, args ...any) *ast.Error {
	return l.errorAt(l.pos(), format, args...)
}

func (l *lexer) errorAt(pos ast.Pos, format string, args ...any) *ast.Error {
	err := ast.Errorf(pos, format, args...)
	err.Source = l.source
	return err
}

// skipTo moves on and counts lines.
func (l *lexer) skipTo(end int) {
	end = min(end, len(l.source))
	for ; l.at < end; l.at++ {
		if l.source[l.at] == '\n' {
			l.line++
			l.column, l.counted = 1, l.at+1
		}
	}
}

func (l *lexer) rest() string { return l.source[l.at:] }

// skipSpace skips white space and comments, but not hints.
func (l *lexer) skipSpace() *ast.Error {
	for l.at < len(l.source) {
		rest := l.rest()
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r) || r == '\ufeff':
			l.skipTo(l.at + size)
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			l.skipTo(l.at + end)
		case strings.HasPrefix(rest, "/*") && !strings.HasPrefix(rest, "/*+"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return l.errorf("a comment that begins here has no end")
			}
			l.skipTo(l.at + end + 4)
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) emit(kind tokenKind, value string, end int) {
	pos := l.pos()
	l.skipTo(end)
	t := token{kind: kind, text: value, pos: pos, end: end}
	if kind == word {
		t.upper = strings.ToUpper(value)
	}
	l.tokens = append(l.tokens, t)
}

func (l *lexer) next() *ast.Error {
	rest := l.rest()
	c := rest[0]
	switch {
	case c == '`':
		value, end, ok := delimited(rest, '`')
		if !ok {
			return l.errorf("a name in backticks that begins here has no end")
		}
		if value == "" {
			return l.errorf("a name in backticks is empty")
		}
		l.emit(quotedName, value, l.at+end)
	case c == '\'':
		return l.quoted(0)
	case c == '"':
		err := l.errorf("unexpected \"")
		err.Hint = "names are quoted with ` and texts with '"
		return err
	case c >= '0' && c <= '9' || c == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' && !l.afterName():
		l.emit(number, rest[:numberEnd(rest)], l.at+numberEnd(rest))
	case prefixed(rest, "X'"):
		return l.hex()
	case prefixed(rest, "E'"):
		return l.escaped()
	case prefixed(rest, "N'"):
		return l.quoted(1)
	case prefixed(rest, "U&'"):
		return l.unicode()
	default:
		return l.wordOrSymbol(rest)
	}
	return nil
}

// afterName says whether the text goes on directly behind a name, so that a dot belongs to it.
func (l *lexer) afterName() bool {
	if len(l.tokens) == 0 {
		return false
	}
	t := l.tokens[len(l.tokens)-1]
	return t.end == l.at && (t.kind == word || t.kind == quotedName || t.kind == punctuation && (t.text == "]" || t.text == ")"))
}

func prefixed(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (l *lexer) wordOrSymbol(rest string) *ast.Error {
	if n := wordEnd(rest); n > 0 {
		l.emit(word, rest[:n], l.at+n)
		return nil
	}
	if strings.HasPrefix(rest, "/*+") {
		l.inHint = true
		l.emit(punctuation, "/*+", l.at+3)
		return nil
	}
	if l.inHint && strings.HasPrefix(rest, "*/") {
		l.inHint = false
		l.emit(punctuation, "*/", l.at+2)
		return nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			l.emit(punctuation, s, l.at+len(s))
			return nil
		}
	}
	if strings.IndexByte("+-*/%=<>()[]{},.;:?|", rest[0]) >= 0 {
		l.emit(punctuation, rest[:1], l.at+1)
		return nil
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return l.errorf("unexpected character %q", r)
}

func wordEnd(s string) int {
	for i, r := range s {
		letter := r == '_' || r == '$' || unicode.IsLetter(r)
		if !letter && (i == 0 || !(unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))) {
			return i
		}
	}
	return len(s)
}

// numberEnd is the length of a number: digits, a fraction, an exponent. A dot that a name follows is not part of it.
func numberEnd(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	i := digits(0)
	if i < len(s) && s[i] == '.' {
		i = digits(i + 1)
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if end := digits(j); end > j {
			i = end
		}
	}
	return i
}

// delimited reads a text in quotes that are doubled within.
func delimited(s string, quote byte) (value string, end int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			b.WriteString(s[end+1 : i+1])
			i++
			end = i
			continue
		}
		b.WriteString(s[end+1 : i])
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// quoted reads a text behind a prefix of so many bytes.
func (l *lexer) quoted(prefix int) *ast.Error {
	value, end, ok := delimited(l.rest()[prefix:], '\'')
	if !ok {
		return l.errorf("a text that begins here has no end")
	}
	l.emit(text, value, l.at+prefix+end)
	return nil
}

func (l *lexer) hex() *ast.Error {
	value, end, ok := delimited(l.rest()[1:], '\'')
	if !ok {
		return l.errorf("a text that begins here has no end")
	}
	for _, c := range []byte(value) {
		if strings.IndexByte("0123456789abcdefABCDEF", c) < 0 {
			return l.errorf("%q is no hexadecimal digit", c)
		}
	}
	if len(value)%2 != 0 {
		return l.errorf("a binary literal has two hexadecimal digits for each byte, this has %d", len(value))
	}
	l.emit(hexText, value, l.at+1+end)
	return nil
}

// escaped reads E'...', in which a backslash escapes as in C.
func (l *lexer) escaped() *ast.Error {
	rest := l.rest()
	var b strings.Builder
	for i := 2; i < len(rest); {
		switch c := rest[i]; {
		case c == '\'' && i+1 < len(rest) && rest[i+1] == '\'':
			b.WriteByte('\'')
			i += 2
		case c == '\'':
			l.emit(text, b.String(), l.at+i+1)
			return nil
		case c == '\\':
			value, n := cEscape(rest[i:])
			if n == 0 {
				l.skipTo(l.at + i)
				return l.errorf("an escape that is not known")
			}
			b.WriteString(value)
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return l.errorf("a text that begins here has no end")
}

// cEscape reads one escape, gives its value and its length, 0 for none.
func cEscape(s string) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	if i := strings.IndexByte("bfnrt", s[1]); i >= 0 {
		return "\b\f\n\r\t"[i : i+1], 2
	}
	digits, base, n := 0, 16, 2
	switch c := s[1]; {
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case c >= '0' && c <= '7':
		digits, base, n = 3, 8, 1
	default:
		r, size := utf8.DecodeRuneInString(s[1:])
		return string(r), 1 + size
	}
	end := n
	for end < len(s) && end < n+digits {
		if _, err := strconv.ParseUint(s[end:end+1], base, 8); err != nil {
			break
		}
		end++
	}
	v, err := strconv.ParseUint(s[n:end], base, 32)
	if err != nil || !utf8.ValidRune(rune(v)) {
		return "", 0
	}
	return string(rune(v)), end
}

// unicode reads U&'...' [UESCAPE 'c'], in which \0041 and \+000041 are characters; two escape characters are one.
func (l *lexer) unicode() *ast.Error {
	value, end, ok := delimited(l.rest()[2:], '\'')
	if !ok {
		return l.errorf("a text that begins here has no end")
	}
	end += 2
	escape := byte('\\')
	behind := strings.TrimLeft(l.rest()[end:], " \t\r\n")
	if prefixed(behind, "UESCAPE") {
		quoted := strings.TrimLeft(behind[len("UESCAPE"):], " \t\r\n")
		if len(quoted) < 3 || quoted[0] != '\'' || quoted[2] != '\'' || quoted[1] >= utf8.RuneSelf {
			return l.errorf("UESCAPE is followed by one character in quotes")
		}
		escape = quoted[1]
		end = len(l.rest()) - len(quoted) + 3
	}
	value, ok = unicodeEscapes(value, escape)
	if !ok {
		return l.errorf("a Unicode escape is %c and four hexadecimal digits, or %c+ and six", escape, escape)
	}
	l.emit(text, value, l.at+end)
	return nil
}

func unicodeEscapes(s string, escape byte) (value string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != escape {
			b.WriteByte(s[i])
			i++
			continue
		}
		i++
		if i < len(s) && s[i] == escape {
			b.WriteByte(escape)
			i++
			continue
		}
		n := 4
		if i < len(s) && s[i] == '+' {
			i, n = i+1, 6
		}
		if i+n > len(s) {
			return "", false
		}
		v, err := strconv.ParseUint(s[i:i+n], 16, 32)
		if err != nil || !utf8.ValidRune(rune(v)) {
			return "", false
		}
		b.WriteRune(rune(v))
		i += n
	}
	return b.String(), true
}
