package column

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// EncodeError is what AppendBatch and AppendRow panic with when a value's own MarshalBinary or MarshalText fails, since an encoding
// that leaves out values cannot be gone on with. A task that runs user code recovers it and fails with it.
type EncodeError struct {
	Type  string // the Go type whose method failed
	Cause error
}

// Error implements error.
func (e *EncodeError) Error() string {
	return fmt.Sprintf("encoding a %s: %v; make its marshaler accept every value, or register a codec for the type", e.Type, e.Cause)
}

// Unwrap returns the cause.
func (e *EncodeError) Unwrap() error { return e.Cause }

var registered sync.Map // reflect.Type -> custom

// RegisterCodec makes enc and dec the encoding of T wherever it occurs, also where T is an interface. enc appends the bytes of v
// to dst, and must give equal bytes to equal values, and to no others, if T is used in keys; dec is its inverse, must return an
// error on bytes that enc did not write, and must not keep src. Call it from an init function, before a codec of a type that holds
// a T is asked for; a second registration replaces the first for codecs asked for later.
func RegisterCodec[T any](enc func(dst []byte, v T) []byte, dec func(src []byte) (T, error)) {
	t := reflect.TypeFor[T]()
	registered.Store(t, &custom{
		name: t.String(),
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			return enc(dst, *(*T)(p)), nil
		},
		parse: func(src []byte, p unsafe.Pointer) error {
			v, err := dec(src)
			if err == nil {
				*(*T)(p) = v
			}
			return err
		},
	})
	forgetPlans()
}

// custom is the coder of types that write themselves to bytes: their lengths, then their bytes.
type custom struct {
	name   string
	append func(dst []byte, p unsafe.Pointer) ([]byte, error)
	parse  func(src []byte, p unsafe.Pointer) error
	flat   bool // no pointers: nothing to detach
}

var (
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	textMarshaler     = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// marshaler is the coder of a type by its own methods, or nil if it has none. Methods that may be those of an embedded field do not
// count: they would leave out the other fields.
func marshaler(t reflect.Type) (coder, Kind) {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if f := t.Field(i); f.Anonymous && (marshals(f.Type) || marshals(reflect.PointerTo(f.Type))) {
				return nil, ""
			}
		}
	}
	self := reflect.PointerTo(t)
	c := &custom{name: t.String(), flat: !hasPointers(t)}
	at := func(p unsafe.Pointer) any { return reflect.NewAt(t, p).Interface() }
	switch {
	case self.Implements(binaryMarshaler) && self.Implements(binaryUnmarshaler):
		c.append = func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			v := at(p)
			if a, ok := v.(encoding.BinaryAppender); ok {
				return a.AppendBinary(dst)
			}
			b, err := v.(encoding.BinaryMarshaler).MarshalBinary()
			return append(dst, b...), err
		}
		c.parse = func(src []byte, p unsafe.Pointer) error {
			reflect.NewAt(t, p).Elem().SetZero()
			return at(p).(encoding.BinaryUnmarshaler).UnmarshalBinary(src)
		}
		return c, KindBinary
	case self.Implements(textMarshaler) && self.Implements(textUnmarshaler):
		c.append = func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			v := at(p)
			if a, ok := v.(encoding.TextAppender); ok {
				return a.AppendText(dst)
			}
			b, err := v.(encoding.TextMarshaler).MarshalText()
			return append(dst, b...), err
		}
		c.parse = func(src []byte, p unsafe.Pointer) error {
			reflect.NewAt(t, p).Elem().SetZero()
			return at(p).(encoding.TextUnmarshaler).UnmarshalText(src)
		}
		return c, KindText
	}
	return nil, ""
}

func marshals(t reflect.Type) bool {
	return t.Implements(binaryMarshaler) || t.Implements(textMarshaler)
}

func (c *custom) width() int { return 1 }

func (c *custom) must(dst []byte, p unsafe.Pointer) []byte {
	dst, err := c.append(dst, p)
	if err != nil {
		panic(&EncodeError{Type: c.name, Cause: err})
	}
	return dst
}

func (c *custom) encode(e *encoder, v cells) {
	body, lens, at := e.body[:0], e.lengths(v.n), 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			from := len(body)
			body = c.must(body, unsafe.Add(r.at, v.off+i*v.stride))
			lens[at] = len(body) - from
			at++
		}
	}
	e.body = body
	e.appendLengths(lens)
	e.dst = append(e.dst, body...)
}

func (c *custom) decode(d *decoder, v cells) error {
	lens, err := d.readLengths(v.n)
	if err != nil {
		return err
	}
	total, err := d.total(lens, false, 1)
	if err != nil {
		return err
	}
	body, err := d.take(total)
	if err != nil {
		return err
	}
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			n := lens[0]
			lens = lens[1:]
			if err := c.parseOne(body[:n:n], unsafe.Add(r.at, v.off+i*v.stride)); err != nil {
				return err
			}
			body = body[n:]
		}
	}
	return nil
}

func (c *custom) parseOne(src []byte, p unsafe.Pointer) error {
	if err := c.parse(src, p); err != nil {
		return fmt.Errorf("%w: decoding a %s of %d bytes: %w", ErrCorrupt, c.name, len(src), err)
	}
	return nil
}

func (c *custom) appendRow(dst []byte, p unsafe.Pointer) []byte {
	from := len(dst)
	dst = c.must(append(dst, 0), p)
	n := len(dst) - from - 1
	if n < 0x80 {
		dst[from] = byte(n)
		return dst
	}
	var count [binary.MaxVarintLen64]byte
	k := binary.PutUvarint(count[:], uint64(n))
	dst = append(dst, count[1:k]...)
	copy(dst[from+k:], dst[from+1:from+1+n])
	copy(dst[from:], count[:k])
	return dst
}

func (c *custom) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	n, rest, err := readCount(src, 1)
	if err != nil {
		return nil, err
	}
	return rest[n:], c.parseOne(rest[:n:n], p)
}

func (c *custom) detach(p unsafe.Pointer) {
	if c.flat {
		return
	}
	if err := c.parse(c.must(nil, p), p); err != nil {
		panic(&EncodeError{Type: c.name, Cause: fmt.Errorf("reading back what it wrote: %w", err)})
	}
}

func (c *custom) extra(p unsafe.Pointer, stride uintptr, n int) int {
	if c.flat {
		return 0
	}
	return sampled(p, stride, n, func(p unsafe.Pointer) int {
		b, _ := c.append(nil, p) // what fails now fails when it is encoded
		return len(b)
	})
}
