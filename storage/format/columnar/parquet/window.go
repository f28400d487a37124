package parquet

import "io"

// readAhead is how much of a chunk is read at once, in bytes.
const readAhead = 1 << 20

// view gives the next n bytes of the chunk.
func (c *chunk) view(n int64) ([]byte, error) {
	at := c.pos - c.windowAt
	if at >= 0 && at+n <= int64(len(c.window)) {
		return c.window[at : at+n], nil
	}
	if n > c.end-c.pos {
		return nil, corrupt("a page of %d bytes where %d are left", n, c.end-c.pos)
	}
	size := max(n, min(readAhead, c.ahead-c.pos))
	have := 0 // what is left of the window stays
	if at >= 0 && at < int64(len(c.window)) {
		have = copy(c.window, c.window[at:])
	}
	c.window = extended(c.window[:have], int(size))
	c.windowAt = c.pos
	if got, err := c.file.at.ReadAt(c.window[have:], c.pos+int64(have)); got < len(c.window)-have {
		c.window = c.window[:0]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, corrupt("the file ends within it")
		}
		return nil, err
	}
	return c.window[:n], nil
}

// extended is a slice with its values and room for n in all.
func extended(b []byte, n int) []byte {
	if cap(b) < n {
		return append(make([]byte, 0, n), b...)[:n]
	}
	return b[:n]
}

// header reads the header of the next page.
func (c *chunk) header() (h pageHeader, err error) {
	size := int64(512)
	if rest := c.ahead - c.pos; rest > 0 {
		size = min(size, rest)
	}
	for ; ; size *= 8 {
		b, err := c.view(min(size, c.end-c.pos))
		if err != nil {
			return h, err
		}
		r := thriftReader{b: b}
		h = r.pageHeader()
		if r.err == nil {
			c.pos += int64(len(b) - len(r.b))
			break
		}
		if int64(len(b)) == c.end-c.pos {
			return h, corrupt("the header of a page: %v", r.err)
		}
	}
	if h.compressed < 0 || h.uncompressed < 0 || h.uncompressed > maxPage || h.values < 0 || h.defBytes < 0 || h.repBytes < 0 {
		return h, corrupt("a page of %d bytes, %d compressed, with %d values", h.uncompressed, h.compressed, h.values)
	}
	return h, nil
}
