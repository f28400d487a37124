package pebble

import (
	"bytes"
	"fmt"
	"sort"
)

// cursor goes through a run, or runs of ascending ranges, in the order of the keys.
type cursor struct {
	entry
	runs   []*run
	r      *run // the current one, runs[number]
	number int
	ahead  int // pages that are read at a time
	from   int // the first page in buf
	to     int // the page after the last one
	buf    []byte
	at     int // the current page
	page   page
	i      int // the next record in it
	end    bool
}

// maxAhead is how many pages are read at a time in the end.
const maxAhead = 64

// seek goes to the first entry whose key is not less than one.
func (c *cursor) seek(hash uint64, rest []byte) error {
	number := max(sort.Search(len(c.runs), func(i int) bool { return c.runs[i].low > hash })-1, 0)
	changed := c.enter(number)
	if at := c.r.page(hash); changed || c.at != at {
		c.ahead = 1
		if err := c.load(at); err != nil {
			return err
		}
	}
	c.i, c.end = c.page.from(hash), false
	for {
		if err := c.next(); err != nil || c.end || c.hash > hash || c.hash == hash && bytes.Compare(c.entry.rest, rest) >= 0 {
			return err
		}
	}
}

// enter makes a run the current one. It tells whether it was not.
func (c *cursor) enter(number int) bool {
	if c.r == c.runs[number] {
		return false
	}
	c.number, c.r, c.from, c.to, c.page = number, c.runs[number], 0, 0, page{}
	return true
}

// load makes a page the current one.
func (c *cursor) load(at int) (err error) {
	if at < c.from || at >= c.to {
		c.from, c.to = at, min(at+c.ahead, c.r.pages())
		c.ahead = min(2*c.ahead, maxAhead)
		if c.buf, err = c.r.read(c.from, c.to, c.buf); err != nil {
			c.to = c.from
			return err
		}
	}
	c.at = at
	c.page, err = c.r.open(c.buf, c.from, at)
	return err
}

// next goes to the next entry. It is a view of the cursor's memory.
func (c *cursor) next() error {
	for c.i == c.page.n {
		at := c.at + 1
		if at == c.r.pages() {
			if c.number+1 == len(c.runs) {
				c.end = true
				return nil
			}
			c.enter(c.number + 1)
			at = 0
		}
		if err := c.load(at); err != nil {
			return err
		}
		c.i = 0
	}
	err := c.page.entry(c.i, &c.entry)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.r.path, err)
	}
	c.i++
	return err
}

// merger goes through many runs in the order of their keys: of entries of the same key the first cursor's counts.
type merger struct {
	cursors []*cursor
	current *entry // nil at the end
}

// newMerger merges young runs, the newest first, with segments of the base.
func newMerger(young, base []*run) *merger {
	m := &merger{}
	for i := range young {
		m.cursors = append(m.cursors, &cursor{runs: young[i : i+1]})
	}
	if len(base) > 0 {
		m.cursors = append(m.cursors, &cursor{runs: base})
	}
	return m
}

// seek goes to the first entry whose key is not less than one.
func (m *merger) seek(hash uint64, rest []byte) error {
	for _, c := range m.cursors {
		if err := c.seek(hash, rest); err != nil {
			return err
		}
	}
	m.choose()
	return nil
}

// choose finds the least entry. There are few cursors.
func (m *merger) choose() {
	m.current = nil
	for _, c := range m.cursors {
		if !c.end && (m.current == nil || c.before(m.current)) {
			m.current = &c.entry
		}
	}
}

// next goes to the entry of the next key.
func (m *merger) next() error {
	last := m.current
	var chosen *cursor
	for _, c := range m.cursors {
		switch {
		case &c.entry == last:
			chosen = c
		case !c.end && c.same(last):
			if err := c.next(); err != nil {
				return err
			}
		}
	}
	if err := chosen.next(); err != nil {
		return err
	}
	m.choose()
	return nil
}
