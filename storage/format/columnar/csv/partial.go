package csv

import (
	"bytes"
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
)

// lookahead is how many bytes are looked at to find out whether a range begins within quotes.
const lookahead = 64 << 10

// skipPartial leaves the record in which the input begins, if it may begin within one. Whether that is in a quoted field, whose lines are no
// records, nobody can know who has not read all before it: it is so where records cut otherwise do not have as many fields as the columns.
func (r *reader) skipPartial() error {
	if !r.In.Partial || !r.quoting {
		return r.SkipPartial()
	}
	for len(r.Buf) < lookahead {
		if err := r.More(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	b := r.Buf[:min(len(r.Buf), lookahead)]
	if bytes.IndexByte(b, r.quote) < 0 {
		return r.SkipPartial()
	}
	for _, end := range []int{r.afterRecord(b), r.afterQuoted(b, 0), r.afterQuoted(b, 1)} {
		if end > 0 && r.plausible(b[end:]) {
			r.In.Partial = false
			r.Take(end)
			return nil
		}
	}
	return r.SkipPartial()
}

// afterRecord is where the record ends that is outside of quotes at the beginning of b; 0 if that is not in b.
func (r *reader) afterRecord(b []byte) int {
	n, _, err := r.cut(b)
	if err != nil {
		return 0
	}
	return n
}

// plausible says whether records begin at the beginning of b, whose last one may be cut off.
func (r *reader) plausible(b []byte) bool {
	for whole := len(b); len(b) > 0; {
		line := columnar.TrimLineEnd(b[:max(1, bytes.IndexByte(b, '\n')+1)])
		if len(line) == 0 || r.isComment(line) {
			b = b[len(line)+1:]
			continue
		}
		n, _, err := r.cut(b)
		switch {
		case err == errOpenQuote:
			return len(b) < whole/2
		case err != nil:
			return false
		case n == len(b):
			return true
		}
		if have := len(r.fields); have != len(r.targets) && (have != len(r.targets)+1 || len(r.fields[have-1].text) > 0) {
			return false
		}
		b = b[n:]
	}
	return true
}

// afterQuoted is where the record ends that is within quotes at b[i]; 0 if that is not in b.
func (r *reader) afterQuoted(b []byte, i int) int {
	_, end, err := r.unquote(b, i)
	if err != nil {
		return 0
	}
	if end < len(b) && b[end] == r.delimiter {
		if n := r.afterRecord(b[end+1:]); n > 0 {
			return end + 1 + n
		}
		return 0
	}
	if end < len(b) && b[end] == '\r' {
		end++
	}
	if end < len(b) && b[end] == '\n' {
		return end + 1
	}
	return 0
}
