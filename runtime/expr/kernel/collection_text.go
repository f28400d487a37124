package kernel

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var textListKernels = map[string]entry{
	"SPLIT":              byRow(split),
	"STR_TO_MAP":         {nulls: true, of: stringToMap},
	"REGEXP_EXTRACT_ALL": byRegexp((*frame).putNull, regexpExtractAll),
}

// addText puts a text behind the others of a child of the result.
func (f *frame) addText(child int, b []byte) {
	c := f.out.Children[child]
	c.Extend(1)
	c.PutBytes(c.Len()-1, b)
}

// addNull puts NULL behind the others of a child of the result.
func (f *frame) addNull(child int) {
	c := f.out.Children[child]
	c.Extend(1)
	c.SetNull(c.Len() - 1)
}

// split takes an empty delimiter to be between all characters.
func split(f *frame) error {
	for _, part := range bytes.Split(f.text(0), f.text(1)) {
		f.addText(0, part)
	}
	f.end()
	return nil
}

// stringToMap reads pairs k=v; the delimiters of pairs and of keys are regular expressions, as in Flink. A pair without a value has NULL.
func stringToMap(*site) (kernel, error) {
	var delimiters [2]memo[*regexp.Regexp]
	delimiter := func(f *frame, k int, otherwise string) (*regexp.Regexp, error) {
		text := []byte(otherwise)
		if f.has(k) {
			text = f.text(k)
		}
		r, err := delimiters[k-1].get(text, regexp.Compile)
		if err != nil {
			return nil, err
		}
		return *r, nil
	}
	key, value := vector.New(datatype.String, 1), vector.New(datatype.String, 1)
	return rows(func(f *frame) error {
		for k := range f.args {
			if f.null(k) {
				f.putNull()
				return nil
			}
		}
		pairs, err := delimiter(f, 1, ",")
		if err != nil {
			return err
		}
		parts := pairs.Split(f.str(0), -1)
		for len(parts) > 0 && parts[len(parts)-1] == "" {
			parts = parts[:len(parts)-1]
		}
		keys, err := delimiter(f, 2, "=")
		if err != nil {
			return err
		}
		from := f.out.Children[0].Len()
		for _, part := range parts {
			k, v, found := part, "", false
			if at := keys.FindStringIndex(part); at != nil {
				k, v, found = part[:at[0]], part[at[1]:], true
			}
			key.Reset(datatype.String, 1)
			key.PutBytes(0, []byte(k))
			value.Reset(datatype.String, 1)
			value.PutBytes(0, []byte(v))
			if !found {
				value.SetNull(0)
			}
			f.addEntry(from, key, 0, value, 0)
		}
		f.end()
		return nil
	}), nil
}

// regexpExtractAll is a group of every match, the first unless a number says which; NULL for a group that there is not.
func regexpExtractAll(f *frame, r *regexp.Regexp) {
	group := 1
	if f.has(2) {
		group = int(f.int(2))
	}
	if group < 0 || group > r.NumSubexp() {
		f.putNull()
		return
	}
	for _, m := range allMatches(r, f.text(0)) {
		if lo := m[2*group]; lo < 0 {
			f.addNull(0)
		} else {
			f.addText(0, f.text(0)[lo:m[2*group+1]])
		}
	}
	f.end()
}

// allMatches are those of Java, which also takes an empty match right behind another one.
func allMatches(r *regexp.Regexp, s []byte) [][]int {
	all := r.FindAllSubmatchIndex(s, -1)
	if strings.Contains(r.String(), "^") || strings.Contains(r.String(), `\`) {
		return all // what is before a match may count
	}
	var out [][]int
	for i, m := range all {
		out = append(out, m)
		end := m[1]
		if end == m[0] || i+1 < len(all) && all[i+1][0] == end {
			continue
		}
		if behind := r.FindSubmatchIndex(s[end:]); behind != nil && behind[0] == 0 && behind[1] == 0 {
			for k := range behind {
				if behind[k] >= 0 {
					behind[k] += end
				}
			}
			out = append(out, behind)
		}
	}
	return out
}
