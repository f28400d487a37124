package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pierrec/lz4/v4"
	"github.com/zeebo/xxh3"
)

// Pages are bytes by number that are read in any order, in memory as long as there is some and then on disk: for rows of which those
// before and behind a place are looked at again. The first ones can be dropped. It belongs to the goroutine that owns its Memory.
type Pages struct {
	mem    *Memory
	dir    *Dir
	first  int // number of pages[0]
	pages  []page
	held   int64
	last   *pageFile // what is written goes there; nil: to a new one
	files  map[*pageFile]bool
	buf    []byte
	raw    []byte
	lz4    lz4.Compressor
	closed bool
}

// page is in memory, or in a file: the xxh3 of its bytes and then these, as an LZ4 block if they are not as long as size.
type page struct {
	data   []byte
	size   int
	file   *pageFile
	offset int64
	stored int
}

// pageFile is a file that is written and read.
type pageFile struct {
	file *file
	out  io.WriteCloser
	in   File // nil before it is read
	live int  // pages that were not dropped
}

const (
	// pageFileBytes is how long a file becomes: it is removed when all its pages were dropped.
	pageFileBytes = 64 << 20
	pageSumBytes  = 8
)

// NewPages returns no pages.
func NewPages(mem *Memory, dir *Dir) *Pages {
	p := &Pages{mem: mem, dir: dir, files: make(map[*pageFile]bool)}
	mem.Register(p)
	return p
}

// Append adds a page, which it takes over; its number is that of the page before and 1, of the first one 0.
func (p *Pages) Append(data []byte) error {
	n := int64(len(data))
	fits, err := p.mem.fit(n)
	if err != nil {
		return err
	}
	p.pages = append(p.pages, page{data: data, size: len(data)})
	if fits {
		p.held += n
		return nil
	}
	if err := p.write(&p.pages[len(p.pages)-1]); err != nil {
		p.pages = p.pages[:len(p.pages)-1]
		return err
	}
	return nil
}

// write moves a page to disk.
func (p *Pages) write(g *page) error {
	if p.last == nil {
		f := p.dir.newFile()
		out, err := p.dir.fs.Create(f.path)
		if err != nil {
			return f.fail(0, err)
		}
		p.dir.files.Add(1)
		p.last = &pageFile{file: f, out: out}
		p.files[p.last] = true
	}
	to := p.last
	p.buf = append(p.buf[:0], make([]byte, pageSumBytes)...)
	if !p.dir.compress || !p.compress(g.data) {
		p.buf = append(p.buf, g.data...)
	}
	binary.LittleEndian.PutUint64(p.buf, xxh3.Hash(p.buf[pageSumBytes:]))
	n, err := to.out.Write(p.buf)
	offset := to.file.size
	to.file.size += int64(n)
	to.file.place.live.Add(int64(n))
	p.dir.bytes.Add(int64(n))
	if err != nil {
		return to.file.fail(to.file.size, err)
	}
	g.data, g.file, g.offset, g.stored = nil, to, offset, n
	to.live++
	if to.file.size < pageFileBytes {
		return nil
	}
	p.last = nil
	out := to.out
	to.out = nil
	if err := out.Close(); err != nil {
		return to.file.fail(to.file.size, err)
	}
	return nil
}

// compress appends the LZ4 block of data to p.buf, unless that would not save anything.
func (p *Pages) compress(data []byte) bool {
	at := len(p.buf)
	p.buf = slices.Grow(p.buf, lz4.CompressBlockBound(len(data)))
	n, err := p.lz4.CompressBlock(data, p.buf[at:cap(p.buf)])
	if err != nil || n == 0 || n >= len(data) {
		return false
	}
	p.buf = p.buf[:at+n]
	return true
}

// Len is the number of the page that is added next.
func (p *Pages) Len() int { return p.first + len(p.pages) }

// Read returns a page that was not dropped. Its bytes are valid until the next call of a method.
func (p *Pages) Read(number int) ([]byte, error) {
	if number < p.first || number >= p.Len() {
		return nil, fmt.Errorf("page %d of those from %d to %d", number, p.first, p.Len())
	}
	g := &p.pages[number-p.first]
	if g.file == nil {
		return g.data, nil
	}
	f := g.file
	if f.in == nil {
		in, err := p.dir.fs.Open(f.file.path)
		if err != nil {
			return nil, f.file.fail(0, err)
		}
		f.in = in
	}
	p.buf = slices.Grow(p.buf[:0], g.stored)[:g.stored]
	if n, err := f.in.ReadAt(p.buf, g.offset); n < g.stored {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, f.file.corrupt(g.offset+int64(n), "file ends here instead of at %d", f.file.size)
		}
		return nil, f.file.fail(g.offset+int64(n), err)
	}
	body := p.buf[pageSumBytes:]
	if want, got := binary.LittleEndian.Uint64(p.buf), xxh3.Hash(body); want != got {
		return nil, f.file.corrupt(g.offset, "checksum is %016x instead of %016x", got, want)
	}
	if len(body) == g.size {
		return body, nil
	}
	p.raw = slices.Grow(p.raw[:0], g.size)[:g.size]
	if n, err := lz4.UncompressBlock(body, p.raw); err != nil || n != g.size {
		return nil, f.file.corrupt(g.offset, "lz4 block of %d bytes decompresses to %d instead of %d: %v", len(body), n, g.size, err)
	}
	return p.raw, nil
}

// Drop gives up the pages before a number.
func (p *Pages) Drop(number int) (err error) {
	for p.first < number && len(p.pages) > 0 {
		g := p.pages[0]
		p.pages[0] = page{}
		p.pages = p.pages[1:]
		p.first++
		if g.file == nil {
			p.held -= int64(g.size)
			p.mem.Release(int64(g.size))
			continue
		}
		if g.file.live--; g.file.live == 0 && g.file != p.last {
			err = errors.Join(err, p.remove(g.file))
		}
	}
	return err
}

func (p *Pages) remove(f *pageFile) (err error) {
	delete(p.files, f)
	if f.out != nil {
		err = f.out.Close()
	}
	if f.in != nil {
		err = errors.Join(err, f.in.Close())
	}
	return errors.Join(err, f.file.remove())
}

// Spillable implements Consumer.
func (p *Pages) Spillable() int64 { return p.held }

// Spill implements Consumer: it writes all pages in memory to disk.
func (p *Pages) Spill() (freed int64, err error) {
	for i := range p.pages {
		g := &p.pages[i]
		if g.file != nil {
			continue
		}
		if err := p.write(g); err != nil {
			return freed, err
		}
		freed += int64(g.size)
		p.held -= int64(g.size)
		p.mem.Release(int64(g.size))
	}
	return freed, nil
}

// Close gives up all pages, memory and files. It may be called at any time and more than once.
func (p *Pages) Close() (err error) {
	if p.closed {
		return nil
	}
	p.closed = true
	p.mem.Unregister(p)
	p.mem.Release(p.held)
	p.held, p.pages = 0, nil
	for f := range p.files {
		err = errors.Join(err, p.remove(f))
	}
	if err != nil {
		return fmt.Errorf("close pages: %w", err)
	}
	return nil
}
