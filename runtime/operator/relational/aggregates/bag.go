package aggregates

import (
	"encoding/binary"
	"errors"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// bag keeps some bytes of each row of a group, in their order. A partial result is all of a group, each with its length in 4 bytes before.
type bag struct {
	data  []byte
	ends  []int    // of each item in data; it begins where the one before ends
	next  []uint32 // of each item the one behind it in its group, counted from 1; 0 for none
	first []uint32 // of each group
	last  []uint32
}

var errBag = errors.New("a partial result of an aggregate is damaged")

func (a *bag) Grow(n int) { a.first, a.last = extend(a.first, n), extend(a.last, n) }

func (a *bag) Reset() {
	a.data, a.ends, a.next, a.first, a.last = a.data[:0], a.ends[:0], a.next[:0], a.first[:0], a.last[:0]
}

func (a *bag) Bytes() int64 {
	return int64(cap(a.data)) + int64(cap(a.ends))*8 + int64(cap(a.next)+cap(a.first)+cap(a.last))*4
}

func (a *bag) States() []datatype.Type { return []datatype.Type{datatype.Bytes} }

// add puts the bytes that were appended to data since the last add behind the others of a group.
func (a *bag) add(g uint32) {
	a.ends = append(a.ends, len(a.data))
	a.next = append(a.next, 0)
	item := uint32(len(a.ends))
	if a.last[g] == 0 {
		a.first[g] = item
	} else {
		a.next[a.last[g]-1] = item
	}
	a.last[g] = item
}

// items visits those of a group in order, until visit fails.
func (a *bag) items(g int, visit func(item []byte) error) error {
	for item := a.first[g]; item != 0; item = a.next[item-1] {
		from := 0
		if item > 1 {
			from = a.ends[item-2]
		}
		if err := visit(a.data[from:a.ends[item-1]]); err != nil {
			return err
		}
	}
	return nil
}

func (a *bag) Save(from, to int, out []*vector.Vector) error {
	out[0].Reset(datatype.Bytes, to-from)
	var all []byte
	for i := range to - from {
		if a.first[from+i] == 0 {
			out[0].SetNull(i)
			continue
		}
		all = all[:0]
		_ = a.items(from+i, func(item []byte) error {
			all = append(binary.LittleEndian.AppendUint32(all, uint32(len(item))), item...)
			return nil
		})
		out[0].PutBytes(i, all)
	}
	return finish(out[0])
}

func (a *bag) Merge(groups []uint32, states []*vector.Vector, rows []int32) (err error) {
	groups, states, rows = notNull(groups, states, rows)
	each(groups, rows, func(g uint32, row int) {
		for b := states[0].Bytes(row); len(b) > 0 && err == nil; {
			if len(b) < 4 || uint64(len(b)-4) < uint64(binary.LittleEndian.Uint32(b)) {
				err = errBag
				return
			}
			n := 4 + binary.LittleEndian.Uint32(b)
			a.data = append(a.data, b[4:n]...)
			a.add(g)
			b = b[n:]
		}
	})
	return err
}
