package kernel

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// textOf is a function of one text that gives a text.
func textOf(fn func(dst, s []byte) []byte) entry {
	return byRow(func(f *frame) error {
		f.scratch = fn(f.scratch[:0], f.text(0))
		f.putText(f.scratch)
		return nil
	})
}

var textKernels = map[string]entry{
	"UPPER":        textOf(func(dst, s []byte) []byte { return mapCase(dst, s, 'a', unicode.ToUpper) }),
	"LOWER":        textOf(func(dst, s []byte) []byte { return mapCase(dst, s, 'A', unicode.ToLower) }),
	"INITCAP":      textOf(initCap),
	"REVERSE":      textOf(reverse),
	"CHAR_LENGTH":  byRow(func(f *frame) error { f.putInt(int64(utf8.RuneCount(f.text(0)))); return nil }),
	"OCTET_LENGTH": byRow(func(f *frame) error { f.putInt(int64(len(f.text(0)))); return nil }),
	"BIT_LENGTH":   byRow(func(f *frame) error { f.putInt(8 * int64(len(f.text(0)))); return nil }),
	"||":           byRow(concat),
	"CONCAT":       byRow(concat),
	"CONCAT_WS":    withNulls(concatWithSeparator),
	"SUBSTRING":    byRow(substring),
	"LEFT":         byRow(func(f *frame) error { f.putText(f.text(0)[:prefix(f.text(0), int(f.int(1)))]); return nil }),
	"RIGHT":        byRow(right),
	"TRIM":         {of: trim}, "LTRIM": {of: trim}, "RTRIM": {of: trim}, "BTRIM": {of: trim},
	"LPAD": byRow(func(f *frame) error { return pad(f, true) }), "RPAD": byRow(func(f *frame) error { return pad(f, false) }),
	"REPEAT":          byRow(repeat),
	"SPACE":           byRow(func(f *frame) error { return f.putRepeated([]byte(" "), f.int(0)) }),
	"REPLACE":         byRow(replace),
	"TRANSLATE":       withNulls(translate),
	"OVERLAY":         byRow(overlay),
	"ASCII":           byRow(ascii),
	"CHR":             byRow(chr),
	"TYPEOF":          {nulls: true, of: typeOf},
	"UUID":            byRow(uuid),
	"ELT":             {nulls: true, of: elt},
	"PRINTF":          {nulls: true, of: printf},
	"IS_ALPHA":        withNulls(everyRune(unicode.IsLetter)),
	"IS_DIGIT":        withNulls(everyRune(unicode.IsDigit)),
	"IS_DECIMAL":      {nulls: true, of: isDecimal},
	"IS_VALID_UTF8":   byRow(func(f *frame) error { f.putBool(utf8.Valid(f.text(0))); return nil }),
	"MAKE_VALID_UTF8": byRow(func(f *frame) error { f.putText(bytes.ToValidUTF8(f.text(0), []byte("\uFFFD"))); return nil }),
}

