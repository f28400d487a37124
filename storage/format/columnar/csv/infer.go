package csv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
)

// sampled is the most records of which types are inferred.
const sampled = 20_000

// Infer finds out how a file is written and the types of its columns from its beginning; whole says that it is all of it.
func Infer(head []byte, whole bool) (Options, []columnar.Field, error) {
	best, options := [][]string(nil), Standard
	for _, delimiter := range []byte{',', '\t', '|', ';'} {
		o := Standard
		o.Delimiter = delimiter
		if records := sample(head, whole, o); better(records, best) {
			best, options = records, o
		}
	}
	if len(best) == 0 {
		return options, nil, fmt.Errorf("the file is empty, so that its columns cannot be known; declare them with CREATE TABLE")
	}
	width := len(best[0])
	if width > 1 && !slices.ContainsFunc(best, func(r []string) bool { return len(r) >= width && r[width-1] != "" }) {
		width-- // each line ends with a delimiter
		for i, r := range best {
			best[i] = r[:min(width, len(r))]
		}
	}
	guesses, rest := make([]columnar.Guess, width), make([]columnar.Guess, width)
	for n, record := range best {
		for i, text := range record[:min(width, len(record))] {
			if text == "" {
				continue
			}
			guesses[i].Add([]byte(text))
			if n > 0 {
				rest[i].Add([]byte(text))
			}
		}
	}
	options.Header = hasHeader(best, guesses, rest)
	options.Null = new(string)
	fields, names := make([]columnar.Field, width), map[string]bool{}
	for i := range fields {
		fields[i] = columnar.Field{Name: fmt.Sprintf("column%d", i), Type: guesses[i].Type()}
		if options.Header {
			fields[i] = columnar.Field{Name: strings.TrimSpace(best[0][i]), Type: rest[i].Type()}
		}
		if names[fields[i].Name] {
			return options, nil, fmt.Errorf("two columns have the name %q in the header; declare the columns with CREATE TABLE", fields[i].Name)
		}
		names[fields[i].Name] = true
	}
	return options, fields, nil
}

// sample cuts the beginning of a file into records; what may be cut off in the middle is not among them.
func sample(head []byte, whole bool, o Options) (records [][]string) {
	s := newScanner(format.Input{Bytes: strings.NewReader(string(head))}, &o)
	for len(records) < sampled {
		n, err := s.Line(0)
		if err != nil {
			break
		}
		if len(columnar.TrimLineEnd(s.Buf[:n])) == 0 {
			s.Take(n)
			continue
		}
		length, _, err := s.cutWhole(n)
		if err != nil {
			break
		}
		if !whole && s.Off+int64(length) >= int64(len(head)) && len(records) > 0 {
			break
		}
		record := make([]string, len(s.fields))
		for i, f := range s.fields {
			record[i] = string(f.text)
		}
		records = append(records, record)
		s.Take(length)
	}
	return records
}

// better says whether records are cut more plausibly: more of them have as many fields as the first, of which there are more.
func better(records, than [][]string) bool {
	score := func(records [][]string) (same float64, fields int) {
		if len(records) == 0 {
			return -1, 0
		}
		n := 0
		for _, r := range records {
			if len(r) == len(records[0]) {
				n++
			}
		}
		return float64(n) / float64(len(records)), len(records[0])
	}
	same, fields := score(records)
	sameThan, fieldsThan := score(than)
	switch {
	case fields < 2 || fieldsThan < 2:
		return fields > fieldsThan && (fieldsThan == 0 || same > 0.9)
	case same != sameThan:
		return same > sameThan
	}
	return fields > fieldsThan
}

// hasHeader says whether the first record has names: texts above values of other types or, where all is text, distinct texts that
// their columns do not have again.
func hasHeader(records [][]string, guesses, rest []columnar.Guess) bool {
	seen := map[string]bool{}
	for _, name := range records[0] {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			return false
		}
		seen[name] = true
		var g columnar.Guess
		if g.Add([]byte(name)); !g.IsText() {
			return false
		}
	}
	if len(records) == 1 {
		return true
	}
	for i := range guesses {
		if guesses[i].IsText() && !rest[i].IsText() {
			return true
		}
	}
	for _, r := range records[1:] {
		for i, text := range r[:min(len(r), len(records[0]))] {
			if text == records[0][i] {
				return false
			}
		}
	}
	return true
}
