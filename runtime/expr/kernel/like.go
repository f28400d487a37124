package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

var patternKernels = map[string]entry{
	"LIKE":           {of: like},
	"ILIKE":          {of: like},
	"SIMILAR TO":     {of: similar},
	"REGEXP":         byRegexp((*frame).putNotMatched, func(f *frame, r *regexp.Regexp) { f.putBool(r.Match(f.text(0))) }),
	"REGEXP_EXTRACT": byRegexp((*frame).putNull, regexpExtract),
	"REGEXP_REPLACE": byRegexp((*frame).putNull, regexpReplace),
	"REGEXP_COUNT":   byRegexp((*frame).putNull, func(f *frame, r *regexp.Regexp) { f.putInt(int64(len(r.FindAllIndex(f.text(0), -1)))) }),
	"REGEXP_INSTR":   byRegexp((*frame).putNull, regexpInstr),
	"REGEXP_SUBSTR":  byRegexp((*frame).putNull, regexpSubstr),
}

// pattern is a compiled LIKE: the pieces between %, each of literal characters and _.
type pattern struct {
	pieces [][]piece
}

// piece is literal text, or any one character where it is empty.
type piece []byte

// compileLike reads a pattern; escape is 0 for none.
func compileLike(text string, escape rune) (pattern, error) {
	p := pattern{pieces: [][]piece{nil}}
	escaped := false
	literal := func(r rune) {
		last := &p.pieces[len(p.pieces)-1]
		if n := len(*last); n > 0 && len((*last)[n-1]) > 0 {
			(*last)[n-1] = utf8.AppendRune((*last)[n-1], r)
			return
		}
		*last = append(*last, utf8.AppendRune(nil, r))
	}
	for _, r := range text {
		switch {
		case escaped:
			if r != '%' && r != '_' && r != escape {
				return p, fmt.Errorf("the LIKE pattern '%s' escapes %q: only %%, _ and the escape character can be", text, r)
			}
			literal(r)
			escaped = false
		case escape != 0 && r == escape:
			escaped = true
		case r == '%':
			p.pieces = append(p.pieces, nil)
		case r == '_':
			last := &p.pieces[len(p.pieces)-1]
			*last = append(*last, nil)
		default:
			literal(r)
		}
	}
	if escaped {
		return p, fmt.Errorf("the LIKE pattern '%s' ends with its escape character", text)
	}
	return p, nil
}

