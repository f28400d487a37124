package parquet

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// chunk reads the values of a column in a row group.
type chunk struct {
	file  *File
	leaf  *leaf
	group int
	meta  *columnChunk
	want  datatype.Type
	put   store // nil: texts are put one by one

	pos, end int64 // of the pages not read yet
	ahead    int64 // where the pages end that will be read one behind another, as far as that is known
	pages    []pageLocation
	window   []byte // bytes of the file
	windowAt int64

	pageAt  int64  // of the page being read
	page    []byte // memory of a page without compression
	left    int    // values of the page not read yet
	reps    []byte // of a nested column: the levels of those values
	defs    []byte
	unread  int64 // values of the pages behind it
	levels  hybrid
	values  values
	indices hybrid // of a page of indices
	indexed bool   // whether the page is one
	dict    dictionary

	dense  dense
	valid  vector.Bitmap // scratch: which rows are not NULL
	places []int32       // scratch: indices
}

func (f *File) chunk(c *chunk, group, column int, want datatype.Type, put store) {
	meta := &f.meta.rowGroups[group].columns[column]
	start, end := meta.span()
	old := *c
	*c = chunk{
		file: f, leaf: &f.leaves[column], group: group, meta: meta, want: want, put: put, pos: start, end: end, ahead: end, unread: meta.values,
		window: old.window[:0], page: old.page, reps: old.reps[:0], defs: old.defs[:0], dense: old.dense, valid: old.valid, places: old.places, dict: old.dict.emptied(),
		values: values{memory: old.values.memory, texts: old.values.texts, i32: old.values.i32},
	}
}

func (c *chunk) fail(err error) error {
	return &Error{Path: c.file.Path, Group: c.group, Column: c.leaf.name, Offset: c.pageAt, Err: err}
}

// read sets n rows of a vector from a row on.
func (c *chunk) read(v *vector.Vector, at, n int) error {
	for n > 0 {
		if c.left == 0 {
			if err := c.nextPage(); err != nil {
				return c.fail(err)
			}
			continue
		}
		k := min(n, c.left)
		if err := c.readRows(v, at, k); err != nil {
			return c.fail(err)
		}
		c.left -= k
		at, n = at+k, n-k
	}
	return nil
}

// readRows reads n rows of the page.
func (c *chunk) readRows(v *vector.Vector, at, n int) error {
	if c.leaf.levels == 0 {
		return c.readValues(v, at, n)
	}
	c.valid = sized(c.valid, vector.Words(n))
	filled := 0
	switch level, same, err := c.levels.same(n); {
	case err != nil:
		return err
	case same && level != 0:
		return c.readValues(v, at, n)
	case same:
		clear(c.valid)
	default:
		if filled, err = c.levels.readBits(c.valid, n); err != nil {
			return err
		}
		if filled == n {
			return c.readValues(v, at, n)
		}
	}
	if err := c.readValues(v, at, filled); err != nil {
		return err
	}
	v.PutValid(at, c.valid, n)
	if c.put != nil {
		spread(v, at, n, filled, c.valid)
	} else {
		spreadTexts(v, at, n, filled, c.valid)
	}
	return nil
}

// readValues sets n rows to values that are not NULL.
func (c *chunk) readValues(v *vector.Vector, at, n int) (err error) {
	if n == 0 {
		return nil
	}
	if c.indexed {
		c.places = sized(c.places, n)
		if err := c.indices.read(c.places); err != nil {
			return err
		}
		if c.put != nil {
			return c.dict.gather(v, at, c.places)
		}
	} else if c.put != nil {
		if err := c.values.read(&c.dense, n); err != nil {
			return err
		}
		return c.put(v, at, &c.dense, n)
	}
	offsets, data := v.Buffers(at)
	if c.indexed {
		data, err = c.dict.gatherTexts(offsets[1:n+1], data, c.places)
	} else {
		data, err = c.values.readTexts(offsets[1:n+1], data)
	}
	if err != nil {
		return err
	}
	v.SetBuffers(at+n, data)
	return nil
}

// nextPage begins with the next page that has values.
func (c *chunk) nextPage() error {
	c.pageAt = c.pos
	if c.pos >= c.end {
		return corrupt("the pages have fewer values than there are rows")
	}
	h, err := c.header()
	if err != nil {
		return err
	}
	body, err := c.view(int64(h.compressed))
	if err != nil {
		return err
	}
	c.pos += int64(h.compressed)
	if h.checked && crc32.ChecksumIEEE(body) != h.checksum {
		return corrupt("the checksum of a page is wrong")
	}
	switch h.kind {
	case pageDictionary:
		return c.readDictionary(h, body)
	case pageData:
		if body, err = Codec(c.meta.codec).decompress(c.page, body, h.uncompressed); err != nil {
			return err
		}
		c.keep(body)
		return c.beginPage(h, body)
	case pageDataV2:
		return c.beginPageV2(h, body)
	}
	return nil
}

