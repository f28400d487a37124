package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// overStore keeps rows by number, which counts from 0, in pages of as many rows each: in memory as long as there is some. The first
// ones can be dropped.
type overStore struct {
	types []datatype.Type
	size  int   // rows of a page
	rows  int64 // number of the row that is added next
	pages *spill.Pages
	tail  *vector.Batch // rows that fill no page yet
}

func newOverStore(ctx *operator.Context, types []datatype.Type, size int) *overStore {
	return &overStore{types: types, size: size, pages: spill.NewPages(ctx.Memory, ctx.Spill), tail: vector.NewBatch(types)}
}

// add copies rows of a batch without a selection or constants.
func (s *overStore) add(b *vector.Batch) error {
	for lo := 0; lo < b.Length; {
		n := min(b.Length-lo, s.size-s.tail.Length)
		s.tail.Append(b, lo, lo+n)
		lo += n
		s.rows += int64(n)
		if s.tail.Length < s.size {
			return nil
		}
		full := s.tail
		wire, err := full.AppendWire(make([]byte, 0, full.Bytes()+64), 0, full.Length)
		if err != nil {
			return err
		}
		if err := s.pages.Append(wire); err != nil {
			return err
		}
		s.tail = vector.NewBatch(s.types) // cursors may have the old one
	}
	return nil
}

// page is the number of a row's page.
func (s *overStore) page(row int64) int { return int(row / int64(s.size)) }

// drop gives up rows before one, by whole pages.
func (s *overStore) drop(row int64) error { return s.pages.Drop(s.page(row)) }

func (s *overStore) close() error {
	if s == nil {
		return nil
	}
	return s.pages.Close()
}

// overCursor reads rows of a store: one page at a time.
type overCursor struct {
	store *overStore
	page  int
	rows  *vector.Batch // of page; nil: none is read
	own   *vector.Batch // what was read from a page
}

// seek reads the page that has a row, and returns the row's place in it.
func (c *overCursor) seek(row int64) (int, error) {
	page := c.store.page(row)
	at := int(row - int64(page)*int64(c.store.size))
	if c.rows != nil && page == c.page {
		return at, nil
	}
	c.page = page
	if page == c.store.pages.Len() {
		c.rows = c.store.tail
		return at, nil
	}
	wire, err := c.store.pages.Read(page)
	if err != nil {
		return 0, err
	}
	if c.own == nil {
		c.own = vector.NewBatch(c.store.types)
	}
	c.rows = c.own
	c.rows.Reset()
	if err := c.rows.DecodeWire(wire); err != nil {
		c.rows = nil
		return 0, fmt.Errorf("rows %d and following of a window: %w", row, err)
	}
	return at, nil
}