// match says whether the whole of s matches: the first pieces stand at the beginning, the last at the end, the others wherever they
// come first.
func (p *pattern) match(s []byte) bool {
	first := p.pieces[0]
	n, ok := matchAt(s, first)
	if !ok {
		return false
	}
	if len(p.pieces) == 1 {
		return n == len(s)
	}
	s = s[n:]
	for _, pieces := range p.pieces[1 : len(p.pieces)-1] {
		at, n := find(s, pieces)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return matchEnd(s, p.pieces[len(p.pieces)-1])
}

// matchAt gives how many bytes the pieces take at the beginning of s.
func matchAt(s []byte, pieces []piece) (int, bool) {
	at := 0
	for _, p := range pieces {
		switch {
		case len(p) > 0 && bytes.HasPrefix(s[at:], p):
			at += len(p)
		case len(p) > 0 || at == len(s):
			return 0, false
		default:
			_, n := utf8.DecodeRune(s[at:])
			at += n
		}
	}
	return at, true
}

// find is where pieces come first in s, and how long they are there.
func find(s []byte, pieces []piece) (at, length int) {
	if len(pieces) == 1 && len(pieces[0]) > 0 {
		return bytes.Index(s, pieces[0]), len(pieces[0])
	}
	for {
		if n, ok := matchAt(s[at:], pieces); ok {
			return at, n
		}
		if at == len(s) {
			return -1, 0
		}
		_, n := utf8.DecodeRune(s[at:])
		at += n
	}
}

func matchEnd(s []byte, pieces []piece) bool {
	for i := len(pieces) - 1; i >= 0; i-- {
		p := pieces[i]
		switch {
		case len(p) > 0 && bytes.HasSuffix(s, p):
			s = s[:len(s)-len(p)]
		case len(p) > 0 || len(s) == 0:
			return false
		default:
			_, n := utf8.DecodeLastRune(s)
			s = s[:len(s)-n]
		}
	}
	return true
}

// memo keeps what was made of the last text: patterns are nearly always constants.
type memo[T any] struct {
	text []byte
	made T
	ok   bool
}

func (m *memo[T]) get(text []byte, make func(string) (T, error)) (*T, error) {
	if m.ok && bytes.Equal(m.text, text) {
		return &m.made, nil
	}
	made, err := make(string(text))
	m.text, m.made, m.ok = append(m.text[:0], text...), made, err == nil
	return &m.made, err
}

func like(s *site) (kernel, error) {
	var patterns memo[pattern]
	fold := s.name == "ILIKE"
	return rows(func(f *frame) error {
		subject, key := f.text(0), f.text(1)
		escape := rune(0)
		if f.has(2) {
			r, n := utf8.DecodeRune(f.text(2))
			if n != len(f.text(2)) {
				return fmt.Errorf("the escape of LIKE is one character, not '%s'", f.text(2))
			}
			if escape = r; n == 0 {
				escape = 0
			}
		}
		p, err := patterns.get(key, func(text string) (pattern, error) {
			if fold {
				text = strings.ToLower(text)
			}
			return compileLike(text, escape)
		})
		if err != nil {
			return err
		}
		if fold {
			subject = bytes.ToLower(subject)
		}
		f.putBool(p.match(subject))
		return nil
	}), nil
}

// similar is a regular expression of SQL: % and _ as in LIKE, the rest as usual.
func similar(*site) (kernel, error) {
	var patterns memo[*regexp.Regexp]
	return rows(func(f *frame) error {
		escape := rune(0)
		if f.has(2) {
			escape, _ = utf8.DecodeRune(f.text(2))
		}
		r, err := patterns.get(f.text(1), func(text string) (*regexp.Regexp, error) {
			var b strings.Builder
			escaped := false
			for _, r := range text {
				switch {
				case escaped:
					b.WriteString(regexp.QuoteMeta(string(r)))
					escaped = false
				case escape != 0 && r == escape:
					escaped = true
				case r == '%':
					b.WriteString(".*")
				case r == '_':
					b.WriteByte('.')
				case strings.ContainsRune(`^$\`, r):
					b.WriteString(regexp.QuoteMeta(string(r)))
				default:
					b.WriteRune(r)
				}
			}
			return regexp.Compile("^(?s:" + b.String() + ")$")
		})
		if err != nil {
			return err
		}
		f.putBool((*r).Match(f.text(0)))
		return nil
	}), nil
}

// javaOnly are the mistakes of expressions that are none in Java: look-around, references back, possessive quantifiers.
var javaOnly = []syntax.ErrorCode{syntax.ErrInvalidPerlOp, syntax.ErrInvalidNamedCapture, syntax.ErrInvalidEscape, syntax.ErrInvalidRepeatOp}

// byRegexp is a function whose second argument is a regular expression. Where that is none it gives what Flink does, mostly NULL; it is
// an error where it is one that only Java has.
func byRegexp(none func(*frame), fn func(f *frame, r *regexp.Regexp)) entry {
	return entry{of: func(*site) (kernel, error) {
		var patterns memo[*regexp.Regexp]
		return rows(func(f *frame) error {
			r, err := patterns.get(f.text(1), compileRegexp)
			var mistake *syntax.Error
			if errors.As(err, &mistake) && slices.Contains(javaOnly, mistake.Code) {
				return fmt.Errorf("the regular expression '%s' has %s, which is not supported: expressions are those of RE2", f.text(1), mistake.Expr)
			}
			if err != nil {
				none(f)
				return nil
			}
			fn(f, *r)
			return nil
		}), nil
	}}
}

// posixClasses are the classes of characters that Java calls \p{Alpha}, RE2 [:alpha:].
var posixClasses = regexp.MustCompile(`\\p\{(Lower|Upper|ASCII|Alpha|Digit|Alnum|Punct|Graph|Print|Blank|Cntrl|XDigit|Space)\}`)

// compileRegexp compiles an expression that is written for Java.
func compileRegexp(text string) (*regexp.Regexp, error) {
	text = posixClasses.ReplaceAllStringFunc(text, func(class string) string {
		name := "[:" + strings.ToLower(class[3:len(class)-1]) + ":]"
		if at := strings.Index(text, class); strings.Count(text[:at], "[") > strings.Count(text[:at], "]") {
			return name // within brackets
		}
		return "[" + name + "]"
	})
	return regexp.Compile(text)
}

func regexpExtract(f *frame, r *regexp.Regexp) {
	group := 0
	if f.has(2) {
		group = int(f.int(2))
	}
	m := r.FindSubmatchIndex(f.text(0))
	if m == nil || group < 0 || 2*group >= len(m) || m[2*group] < 0 {
		f.putNull()
		return
	}
	f.putText(f.text(0)[m[2*group]:m[2*group+1]])
}

// regexpReplace puts the replacement as it stands: $1 is no group in Flink.
func regexpReplace(f *frame, r *regexp.Regexp) {
	f.putText(r.ReplaceAllLiteral(f.text(0), f.text(2)))
}

func (f *frame) putNotMatched() { f.putBool(false) }

func regexpInstr(f *frame, r *regexp.Regexp) {
	if m := r.FindIndex(f.text(0)); m != nil {
		f.putInt(int64(utf8.RuneCount(f.text(0)[:m[0]])) + 1)
		return
	}
	f.putInt(0)
}

func regexpSubstr(f *frame, r *regexp.Regexp) {
	if m := r.FindIndex(f.text(0)); m != nil {
		f.putText(f.text(0)[m[0]:m[1]])
		return
	}
	f.putNull()
}