// keep keeps the memory of a page that was decompressed.
func (c *chunk) keep(body []byte) {
	if Codec(c.meta.codec) != Uncompressed {
		c.page = body
	}
}

func (c *chunk) readDictionary(h pageHeader, body []byte) error {
	body, err := Codec(c.meta.codec).decompress(c.dict.page, body, h.uncompressed)
	if err != nil {
		return err
	}
	if Codec(c.meta.codec) == Uncompressed {
		body = append(c.dict.page[:0], body...)
	}
	c.dict.page = body
	if h.encoding != plain && h.encoding != plainDictionary {
		return corrupt("a dictionary of encoding %d", h.encoding)
	}
	if h.values > 8*len(body) {
		return corrupt("a dictionary of %d entries in %d bytes", h.values, len(body))
	}
	var entries values
	if err := entries.begin(&c.leaf.element, plain, body, h.values); err != nil {
		return err
	}
	if c.put == nil {
		return c.dict.ofTexts(&entries, h.values)
	}
	if err := entries.read(&c.dense, h.values); err != nil {
		return err
	}
	c.dict.known = true
	c.dict.values.Reset(c.want, h.values)
	return c.put(&c.dict.values, 0, &c.dense, h.values)
}

// beginPage begins a page of version 1: levels with their length before them, and values.
func (c *chunk) beginPage(h pageHeader, body []byte) error {
	var levels [2][]byte
	for i, highest := range []int{c.leaf.repeats, c.leaf.levels} {
		if highest == 0 {
			continue
		}
		if len(body) < 4 || int64(binary.LittleEndian.Uint32(body)) > int64(len(body)-4) {
			return corrupt("the levels of a page are cut off")
		}
		n := int(binary.LittleEndian.Uint32(body))
		levels[i], body = body[4:4+n], body[4+n:]
	}
	if err := c.beginLevels(h, levels[0], levels[1]); err != nil {
		return err
	}
	return c.beginValues(h, body)
}

// beginLevels begins the levels of a page; those of nested columns are read at once.
func (c *chunk) beginLevels(h pageHeader, reps, defs []byte) (err error) {
	c.levels = newHybrid(defs, bits.Len(uint(c.leaf.levels)))
	if !c.leaf.nested && !c.leaf.repeated {
		return nil
	}
	if int64(h.values) > c.unread || h.values > maxPageValues {
		return corrupt("a page of %d values where %d are left", h.values, c.unread)
	}
	if c.defs, err = c.readLevels(c.defs, defs, h.values, c.leaf.levels); err == nil {
		c.reps, err = c.readLevels(c.reps, reps, h.values, c.leaf.repeats)
	}
	return err
}

// readLevels reads n levels into the memory of dst.
func (c *chunk) readLevels(dst, b []byte, n, highest int) ([]byte, error) {
	dst = sized(dst, n)
	if highest == 0 {
		clear(dst)
		return dst, nil
	}
	c.places = sized(c.places, min(n, 8192))
	levels := newHybrid(b, bits.Len(uint(highest)))
	for at := 0; at < n; {
		part := c.places[:min(n-at, len(c.places))]
		if err := levels.read(part); err != nil {
			return dst, err
		}
		for i, level := range part {
			if int(level) > highest {
				return dst, corrupt("a level of %d where %d is the highest", level, highest)
			}
			dst[at+i] = byte(level)
		}
		at += len(part)
	}
	return dst, nil
}

// beginPageV2 begins a page of version 2, whose levels are not compressed.
func (c *chunk) beginPageV2(h pageHeader, body []byte) error {
	levels := h.repBytes + h.defBytes
	if levels > len(body) || levels > h.uncompressed {
		return corrupt("the levels of a page are cut off")
	}
	if err := c.beginLevels(h, body[:h.repBytes], body[h.repBytes:levels]); err != nil {
		return err
	}
	body = body[levels:]
	if !h.raw && len(body) > 0 {
		var err error
		if body, err = Codec(c.meta.codec).decompress(c.page, body, h.uncompressed-levels); err != nil {
			return err
		}
		c.keep(body)
	}
	return c.beginValues(h, body)
}

func (c *chunk) beginValues(h pageHeader, body []byte) error {
	if int64(h.values) > c.unread {
		return corrupt("a page of %d values where %d are left", h.values, c.unread)
	}
	c.unread -= int64(h.values)
	c.left = h.values
	c.indexed = h.encoding == rleDictionary || h.encoding == plainDictionary
	if !c.indexed {
		return c.values.begin(&c.leaf.element, h.encoding, body, h.values)
	}
	if len(body) == 0 { // all values are NULL
		body = []byte{0}
	}
	if body[0] > 32 {
		return corrupt("indices of %d bits", body[0])
	}
	c.indices = newHybrid(body[1:], int(body[0]))
	return nil
}
