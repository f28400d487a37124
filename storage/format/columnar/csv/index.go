package csv

import (
	"math/bits"

	"github.com/leatproject/leat/storage/format/columnar"
)

const (
	// indexed is how much text is indexed at once, so that it is still in the innermost cache when its fields are read.
	indexed = 8 << 10
	// mostIndexed is how much is where no record ends in less.
	mostIndexed = 256 << 10
	// piece is how many blocks are classified before their marks are looked at.
	piece = 8
)

// index is where fields end in a text that begins with a record, up to its end or the first quote within a field.
type index struct {
	text  []byte
	begin int64   // offset of the text in the input
	size  int     // of the text, where the view is that long; 0: indexed
	ends  []int32 // of the fields, behind a -1: delimiters and line feeds
	lines []int32 // of the records, the index of their last end
	next  int     // the first of the lines that was not read yet
	quote int     // which some fields are in; -1: none are
}

// cut is some records of an index that have the same number of fields. The k-th begins behind ends[at+k*width-1].
type cut struct {
	text  []byte
	ends  []int32
	at    int
	width int // fields of a record
	count int // records
	quote int // which some fields are in; -1: none are
}

// field is where a field of the k-th record is in the text, with its quotes.
func (c *cut) field(k, place int) (start, end int) {
	i := c.at + k*c.width + place
	return int(c.ends[i-1]) + 1, int(c.ends[i])
}

// value is field without its quotes.
func (c *cut) value(k, place int) (start, end int) {
	if start, end = c.field(k, place); int(c.text[start]) == c.quote {
		return start + 1, end - 1
	}
	return start, end
}

// set makes x the index of the beginning of b.
func (x *index) set(b []byte, begin int64, delimiter, quote byte, quoting bool) {
	if x.size == 0 {
		x.size = indexed
	}
	x.text, x.begin, x.next, x.quote = b[:min(len(b), x.size)], begin, 0, -1
	if need := len(x.text) + 2*block; cap(x.ends) < need {
		x.ends, x.lines = make([]int32, need), make([]int32, 0, need/8)
	}
	x.ends[:1][0] = -1
	x.lines = x.lines[:0]
	var m [piece]marks
	n, plain, q := 1, true, quotes{ended: 1}
	for from := 0; from < len(x.text) && plain; from += piece * block {
		part := x.text[from:min(len(x.text), from+piece*block)]
		whole := len(part) / block
		mark(part[:whole*block], delimiter, quote, m[:])
		if rest := len(part) % block; rest > 0 {
			var last [block]byte
			copy(last[:], part[whole*block:])
			mark(last[:], delimiter, quote, m[whole:])
			m[whole].within(1<<rest - 1)
			whole++
		}
		for i := range m[:whole] {
			if quoting && m[i].quote|q.within|q.closed != 0 {
				plain = q.cut(&m[i], x.text, from+i*block)
				x.quote = int(quote)
			} else {
				q.ended = m[i].end >> 63
			}
			if n = x.add(&m[i], int32(from+i*block), n); !plain {
				break
			}
		}
	}
	x.ends = x.ends[:n]
	if len(x.lines) == 0 && plain && len(x.text) == x.size {
		x.size = min(2*x.size, mostIndexed)
	}
}

// within leaves out the ends elsewhere.
func (m *marks) within(mask uint64) { m.end, m.line = m.end&mask, m.line&mask }

// add puts the marks of a block behind n ends and returns how many there are then.
func (x *index) add(m *marks, from int32, n int) int {
	for line := m.line; line != 0; line &= line - 1 {
		x.lines = append(x.lines, int32(n+bits.OnesCount64(m.end&(line&-line-1))))
	}
	count := bits.OnesCount64(m.end)
	to := x.ends[n:cap(x.ends)]
	for i, end := 0, m.end; i < count; i += 4 {
		four := to[i : i+4 : i+4]
		for k := range four {
			four[k] = from + int32(bits.TrailingZeros64(end))
			end &= end - 1
		}
	}
	return n + count
}

// records cuts those at the beginning of the view, which begins at an offset, that have as many fields as there are columns: at most limit,
// and only those that begin before stop.
func (x *index) records(s *scanner, columns, limit int, stop int64) (c cut) {
	if !x.at(s) {
		x.set(s.Buf, s.Off, s.delimiter, s.quote, s.quoting)
	}
	if x.next == len(x.lines) {
		return c
	}
	c = cut{text: x.text, ends: x.ends, at: 1, quote: x.quote}
	if x.next > 0 {
		c.at = int(x.lines[x.next-1]) + 1
	}
	for before := c.at - 1; x.next+c.count < len(x.lines) && c.count < limit; c.count++ {
		last := int(x.lines[x.next+c.count])
		width := last - before
		if c.count == 0 {
			if c.width = width; width != columns && (width != columns+1 || !x.empty(last)) {
				return cut{}
			}
		}
		start := int(x.ends[before]) + 1
		if width != c.width || width > columns && !x.empty(last) || x.begin+int64(start) >= stop ||
			s.comments && x.text[start] == '#' || columns <= 1 && x.empty(last) {
			break
		}
		before = last
	}
	return c
}

// empty says whether the field with an end has no text.
func (x *index) empty(end int) bool {
	start, stop := x.ends[end-1]+1, x.ends[end]
	return start == stop || start+1 == stop && x.text[start] == '\r'
}

// at says whether the records of the index that were not read yet are those in view, and goes to them.
func (x *index) at(s *scanner) bool {
	n := s.Off - x.begin
	if n < 0 || n >= int64(len(x.text)) || len(s.Buf) == 0 || &s.Buf[0] != &x.text[n] {
		return false
	}
	for ; x.next < len(x.lines); x.next++ {
		start := int64(0)
		if x.next > 0 {
			start = int64(x.ends[x.lines[x.next-1]]) + 1
		}
		if start >= n {
			return start == n
		}
	}
	return false
}

// take leaves the first n records of a cut.
func (x *index) take(w *columnar.Window, c *cut, n int) {
	if n > 0 {
		_, end := c.field(n-1, c.width-1)
		w.Take(end + 1 - int(w.Off-x.begin))
		x.next += n
	}
}
