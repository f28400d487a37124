package kernel

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

var searchKernels = map[string]entry{
	"POSITION":    byRow(func(f *frame) error { f.putInt(position(f.text(1), f.text(0), f.start(2), 1)); return nil }),
	"LOCATE":      byRow(func(f *frame) error { f.putInt(position(f.text(1), f.text(0), max(f.start(2), 1), 1)); return nil }),
	"INSTR":       byRow(instr),
	"STARTSWITH":  byRow(func(f *frame) error { f.putBool(bytes.HasPrefix(f.text(0), f.text(1))); return nil }),
	"ENDSWITH":    byRow(func(f *frame) error { f.putBool(bytes.HasSuffix(f.text(0), f.text(1))); return nil }),
	"SPLIT_INDEX": {of: splitIndex},
	"SPLIT_PART":  byRow(splitPart),
}

// start is a position that may be left out.
func (f *frame) start(k int) int64 {
	if f.has(k) {
		return f.int(k)
	}
	return 1
}

// position is where a text begins in another for the n-th time, searched from a position: in characters, from 1; 0 if nowhere. A
// negative position searches backwards from the end.
func position(s, what []byte, from, nth int64) int64 {
	if from == 0 || nth < 1 {
		return 0
	}
	if from < 0 {
		end := int64(utf8.RuneCount(s)) + from
		return positionBackwards(s, what, end, nth)
	}
	skip := prefix(s, int(from-1))
	if int64(utf8.RuneCount(s[:skip])) < from-1 {
		return 0
	}
	for ; ; nth-- {
		i := bytes.Index(s[skip:], what)
		if i < 0 {
			return 0
		}
		skip += i
		if nth == 1 {
			return int64(utf8.RuneCount(s[:skip])) + 1
		}
		skip++
	}
}

func positionBackwards(s, what []byte, from, nth int64) int64 {
	for ; from >= 0; from-- {
		if bytes.HasPrefix(s[prefix(s, int(from)):], what) {
			if nth--; nth == 0 {
				return from + 1
			}
		}
	}
	return 0
}

func instr(f *frame) error {
	f.putInt(position(f.text(0), f.text(1), f.start(2), f.start(3)))
	return nil
}

// splitIndex takes a delimiter as text or as the code of a character.
func splitIndex(s *site) (kernel, error) {
	code := s.args[1].IsInteger()
	return rows(func(f *frame) error {
		at, by := f.int(2), ""
		if code {
			if n := f.int(1); n < 0 || n > 255 {
				f.putNull()
				return nil
			}
			by = string(rune(f.int(1)))
		} else {
			by = f.str(1)
		}
		parts := []string{f.str(0)}
		if by != "" {
			parts = strings.Split(parts[0], by)
		}
		if at < 0 || at >= int64(len(parts)) || parts[0] == "" && len(parts) == 1 {
			f.putNull()
			return nil
		}
		f.putString(parts[at])
		return nil
	}), nil
}

func splitPart(f *frame) error {
	parts, at := strings.Split(f.str(0), f.str(1)), f.int(2)
	if at < 0 {
		at += int64(len(parts)) + 1
	}
	if at < 1 || at > int64(len(parts)) {
		f.putText(nil)
		return nil
	}
	f.putString(parts[at-1])
	return nil
}
