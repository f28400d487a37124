package vector

import "slices"

// fewEntries is how many entries are compared with each other.
const fewEntries = 16

// KeepLast drops entries of a MAP or MULTISET whose key comes again behind them. They are those of the row that is being set: from one on to
// the end of the children.
func (v *Vector) KeepLast(from int) {
	keys := v.Children[0]
	if keys.length-from < 2 {
		return
	}
	keys.Finish()
	last := lastEntries(keys, from)
	if len(last) == keys.length-from {
		return
	}
	for _, c := range v.Children {
		kept := New(c.Type, 0)
		kept.Append(c, last)
		c.Truncate(from)
		c.AppendRange(kept, 0, len(last))
	}
}

// lastEntries are the rows from one on whose key does not come again.
func lastEntries(keys *Vector, from int) (last []int32) {
	if keys.length-from <= fewEntries {
		for i := from; i < keys.length; i++ {
			if !again(keys, i) {
				last = append(last, int32(i))
			}
		}
		return last
	}
	known := map[string]int{}
	var text []byte
	for i := from; i < keys.length; i++ {
		text = keys.AppendValue(text[:0], i)
		known[string(text)] = i
	}
	for _, i := range known {
		last = append(last, int32(i))
	}
	slices.Sort(last)
	return last
}

func again(keys *Vector, i int) bool {
	for k := i + 1; k < keys.length; k++ {
		if keys.Equal(i, keys, k) {
			return true
		}
	}
	return false
}
