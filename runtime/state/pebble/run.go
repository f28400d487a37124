package pebble

import (
	"fmt"
	"io"
	"path/filepath"
	"sort"
)

// run is a file of records in the order of their keys. Its index and its filter are in memory. It is never changed, and removed by the
// last that uses it (Store.mu guards refs).
type run struct {
	path    string
	file    File
	firsts  []uint64 // by page: the hash of its first record
	offsets []int64  // by page, and the end
	filter  filter   // nil for none
	records int
	// low is where the range of a segment of the base begins.
	low  uint64
	refs int
}

func (r *run) size() int64  { return r.offsets[len(r.offsets)-1] }
func (r *run) pages() int   { return len(r.firsts) }
func (r *run) bytes() int64 { return int64(len(r.firsts))*16 + r.filter.bytes() }

// page is the first page that may hold records of a hash.
func (r *run) page(hash uint64) int {
	return max(sort.Search(len(r.firsts), func(i int) bool { return r.firsts[i] >= hash })-1, 0)
}

// read reads pages from one on, up to another, into buf.
func (r *run) read(from, to int, buf []byte) ([]byte, error) {
	n := int(r.offsets[to] - r.offsets[from])
	if cap(buf) < n {
		buf = make([]byte, max(n, regular.page))
	}
	buf = buf[:n]
	if _, err := r.file.ReadAt(buf, r.offsets[from]); err != nil {
		return buf, fmt.Errorf("%s: %w", r.path, err)
	}
	return buf, nil
}

// open reads what a buffer of pages, which begins with page from, has of a page.
func (r *run) open(buf []byte, from, i int) (page, error) {
	p, err := openPage(buf[r.offsets[i]-r.offsets[from] : r.offsets[i+1]-r.offsets[from]])
	if err != nil {
		err = fmt.Errorf("%s at %d: %w", r.path, r.offsets[i], err)
	}
	return p, err
}

// reader looks keys up in runs, one page after the other.
type reader struct {
	buf []byte
	e   entry
}

// get looks the pending ones of keys up and returns those that the run says nothing about. found is not called for removals.
func (g *reader) get(r *run, keys [][]byte, pending []int32, found func(i int, record []byte) error) (rest []int32, err error) {
	at, p := -1, page{}
	rest = pending[:0]
	for _, i := range pending {
		hash, tail := split(keys[i])
		if r.filter != nil && !r.filter.has(hash) {
			rest = append(rest, i)
			continue
		}
		hit := false
		for next := r.page(hash); !hit && next < r.pages() && r.firsts[next] <= hash; next++ {
			if next != at {
				if g.buf, err = r.read(next, next+1, g.buf); err != nil {
					return nil, err
				}
				if p, err = r.open(g.buf, next, next); err != nil {
					return nil, err
				}
				at = next
			}
			if hit, err = p.find(hash, tail, &g.e); err != nil {
				return nil, fmt.Errorf("%s: %w", r.path, err)
			}
		}
		switch {
		case !hit:
			rest = append(rest, i)
		case !g.e.removed:
			if err := found(int(i), g.e.value); err != nil {
				return nil, err
			}
		}
	}
	return rest, nil
}

// runWriter writes a run.
type runWriter struct {
	fs   FS
	file io.WriteCloser
	run  *run
	page pageBuilder
	buf  []byte
	end  int64
	last uint64 // the hash that was added last
}

const writeSize = 256 << 10

// newRun begins a run of up to records entries, with a filter if that is not 0.
func (s *Store) newRun(records int) (*runWriter, error) {
	path := filepath.Join(s.dir, fmt.Sprintf("%08d.run", s.files.Add(1)))
	f, err := s.fs.Create(path)
	if err != nil {
		return nil, err
	}
	w := &runWriter{fs: s.fs, file: f, run: &run{path: path}}
	w.page.most = s.sizes.page
	if records > 0 {
		w.run.filter = newFilter(records)
	}
	return w, nil
}

// add adds an entry, whose key is greater than that of the one before.
func (w *runWriter) add(e *entry) error {
	if !w.page.room(e) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if len(w.page.hashes) == 0 {
		w.run.firsts = append(w.run.firsts, e.hash)
		w.run.offsets = append(w.run.offsets, w.end)
	}
	w.page.add(e)
	w.last = e.hash
	w.run.records++
	if w.run.filter != nil {
		w.run.filter.add(e.hash)
	}
	return nil
}

// flush ends a page.
func (w *runWriter) flush() error {
	from := len(w.buf)
	w.buf = w.page.finish(w.buf)
	w.end += int64(len(w.buf) - from)
	if len(w.buf) < writeSize {
		return nil
	}
	_, err := w.file.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// finish opens the run for reading. It must not be empty.
func (w *runWriter) finish() (*run, error) {
	err := w.flush()
	if err == nil {
		_, err = w.file.Write(w.buf)
	}
	if err != nil {
		w.abandon()
		return nil, err
	}
	if err := w.file.Close(); err != nil {
		w.fs.Remove(w.run.path) //nolint:errcheck // of what could not be written
		return nil, err
	}
	w.run.offsets = append(w.run.offsets, w.end)
	w.run.file, err = w.fs.Open(w.run.path)
	return w.run, err
}

// abandon removes what was written.
func (w *runWriter) abandon() {
	w.file.Close()          //nolint:errcheck // nobody reads it
	w.fs.Remove(w.run.path) //nolint:errcheck // the directory is temporary
}
