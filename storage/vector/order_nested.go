package vector

import "github.com/leatproject/leat/storage/datatype"

// nestedKeys are the keys of nested columns, which are made while they are measured.
type nestedKeys struct {
	data    []byte
	ends    []int
	next    int
	lengths []int
}

func (k *nestedKeys) reset() { k.data, k.ends, k.next = k.data[:0], k.ends[:0], 0 }

// take gives the next key.
func (k *nestedKeys) take() []byte {
	from := 0
	if k.next > 0 {
		from = k.ends[k.next-1]
	}
	k.next++
	return k.data[from:k.ends[k.next-1]]
}

// measure makes the keys of rows and says how long they are. Arrays are ordered by their first element that differs, then by length; rows by
// their first field that differs.
func (k *nestedKeys) measure(v *Vector, rows []int32, o Order) []int {
	inside, turn := childKeys(v, o), byte(0)
	if o.Descending {
		turn = 0xff
	}
	k.lengths = k.lengths[:0]
	for _, r := range rows {
		old := len(k.data)
		switch {
		case v.IsNull(int(r)):
			k.data = append(k.data, o.null())
		case v.Type.Kind == datatype.KindRow:
			k.data = append(k.data, present)
			for _, c := range inside {
				k.data = append(k.data, c.Key(v.At(int(r)))...)
			}
		default:
			k.data = append(k.data, present)
			for lo, hi := v.Elements(int(r)); lo < hi; lo++ {
				k.data = append(k.data, 0x01^turn)
				for _, c := range inside {
					k.data = append(k.data, c.Key(lo)...)
				}
			}
			k.data = append(k.data, 0x00^turn)
		}
		k.ends = append(k.ends, len(k.data))
		k.lengths = append(k.lengths, len(k.data)-old)
	}
	return k.lengths
}

// childKeys are the keys of all rows of the children.
func childKeys(v *Vector, o Order) []*Keys {
	o.Column = 0
	out := make([]*Keys, len(v.Children))
	for i, c := range v.Children {
		out[i] = new(Keys)
		out[i].Make(&Batch{Length: c.Len(), Columns: []*Vector{c}}, []Order{o})
	}
	return out
}
