package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

const (
	pageRows  = 20_000 // the most rows of a page
	pageBytes = 1 << 20
	// dictionaryBytes is the size at which a dictionary is given up.
	dictionaryBytes = 1 << 20
	// boundBytes is the longest text that statistics have.
	boundBytes = 64
)

// columnWriter makes the pages of a column of a row group.
type columnWriter struct {
	element schemaElement
	want    datatype.Type
	codec   Codec
	path    []string
	steps   []step // from the column at the top to this leaf; nil: it is the column
	levels  levels // of nested columns

	pages        []byte // finished
	uncompressed int64
	values       []byte // of the page, PLAIN
	indices      []uint32
	valid        []byte // a bit for each row of the page
	rows, nulls  int    // of the page, in a nested column entries
	allRows      int64  // of the row group, in a nested column entries
	allNulls     int64
	page, group  extent
	pageRow, row int64 // the first of the page, the next
	index        pageIndex

	entries    map[string]uint32
	dictionary []byte  // PLAIN
	starts     []int32 // of the entries in it
	plainOnly  bool
	scratch    []byte
	packed     []byte
}

func newColumnWriter(e schemaElement, t datatype.Type, path []string, steps []step, codec Codec) *columnWriter {
	c := &columnWriter{element: e, want: t, path: path, codec: codec}
	if len(steps) > 1 {
		c.steps, c.levels = steps, levelsOf(steps)
	}
	c.reset()
	return c
}

func (c *columnWriter) reset() {
	c.pages, c.uncompressed, c.allRows, c.allNulls = c.pages[:0], 0, 0, 0
	c.page.reset()
	c.group.reset()
	c.pageRow, c.row, c.index = 0, 0, pageIndex{}
	c.dictionary, c.starts, c.plainOnly = c.dictionary[:0], c.starts[:0], c.element.physical != physicalBytes
	c.entries = map[string]uint32{}
}

func (c *columnWriter) size() int64 {
	return int64(len(c.pages) + len(c.values) + 2*len(c.indices) + len(c.dictionary))
}

