package column

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"sync"
	"unsafe"
)

// Codec turns values of T into bytes and back. It is immutable and may be used by all goroutines at once.
type Codec[T any] struct {
	*plan
	boxes sync.Pool // of *T: memory for the values that Clone works on
}

// CodecOf returns the codec of T. It is made by reflection the first time and then kept. The error names the field that cannot be
// encoded, why, and what to do.
func CodecOf[T any]() (*Codec[T], error) {
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return &Codec[T]{plan: p, boxes: sync.Pool{New: func() any { return new(T) }}}, nil
}

// A block is a header and then the columns in the order of the fields.
const (
	blockVersion = 1
	headerBytes  = 24 // version, 3 bytes of zero, rows uint32, bytes of strings uint64, fingerprint of the schema uint64
)

// AppendBatch appends rows to dst as one block of columns, which DecodeBatch reads without knowing anything else. It allocates
// nothing if dst has room and T no maps. A value whose own marshaler fails ends it with a panic of *EncodeError.
func (c *Codec[T]) AppendBatch(dst []byte, rows []T) []byte {
	if len(rows) > math.MaxUint32 {
		panic("column: more than 2^32-1 rows in a batch")
	}
	return c.appendBlock(dst, unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

// appendBlock appends n rows that lie at p as a block.
func (c *plan) appendBlock(dst []byte, p unsafe.Pointer, n int) []byte {
	e := encoders.Get().(*encoder)
	start := len(dst)
	var header []byte
	e.dst, header = extend(dst, headerBytes)
	binary.LittleEndian.PutUint32(header, blockVersion)
	binary.LittleEndian.PutUint32(header[4:], uint32(n))
	binary.LittleEndian.PutUint64(header[16:], c.fingerprint)
	e.heap = 0
	e.push(run{p, n})
	c.coder.encode(e, cells{runs: e.runs, stride: uintptr(c.size), n: n})
	e.pop(0)
	dst, e.dst = e.dst, nil
	binary.LittleEndian.PutUint64(dst[start+8:], uint64(e.heap))
	encoders.Put(e)
	return dst
}

// DecodeBatch appends the rows of one block to dst. All strings and byte slices of a block share one allocation, as do the elements
// of its slices; none is ever used again, so rows may be kept, but a row that is kept alone should be cloned. src is not kept. An
// error wraps ErrCorrupt, or says that the block was written for another schema; dst then comes back as it was.
func (c *Codec[T]) DecodeBatch(src []byte, dst []T) ([]T, error) {
	b, err := c.open(src)
	if err != nil {
		return dst, err
	}
	old := len(dst)
	dst = slices.Grow(dst, b.rows)[:old+b.rows]
	if c.skips {
		clear(dst[old:])
	}
	if err := c.read(b, unsafe.Pointer(unsafe.SliceData(dst[old:])), false); err != nil {
		return dst[:old], err
	}
	return dst, nil
}

// DecodeApart is DecodeBatch for rows of which each is kept by itself: as if it had been cloned.
func (c *Codec[T]) DecodeApart(src []byte, dst []T) ([]T, error) {
	if !c.pointers {
		return c.DecodeBatch(src, dst)
	}
	b, err := c.open(src)
	if err != nil {
		return dst, err
	}
	old := len(dst)
	dst = slices.Grow(dst, b.rows)[:old+b.rows]
	if c.skips {
		clear(dst[old:])
	}
	if err := c.read(b, unsafe.Pointer(unsafe.SliceData(dst[old:])), true); err != nil {
		clear(dst[old:])
		return dst[:old], err
	}
	for i := range dst[old:] {
		c.coder.detach(unsafe.Pointer(&dst[old+i]))
	}
	return dst, nil
}

// block is a block whose header has been read.
type block struct {
	rows int
	heap uint64 // bytes of strings
	body []byte
}

// open reads the header of a block.
func (c *plan) open(src []byte) (b block, err error) {
	if len(src) < headerBytes {
		return b, corrupt("a block of %d bytes", len(src))
	}
	if v := binary.LittleEndian.Uint32(src); v != blockVersion {
		return b, corrupt("block of version %d, this program reads version %d", v, blockVersion)
	}
	if f := binary.LittleEndian.Uint64(src[16:]); f != c.fingerprint {
		return b, corrupt("the block was written for another type than %s (schema %016x, not %016x)", c.schema.Type, f, c.fingerprint)
	}
	b = block{int(binary.LittleEndian.Uint32(src[4:])), binary.LittleEndian.Uint64(src[8:]), src[headerBytes:]}
	if b.heap > uint64(len(b.body)) {
		return b, corrupt("%d bytes of strings in a block of %d bytes", b.heap, len(b.body))
	}
	if w := c.coder.width(); w > 0 && b.rows > len(b.body)/w {
		return b, corrupt("%d rows in a block of %d bytes", b.rows, len(b.body))
	}
	return b, nil
}

// read decodes the rows of a block to memory at p. With borrow their strings and byte slices are those of the block.
func (c *plan) read(b block, p unsafe.Pointer, borrow bool) error {
	d := decoders.Get().(*decoder)
	d.src, d.borrow, d.announced = b.body, borrow, int(b.heap)
	if b.heap > 0 && !borrow {
		d.heap = make([]byte, b.heap)
	}
	d.push(run{p, b.rows})
	err := c.coder.decode(d, cells{runs: d.runs, stride: uintptr(c.size), n: b.rows})
	left := len(d.src) + d.announced
	d.pop(0)
	d.src, d.heap = nil, nil
	decoders.Put(d)
	if err == nil && left > 0 {
		err = corrupt("%d bytes too many in the block", left)
	}
	return err
}

// AppendRow appends the canonical form of a value to dst: equal values have equal bytes, different ones different bytes, and no
// form is the beginning of another. For that, every NaN is written as the same NaN, minus zero as zero, and maps in the order of
// their keys' bytes. Fields with the tag leat:"-" take no part. It allocates nothing if dst has room and T has no maps.
func (c *Codec[T]) AppendRow(dst []byte, v *T) []byte {
	return c.coder.appendRow(dst, unsafe.Pointer(v))
}

// DecodeRow reads one value from the front of src into v and returns what follows. v shares no memory with src. An error wraps
// ErrCorrupt and leaves v in part overwritten.
func (c *Codec[T]) DecodeRow(src []byte, v *T) (rest []byte, err error) {
	if c.skips {
		clear(unsafe.Slice(v, 1))
	}
	return c.coder.readRow(src, unsafe.Pointer(v))
}

// Clone returns a copy of v that shares no memory with it, strings included, so that keeping it keeps nothing else alive. Fields
// with the tag leat:"-" are copied as they are.
func (c *Codec[T]) Clone(v T) T {
	if !c.pointers {
		return v
	}
	box := c.boxes.Get().(*T)
	*box = v
	c.coder.detach(unsafe.Pointer(box))
	v = *box
	clear(unsafe.Slice(box, 1))
	c.boxes.Put(box)
	return v
}

// HasPointers says whether values of T refer to other memory.
func (c *Codec[T]) HasPointers() bool { return c.pointers }

// Size is roughly the number of bytes of memory that a value takes, with all that it refers to.
func (c *Codec[T]) Size(v *T) int {
	if !c.pointers {
		return c.size
	}
	return c.size + c.coder.extra(unsafe.Pointer(v), 0, 1)
}

// Schema describes the encoding. It is shared: do not change it.
func (c *Codec[T]) Schema() *Schema { return c.schema }
