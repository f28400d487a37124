package jsontext

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep values may be nested, as in encoding/json.
const MaxDepth = 10000

// What may be wrong with a text.
var (
	ErrEnd     = errors.New("the line ends within a value")
	ErrValue   = errors.New("not the beginning of a value")
	ErrComma   = errors.New("a comma or the closing bracket is missing")
	errColon   = errors.New("a colon is missing after a name")
	errName    = errors.New("a name in quotes is missing")
	errControl = errors.New("a control character within a string")
	errEscape  = errors.New("not an escape sequence")
	errDigits  = errors.New("not a number")
	ErrDepth   = errors.New("values are nested too deeply")
	ErrAfter   = errors.New("more after the end of the value")
)

// Space returns the index of the first byte from i on that is not white space.
func Space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

const (
	each = 0x0101010101010101
	tops = 0x8080808080808080
)

// Plain returns the index of the first byte from i on that ends a run of plain ASCII within a string: a quote, a backslash, a
// control character, a byte above ASCII, or len(b). It looks at eight bytes at once (Mycroft's zero-byte test).
func Plain(b []byte, i int) int {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^(each*'"'), x^(each*'\\')
		found := ((quote - each) &^ quote) | ((slash - each) &^ slash) | ((x - each*' ') &^ x) | x
		if found &= tops; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// Text returns the content of the string whose opening quote is before b[i], and the index after its closing quote. The
// content is a view of b unless it holds escapes or invalid UTF-8, which becomes U+FFFD.
func Text(b []byte, i int) (content []byte, next int, err error) {
	start, above := i, false
	for {
		i = Plain(b, i)
		switch {
		case i >= len(b):
			return nil, i, ErrEnd
		case b[i] == '"':
			if above && !utf8.Valid(b[start:i]) {
				return unescape(b, start)
			}
			return b[start:i], i + 1, nil
		case b[i] == '\\':
			return unescape(b, start)
		case b[i] < ' ':
			return nil, i, errControl
		}
		above = true
		for i < len(b) && b[i] >= utf8.RuneSelf {
			i++
		}
	}
}

// unescape is Text for strings that have to be copied.
func unescape(b []byte, i int) (content []byte, next int, err error) {
	content = make([]byte, 0, 64)
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return content, i + 1, nil
		case c < ' ':
			return nil, i, errControl
		case c == '\\':
			if content, i, err = escape(content, b, i); err != nil {
				return nil, i, err
			}
		case c < utf8.RuneSelf:
			content = append(content, c)
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			content = utf8.AppendRune(content, r)
			i += size
		}
	}
	return nil, i, ErrEnd
}

// escape appends what the escape sequence at b[i] stands for.
func escape(dst, b []byte, i int) (_ []byte, next int, err error) {
	if i+1 >= len(b) {
		return dst, len(b), ErrEnd
	}
	switch c := b[i+1]; c {
	case '"', '\\', '/':
		return append(dst, c), i + 2, nil
	case 'b':
		return append(dst, '\b'), i + 2, nil
	case 'f':
		return append(dst, '\f'), i + 2, nil
	case 'n':
		return append(dst, '\n'), i + 2, nil
	case 'r':
		return append(dst, '\r'), i + 2, nil
	case 't':
		return append(dst, '\t'), i + 2, nil
	case 'u':
		r, ok := hex4(b, i)
		if !ok {
			return dst, i, errEscape
		}
		if utf16.IsSurrogate(r) {
			second, _ := hex4(b, i+6)
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return utf8.AppendRune(dst, pair), i + 12, nil
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(dst, r), i + 6, nil
	}
	return dst, i, errEscape
}

// hex4 reads \uXXXX at b[i].
func hex4(b []byte, i int) (r rune, ok bool) {
	if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
		return 0, false
	}
	for _, c := range b[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Number returns the end of the number at b[i] and whether it is an integer.
func Number(b []byte, i int) (end int, integer bool, err error) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return i, false, errDigits
	case b[i] == '0':
		i++
	default:
		first := i
		if i = digits(b, i); i == first {
			return i, false, errDigits
		}
	}
	integer = true
	if i < len(b) && b[i] == '.' {
		integer = false
		first := i + 1
		if i = digits(b, first); i == first {
			return i, false, errDigits
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		integer = false
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first := i
		if i = digits(b, first); i == first {
			return i, false, errDigits
		}
	}
	return i, integer, nil
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// Literal returns the index after word, if it is at b[i].
func Literal(b []byte, i int, word string) (next int, ok bool) {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word), true
	}
	return i, false
}

// Following goes on behind an element, to the next one or, when it was the last, behind the closing bracket.
func Following(b []byte, i int, closing byte) (next int, done bool, err error) {
	i = Space(b, i)
	switch {
	case i >= len(b):
		return i, false, ErrEnd
	case b[i] == closing:
		return i + 1, true, nil
	case b[i] != ',':
		return i, false, ErrComma
	}
	return Space(b, i+1), false, nil
}

// Name reads the name at b[i] and goes to its value.
func Name(b []byte, i int) (name []byte, value int, err error) {
	if i >= len(b) {
		return nil, i, ErrEnd
	}
	if b[i] != '"' {
		return nil, i, errName
	}
	if name, i, err = Text(b, i+1); err != nil {
		return nil, i, err
	}
	if i = Space(b, i); i >= len(b) || b[i] != ':' {
		return nil, i, errColon
	}
	return name, Space(b, i+1), nil
}