// mapCase changes letters; from is the first of the 26 that change among ASCII.
func mapCase(dst, s []byte, from byte, to func(rune) rune) []byte {
	for i, c := range s {
		if c >= utf8.RuneSelf {
			for _, r := range string(s[i:]) {
				if r == '\u00df' && from == 'a' {
					dst = append(dst, "SS"...)
					continue
				}
				dst = utf8.AppendRune(dst, to(r))
			}
			return dst
		}
		if c-from < 26 {
			c ^= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// initCap makes capitals of what begins a word: words are of letters and digits.
func initCap(dst, s []byte) []byte {
	begins := true
	for _, r := range string(s) {
		if begins {
			r = unicode.ToUpper(r)
		} else {
			r = unicode.ToLower(r)
		}
		begins = !unicode.IsLetter(r) && !unicode.IsDigit(r)
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func reverse(dst, s []byte) []byte {
	for len(s) > 0 {
		_, n := utf8.DecodeLastRune(s)
		dst = append(dst, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
	return dst
}

func concat(f *frame) error {
	f.scratch = f.scratch[:0]
	for k := range f.args {
		f.scratch = append(f.scratch, f.text(k)...)
	}
	f.putText(f.scratch)
	return nil
}

func concatWithSeparator(f *frame) error {
	if f.null(0) {
		f.putNull()
		return nil
	}
	f.scratch = f.scratch[:0]
	first := true
	for k := 1; k < len(f.args); k++ {
		if f.null(k) {
			continue
		}
		if !first {
			f.scratch = append(f.scratch, f.text(0)...)
		}
		first = false
		f.scratch = append(f.scratch, f.text(k)...)
	}
	f.putText(f.scratch)
	return nil
}

// substring counts characters from 1, or from the end where the position is negative.
func substring(f *frame) error {
	s := f.text(0)
	at, length := f.int(1), int64(datatype.MaxLength)
	if f.has(2) {
		length = f.int(2)
	}
	if length < 0 {
		f.putNull()
		return nil
	}
	switch {
	case at > 0:
		at--
	case at < 0:
		if at += int64(utf8.RuneCount(s)); at < 0 {
			f.putText(nil)
			return nil
		}
	}
	s = s[prefix(s, int(at)):]
	f.putText(s[:prefix(s, int(min(length, int64(len(s)))))])
	return nil
}

func right(f *frame) error {
	s := f.text(0)
	n := int64(utf8.RuneCount(s)) - max(f.int(1), 0)
	f.putText(s[prefix(s, int(max(n, 0))):])
	return nil
}

// trim is TRIM, LTRIM, RTRIM and BTRIM: a symbol says the ends, then come the characters and the text, or the text and the characters.
func trim(s *site) (kernel, error) {
	ends, text, cut := "BOTH", 0, 1
	if side, ok := s.constantText(0); ok && s.name == "TRIM" && (side == "BOTH" || side == "LEADING" || side == "TRAILING") && isSymbol(s, 0) {
		ends, text, cut = side, len(s.args)-1, len(s.args)-2
	}
	switch s.name {
	case "LTRIM":
		ends = "LEADING"
	case "RTRIM":
		ends = "TRAILING"
	}
	spaces := cut >= len(s.args) || cut == 0
	return rows(func(f *frame) error {
		b, characters := f.text(text), " "
		if !spaces {
			characters = f.str(cut)
		}
		if ends != "TRAILING" {
			b = bytes.TrimLeft(b, characters)
		}
		if ends != "LEADING" {
			b = bytes.TrimRight(b, characters)
		}
		f.putText(b)
		return nil
	}), nil
}

// isSymbol says whether an argument is a keyword: those are compiled to constants of type STRING NOT NULL, which no literal is.
func isSymbol(s *site, i int) bool { return s.args[i].Equal(datatype.String.Required()) }

func pad(f *frame, left bool) error {
	s, length, fill := f.text(0), int(f.int(1)), []byte(" ")
	if f.has(2) {
		fill = f.text(2)
	}
	n := utf8.RuneCount(s)
	switch {
	case length < 0 || len(fill) == 0 && n < length:
		f.putNull()
		return nil
	case length <= n:
		f.putText(s[:prefix(s, length)])
		return nil
	}
	var padding []byte
	need := length - n
	for per := utf8.RuneCount(fill); need > 0; need -= per {
		padding = append(padding, fill[:prefix(fill, min(need, per))]...)
	}
	if left {
		f.scratch = append(append(f.scratch[:0], padding...), s...)
	} else {
		f.scratch = append(append(f.scratch[:0], s...), padding...)
	}
	f.putText(f.scratch)
	return nil
}

func repeat(f *frame) error {
	return f.putRepeated(f.text(0), f.int(1))
}

func (f *frame) putRepeated(b []byte, times int64) error {
	if times = max(times, 0); times > 0 && int64(len(b)) > math.MaxInt32/times {
		return errLong
	}
	f.scratch = f.scratch[:0]
	for range times {
		f.scratch = append(f.scratch, b...)
	}
	f.putText(f.scratch)
	return nil
}

// replace puts the text before and behind every character where nothing is to be replaced, as Java's does.
func replace(f *frame) error {
	f.putText(bytes.ReplaceAll(f.text(0), f.text(1), f.text(2)))
	return nil
}

// translate replaces characters by those at the same place of another text, or drops them where that is shorter.
func translate(f *frame) error {
	if f.null(0) || f.null(2) || f.null(1) {
		if f.null(0) || !f.null(1) {
			f.putNull()
		} else {
			f.putText(f.text(0))
		}
		return nil
	}
	from, to := []rune(f.str(1)), []rune(f.str(2))
	f.scratch = f.scratch[:0]
	for _, r := range f.str(0) {
		at := -1
		for i, c := range from {
			if c == r {
				at = i
				break
			}
		}
		switch {
		case at < 0:
			f.scratch = utf8.AppendRune(f.scratch, r)
		case at < len(to):
			f.scratch = utf8.AppendRune(f.scratch, to[at])
		}
	}
	f.putText(f.scratch)
	return nil
}

func overlay(f *frame) error {
	s, with, start := f.text(0), f.text(1), int(f.int(2))
	length := utf8.RuneCount(with)
	if f.has(3) {
		length = int(f.int(3))
	}
	n := utf8.RuneCount(s)
	if start <= 0 || start > n {
		f.putText(s)
		return nil
	}
	f.scratch = append(append(f.scratch[:0], s[:prefix(s, start-1)]...), with...)
	if length > 0 && start-1+length < n { // a length of 0 takes all that is left, as in Flink
		f.scratch = append(f.scratch, s[prefix(s, start-1+length):]...)
	}
	f.putText(f.scratch)
	return nil
}

func ascii(f *frame) error {
	if s := f.text(0); len(s) > 0 {
		f.putInt(int64(int8(s[0])))
		return nil
	}
	f.putInt(0)
	return nil
}

func chr(f *frame) error {
	if f.int(0) < 0 {
		f.putText(nil)
		return nil
	}
	f.scratch = utf8.AppendRune(f.scratch[:0], rune(f.int(0)&0xFF))
	f.putText(f.scratch)
	return nil
}

// typeOf is the type of the first argument, whatever its value.
func typeOf(s *site) (kernel, error) {
	name := s.args[0].String()
	return rows(func(f *frame) error { f.putString(name); return nil }), nil
}

// uuid is random, version 4 of RFC 9562.
func uuid(f *frame) error {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	f.scratch = fmt.Appendf(f.scratch[:0], "%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	f.putText(f.scratch)
	return nil
}

// elt is one of the arguments, by index.
func elt(*site) (kernel, error) {
	return rows(func(f *frame) error {
		if f.null(0) {
			f.putNull()
			return nil
		}
		k := f.int(0)
		if k < 1 || k >= int64(len(f.args)) || f.null(int(k)) {
			f.putNull()
			return nil
		}
		f.putText(f.text(int(k)))
		return nil
	}), nil
}

// everyRune says whether a text that is not empty has only such characters.
func everyRune(is func(rune) bool) func(f *frame) error {
	return func(f *frame) error {
		ok := !f.null(0) && vector.Variable(f.args[0].Type) && len(f.text(0)) > 0
		if ok {
			for _, r := range f.str(0) {
				ok = ok && is(r)
			}
		}
		f.putBool(ok)
		return nil
	}
}

func isDecimal(s *site) (kernel, error) {
	numeric := s.args[0].IsNumeric()
	return rows(func(f *frame) error {
		ok := !f.null(0) && numeric
		if !f.null(0) && vector.Variable(f.args[0].Type) {
			_, ok, _ = decimal.Parse(f.str(0), 0)
		}
		f.putBool(ok)
		return nil
	}), nil
}
