package column

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// The encodings hold 64-bit lengths and integers of type int; a platform with 32-bit words does not compile.
const _ uint = 1 << 63

// bigEndian says that integers must be swapped on their way to and from bytes, which are little endian.
const bigEndian = runtime.GOARCH == "s390x" || runtime.GOARCH == "ppc64" || runtime.GOARCH == "mips64"

// ErrCorrupt is wrapped by every error that DecodeBatch and DecodeRow return for bytes that the codec cannot have written.
var ErrCorrupt = errors.New("corrupt data")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// coder is the plan of one Go type. A composite type's coder holds those of its parts. Coders are immutable, hold no data and are
// shared by all goroutines.
type coder interface {
	// encode appends the columns of v to e.dst; decode is its inverse and writes every value of v.
	encode(e *encoder, v cells)
	decode(d *decoder, v cells) error
	// appendRow appends the canonical form of the value at p; readRow is its inverse and returns what follows in src.
	appendRow(dst []byte, p unsafe.Pointer) []byte
	readRow(src []byte, p unsafe.Pointer) ([]byte, error)
	// detach replaces whatever the value at p points to by copies of its own.
	detach(p unsafe.Pointer)
	// extra is the number of bytes that n values, of which the first is at p and which lie stride apart, hold outside their own
	// memory, roughly.
	extra(p unsafe.Pointer, stride uintptr, n int) int
	// width is the least number of bytes that a value has in either form. It bounds what a count in corrupt input can allocate.
	width() int
}

// run is n values that lie one stride apart in memory.
type run struct {
	at unsafe.Pointer
	n  int
}

// cells is n values of one type: off bytes into each element of each run. The rows of a batch are one run, the elements of all
// their slices are a run for each row.
type cells struct {
	runs        []run
	stride, off uintptr
	n           int
}

// scratch is the working memory of one call, kept from call to call.
type scratch struct {
	runs []run
	lens []int
}

// push reserves a list of runs above the ones in use; pop gives back all runs above mark and forgets their pointers.
func (s *scratch) push(r run) { s.runs = append(s.runs, r) }

func (s *scratch) pop(mark int) {
	clear(s.runs[mark:])
	s.runs = s.runs[:mark]
}

// lengths is an uncleared slice of n counts, valid until the next call.
func (s *scratch) lengths(n int) []int {
	if cap(s.lens) < n {
		s.lens = make([]int, max(n, 1024))
	}
	return s.lens[:n]
}

type encoder struct {
	scratch
	dst  []byte
	body []byte // values of codecs that write to bytes themselves, before their lengths are known
	heap int    // bytes of strings and byte slices, which the decoder allocates at once
}

type decoder struct {
	scratch
	src       []byte
	heap      []byte
	announced int  // bytes of strings that are still to come
	borrow    bool // strings are those of src
}

var (
	encoders = sync.Pool{New: func() any { return new(encoder) }}
	decoders = sync.Pool{New: func() any { return new(decoder) }}
)

// extend makes room for n more bytes at the end of dst and returns it with that room as a slice of its own, uncleared.
func extend(dst []byte, n int) (all, room []byte) {
	old := len(dst)
	if cap(dst)-old < n {
		dst = append(dst, make([]byte, n)...)
		return dst, dst[old:]
	}
	dst = dst[:old+n]
	return dst, dst[old:]
}

// take returns the next n bytes of the block.
func (d *decoder) take(n int) ([]byte, error) {
	if n < 0 || n > len(d.src) {
		return nil, corrupt("%d bytes wanted, %d left", n, len(d.src))
	}
	b := d.src[:n:n]
	d.src = d.src[n:]
	return b, nil
}

// own copies b, the bytes of a string column, to the memory that the rows of the block share, unless they borrow it.
func (d *decoder) own(b []byte) ([]byte, error) {
	if len(b) > d.announced {
		return nil, corrupt("%d bytes of strings, %d announced", len(b), d.announced)
	}
	d.announced -= len(b)
	if d.borrow {
		return b, nil
	}
	n := copy(d.heap, b)
	out := d.heap[:n:n]
	d.heap = d.heap[n:]
	return out, nil
}

// takeRow splits n bytes from the front of a row.
func takeRow(src []byte, n int) (head, rest []byte, err error) {
	if n > len(src) {
		return nil, nil, corrupt("%d bytes wanted, %d left in the row", n, len(src))
	}
	return src[:n], src[n:], nil
}

// samples is how many values are looked at where measuring one takes about as long as encoding it.
const samples = 16

// sampled measures some of n values and scales what it finds to all.
func sampled(p unsafe.Pointer, stride uintptr, n int, extra func(p unsafe.Pointer) int) (bytes int) {
	k := min(n, samples)
	for i := range k {
		bytes += extra(unsafe.Add(p, uintptr(i*n/k)*stride))
	}
	return bytes * n / max(k, 1)
}
