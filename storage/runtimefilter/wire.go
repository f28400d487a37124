package runtimefilter

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// AppendBinary appends the filter as Decode reads it.
func (f *Filter) AppendBinary(b []byte) ([]byte, error) {
	if f.all {
		return append(b, 1), nil
	}
	b = append(b, 0)
	b = binary.AppendUvarint(b, uint64(len(f.words)))
	for _, w := range f.words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	b = binary.AppendUvarint(b, uint64(len(f.bounds)))
	for _, x := range f.bounds {
		if !x.known {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = binary.AppendVarint(b, x.least)
		b = binary.AppendVarint(b, x.most)
		b = binary.AppendUvarint(b, uint64(len(x.values)))
		for _, v := range x.values {
			b = binary.AppendVarint(b, v)
		}
	}
	return b, nil
}

var errDamaged = errors.New("runtime filter is damaged")

// Decode reads a filter of keys of so many columns.
func Decode(b []byte, columns int) (*Filter, error) {
	r := reader{b: b}
	if r.byte() == 1 {
		return &Filter{all: true}, r.end()
	}
	f := &Filter{}
	words := r.count(8)
	if words == 1 || words > 0 && bits.OnesCount(uint(words)) != 1 {
		return nil, errDamaged
	}
	for range words {
		f.words = append(f.words, binary.LittleEndian.Uint64(r.b))
		r.b = r.b[8:]
	}
	for range r.count(1) {
		x := bounds{known: r.byte() == 1}
		if x.known {
			x.least, x.most = r.varint(), r.varint()
			for range r.count(1) {
				x.values = append(x.values, r.varint())
			}
		}
		f.bounds = append(f.bounds, x)
	}
	if len(f.bounds) != columns && len(f.words) > 0 {
		return nil, errDamaged
	}
	return f, r.end()
}

// reader takes a filter apart.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

// count is a number of things of at least so many bytes each.
func (r *reader) count(bytes int) int {
	x, n := binary.Uvarint(r.b)
	if n <= 0 || x > uint64(len(r.b)-n)/uint64(bytes) {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return int(x)
}

func (r *reader) varint() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return errDamaged
	}
	return nil
}
