package vector

import (
	"math"

	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// hashBlock is how many rows are hashed at once.
const hashBlock = 256

// Hash writes the hashes of keys: of out[i] the key is that of row selection[i] of the columns, or of row i if selection is nil; rows
// is how many there are. Keys that are equal have equal hashes, in every process: NULL equals NULL, -0.0 equals 0.0, all NaN are
// equal, and integers and decimals of one scale are equal whatever their width. All 64 bits are good. Without columns all are 0.
//
// Each value becomes 64 bits (of texts by XXH3), which SplitMix64 spreads.
func Hash(columns []*Vector, rows int, selection []int32, out []uint64) {
	out = out[:rows]
	if len(columns) == 0 {
		clear(out)
		return
	}
	var words [hashBlock]uint64
	for at := 0; at < rows; at += hashBlock {
		n := min(hashBlock, rows-at)
		block := out[at : at+n]
		var selected []int32
		if selection != nil {
			selected = selection[at : at+n]
		}
		for k, v := range columns {
			v.hashWords(words[:n], at, selected)
			if k == 0 {
				for i, w := range words[:n] {
					block[i] = mix(w)
				}
				continue
			}
			for i, w := range words[:n] {
				block[i] = mix(block[i]*0x9e3779b97f4a7c15 + w)
			}
		}
	}
}

// mix is the step of SplitMix64, a bijection that spreads each bit over all.
func mix(k uint64) uint64 {
	k += 0x9e3779b97f4a7c15
	k = (k ^ k>>30) * 0xbf58476d1ce4e5b9
	k = (k ^ k>>27) * 0x94d049bb133111eb
	return k ^ k>>31
}

// nullWord stands for NULL.
const nullWord = 0x6e756c6c6e756c6c

// hashWords makes 64 bits of each value: of those that are selected, or of the rows from at on.
func (v *Vector) hashWords(words []uint64, at int, selected []int32) {
	if v.Constant {
		var one [1]uint64
		if v.IsNull(0) {
			one[0] = nullWord
		} else {
			v.values(one[:], 0, nil)
		}
		for i := range words {
			words[i] = one[0]
		}
		return
	}
	v.values(words, at, selected)
	switch {
	case v.Valid == nil:
	case selected == nil:
		for i := range words {
			if !v.Valid.Has(at + i) {
				words[i] = nullWord
			}
		}
	default:
		for i, row := range selected {
			if !v.Valid.Has(int(row)) {
				words[i] = nullWord
			}
		}
	}
}

// values is hashWords of rows that are not NULL; the others may have any bits.
func (v *Vector) values(words []uint64, at int, selected []int32) {
	if Variable(v.Type) {
		v.texts(words, at, selected)
		return
	}
	if v.Type.IsNested() {
		v.nestedWords(words, at, selected)
		return
	}
	switch Width(v.Type) {
	case 1:
		load(words, Values[int8](v), at, selected)
	case 2:
		load(words, Values[int16](v), at, selected)
	case 4:
		load(words, Values[int32](v), at, selected)
		if v.Type.Kind == datatype.KindFloat {
			for i, w := range words {
				words[i] = canonical(float64(math.Float32frombits(uint32(w))))
			}
		}
	case 8:
		load(words, Values[int64](v), at, selected)
		if v.Type.Kind == datatype.KindDouble {
			for i, w := range words {
				words[i] = canonical(math.Float64frombits(w))
			}
		}
		if HasNanos(v.Type) {
			v.nanoWords(words, at, selected)
		}
	case 16:
		wide := Values[decimal.Int128](v)
		for i := range words {
			n := wide[place(at, i, selected)]
			words[i] = n.Lo
			if n.Hi != int64(n.Lo)>>63 {
				words[i] = mix(n.Lo) + uint64(n.Hi)
			}
		}
	}
}

// load widens integers, with their sign, to words.
func load[T int8 | int16 | int32 | int64](words []uint64, values []T, at int, selected []int32) {
	if selected == nil {
		for i, n := range values[at : at+len(words)] {
			words[i] = uint64(int64(n))
		}
		return
	}
	for i, row := range selected {
		words[i] = uint64(int64(values[row]))
	}
}

// place is the row that word i is of.
func place(at, i int, selected []int32) int {
	if selected == nil {
		return at + i
	}
	return int(selected[i])
}

// nanoWords mixes in what is finer than milliseconds.
func (v *Vector) nanoWords(words []uint64, at int, selected []int32) {
	if len(v.Nanos) == 0 {
		return
	}
	for i := range words {
		if n := v.Nanos[place(at, i, selected)]; n != 0 {
			words[i] = mix(words[i]) + uint64(n)
		}
	}
}

func (v *Vector) texts(words []uint64, at int, selected []int32) {
	for i := range words {
		row := place(at, i, selected)
		words[i] = xxh3.Hash(v.data[v.offsets[row]:v.offsets[row+1]])
	}
}

// canonical are the bits of a float: of all NaN those of one, of -0.0 those of 0.0.
func canonical(f float64) uint64 {
	switch {
	case f != f:
		return math.Float64bits(math.NaN())
	case f == 0:
		return 0
	}
	return math.Float64bits(f)
}

// KeyWords writes 64 bits for each row of a fixed width of up to 8 bytes, as Hash counts rows. Two rows that are not NULL are equal if
// their words are; PutKeyWord turns them back. Timestamps with nanoseconds have none.
func (v *Vector) KeyWords(words []uint64, selection []int32) {
	if v.Constant {
		v.values(words[:min(1, len(words))], 0, nil)
		for i := range words {
			words[i] = words[0]
		}
		return
	}
	v.values(words, 0, selection)
}

// PutKeyWord sets a row to the value that KeyWords has made a word of.
func (v *Vector) PutKeyWord(row int, word uint64) {
	switch Width(v.Type) {
	case 1:
		Values[int8](v)[row] = int8(word)
	case 2:
		Values[int16](v)[row] = int16(word)
	case 4:
		if v.Type.Kind == datatype.KindFloat {
			Values[float32](v)[row] = float32(math.Float64frombits(word))
			return
		}
		Values[int32](v)[row] = int32(word)
	case 8:
		Values[int64](v)[row] = int64(word)
	}
}

// Canonical makes dst a copy of the rows of v that Hash would count, so that equal values have equal memory, or of nested
// types equal bytes by AppendValue: what is NULL is zero or empty, of -0.0 and NaN there is one each.
func (v *Vector) Canonical(dst *Vector, rows int, selection []int32) {
	dst.Reset(v.Type, 0)
	if selection != nil {
		dst.Append(v, selection)
	} else {
		dst.AppendRange(v, 0, rows)
	}
	dst.canonicalFloats()
	if dst.Valid == nil || v.Type.IsNested() {
		return
	}
	if Variable(v.Type) {
		dst.emptyNulls()
		return
	}
	w, raw := Width(v.Type), dst.raw()
	for i := range rows {
		if !dst.Valid.Has(i) {
			clear(raw[i*w : i*w+w])
			if len(dst.Nanos) > 0 {
				dst.Nanos[i] = 0
			}
		}
	}
}

// canonicalFloats makes one NaN of all and 0.0 of -0.0, also inside.
func (v *Vector) canonicalFloats() {
	switch v.Type.Kind {
	case datatype.KindFloat:
		for i, f := range Values[float32](v) {
			Values[float32](v)[i] = float32(math.Float64frombits(canonical(float64(f))))
		}
	case datatype.KindDouble:
		for i, f := range Values[float64](v) {
			Values[float64](v)[i] = math.Float64frombits(canonical(f))
		}
	}
	for _, c := range v.children() {
		c.canonicalFloats()
	}
}

// emptyNulls takes away the bytes of what is NULL.
func (v *Vector) emptyNulls() {
	end, from := int32(0), v.offsets[0]
	for i := range v.length {
		to := v.offsets[i+1]
		if v.Valid.Has(i) {
			end += int32(copy(v.data[end:], v.data[from:to]))
		}
		v.offsets[i+1], from = end, to
	}
	v.data = v.data[:end]
}