// add takes n rows of a vector: those that are named, or those from lo on.
func (c *columnWriter) add(v *vector.Vector, rows []int32, lo, n int) error {
	for i := range n {
		row := lo + i
		if rows != nil {
			row = int(rows[i])
		}
		if err := c.addRow(v, row); err != nil {
			return err
		}
		if c.row++; c.rows >= pageRows || len(c.values) >= pageBytes {
			if err := c.endPage(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *columnWriter) addRow(v *vector.Vector, row int) error {
	if c.steps != nil {
		return c.shred(v, row, 0, 0, 0)
	}
	if c.rows%8 == 0 {
		c.valid = append(c.valid, 0)
	}
	if v.IsNull(row) {
		if c.want.NotNull {
			return errNull
		}
		c.nulls++
		c.rows++
		return nil
	}
	c.valid[c.rows/8] |= 1 << (c.rows % 8)
	err := c.addValue(v, row)
	c.rows++
	return err
}

func (c *columnWriter) addValue(v *vector.Vector, row int) (err error) {
	if c.element.physical == physicalBytes {
		b := v.Bytes(row)
		if len(b) > math.MaxInt32 {
			return errors.New("a text is longer than 2 GiB")
		}
		c.bound(b)
		if !c.plainOnly {
			c.addEntry(b)
			return nil
		}
		c.values = append(binary.LittleEndian.AppendUint32(c.values, uint32(len(b))), b...)
		return nil
	}
	if c.element.physical == physicalBoolean {
		c.addBool(vector.Values[bool](v)[v.At(row)])
		return nil
	}
	at := len(c.values)
	c.values, err = appendValue(c.values, &c.element, v, row)
	if err == nil {
		c.bound(c.values[at:])
	}
	return err
}

// addBool packs booleans, eight in a byte.
func (c *columnWriter) addBool(v bool) {
	n := c.rows - c.nulls
	if n%8 == 0 {
		c.values = append(c.values, 0)
	}
	b := byte(0)
	if v {
		b = 1
	}
	c.values[n/8] |= b << (n % 8)
	c.bound([]byte{b})
}

func (c *columnWriter) addEntry(b []byte) {
	place, known := c.entries[string(b)]
	if !known {
		place = uint32(len(c.entries))
		c.entries[string(b)] = place
		c.starts = append(c.starts, int32(len(c.dictionary)))
		c.dictionary = append(binary.LittleEndian.AppendUint32(c.dictionary, uint32(len(b))), b...)
	}
	c.indices = append(c.indices, place)
}

// judgeDictionary gives up the dictionary of the first page where more than half of the values are entries: reading it costs more than it saves.
func (c *columnWriter) judgeDictionary() {
	if 2*len(c.entries) <= len(c.indices) {
		return
	}
	starts := append(c.starts, int32(len(c.dictionary)))
	for _, i := range c.indices {
		c.values = append(c.values, c.dictionary[starts[i]:starts[i+1]]...)
	}
	clear(c.entries)
	c.dictionary, c.starts, c.indices, c.plainOnly = c.dictionary[:0], c.starts[:0], c.indices[:0], true
}

// endPage finishes the page.
func (c *columnWriter) endPage() error {
	if c.rows == 0 {
		return nil
	}
	if len(c.pages) == 0 && !c.plainOnly {
		c.judgeDictionary()
	}
	h := pageHeader{kind: pageData, values: c.rows, encoding: plain}
	body := c.scratch[:0]
	switch {
	case c.steps != nil:
		body = c.levels.append(body)
	case !c.want.NotNull:
		body = c.appendLevels(body)
	}
	if c.plainOnly || len(c.entries) == 0 { // all are NULL
		body = append(body, c.values...)
	} else {
		h.encoding = rleDictionary
		body = appendIndices(body, c.indices, bits.Len(uint(max(len(c.entries)-1, 1))))
	}
	c.scratch = body
	var err error
	at := len(c.pages)
	c.pages, err = c.appendPage(c.pages, h, body)
	c.index.add(pageLocation{int64(at), int64(len(c.pages) - at), c.pageRow}, c.page.least, c.page.most, c.page.bounded && !c.page.unbounded,
		int64(c.nulls), c.nulls == c.rows)
	if c.page.bounded && !c.page.unbounded {
		c.widen(&c.group, c.page.least)
		c.widen(&c.group, c.page.most)
	}
	c.group.unbounded = c.group.unbounded || c.page.unbounded
	c.page.reset()
	c.pageRow = c.row
	c.allRows, c.allNulls = c.allRows+int64(c.rows), c.allNulls+int64(c.nulls)
	c.levels.reset()
	c.values, c.indices, c.valid, c.rows, c.nulls = c.values[:0], c.indices[:0], c.valid[:0], 0, 0
	if len(c.dictionary) > dictionaryBytes {
		c.plainOnly = true
	}
	return err
}

// appendLevels writes the definition levels, which are bits, with their length before them.
func (c *columnWriter) appendLevels(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch c.nulls {
	case 0:
		dst = append(binary.AppendUvarint(dst, uint64(c.rows)<<1), 1)
	case c.rows:
		dst = append(binary.AppendUvarint(dst, uint64(c.rows)<<1), 0)
	default:
		dst = append(binary.AppendUvarint(dst, uint64(len(c.valid))<<1|1), c.valid...)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendIndices writes dictionary indices: their width, and one packed run.
func appendIndices(dst []byte, indices []uint32, width int) []byte {
	groups := (len(indices) + 7) / 8
	dst = binary.AppendUvarint(append(dst, byte(width)), uint64(groups)<<1|1)
	var word uint64
	filled := 0
	for i := range groups * 8 {
		if i < len(indices) {
			word |= uint64(indices[i]) << filled
		}
		for filled += width; filled >= 8; filled -= 8 {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	return dst
}

// appendPage writes a page with its header.
func (c *columnWriter) appendPage(dst []byte, h pageHeader, body []byte) ([]byte, error) {
	packed, err := c.codec.compress(c.packed, body)
	if err != nil {
		return dst, err
	}
	if c.codec != Uncompressed {
		c.packed = packed
	}
	h.uncompressed, h.compressed, h.checksum = len(body), len(packed), crc32.ChecksumIEEE(packed)
	before := len(dst)
	dst = h.encode(dst)
	c.uncompressed += int64(len(dst) - before + len(body))
	return append(dst, packed...), nil
}

// end finishes the last page; what it returns lacks the offsets.
func (c *columnWriter) end() (chunk columnChunk, dictionary []byte, err error) {
	if err := c.endPage(); err != nil {
		return chunk, nil, err
	}
	chunk = columnChunk{physical: c.element.physical, codec: int(c.codec), path: c.path, values: c.allRows, encodings: []int{plain, runLength}}
	if len(c.entries) > 0 {
		h := pageHeader{kind: pageDictionary, values: len(c.entries), encoding: plain}
		if dictionary, err = c.appendPage(nil, h, c.dictionary); err != nil {
			return chunk, nil, err
		}
		chunk.encodings = append(chunk.encodings, rleDictionary)
	}
	chunk.uncompressed = c.uncompressed
	chunk.stats.nulls = c.allNulls
	if c.group.bounded && !c.group.unbounded {
		chunk.stats.min, chunk.stats.max = bytes.Clone(c.group.least), bytes.Clone(c.group.most)
	}
	if !c.index.unbounded {
		c.index.columns.setOrder(c.compare)
	}
	chunk.index = c.index
	return chunk, dictionary, nil
}
