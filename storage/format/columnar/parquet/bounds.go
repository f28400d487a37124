package parquet

import (
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Bounds are what the file says of a column in a row group: the least and the greatest value, in vectors of one row, nil where that is
// not known, and the number of NULLs, -1 where it is not known. Long texts may be cut off so that the bounds are wider.
func (f *File) Bounds(group int, name string, want datatype.Type) (least, greatest *vector.Vector, nulls int64) {
	at := f.leafOf(name)
	if at < 0 {
		return nil, nil, -1
	}
	e, s := &f.leaves[at].element, &f.meta.rowGroups[group].columns[at].stats
	put, err := storeFor(e, want)
	if err != nil || e.physical == physicalInt96 || e.isHalf() {
		return nil, nil, s.nulls
	}
	low, high := s.min, s.max
	if low == nil && high == nil && (e.physical == physicalInt32 || e.physical == physicalInt64) && e.isSigned() {
		low, high = s.oldMin, s.oldMax
	}
	least, greatest = bound(e, low, want, put), bound(e, high, want, put)
	if least == nil || greatest == nil {
		return nil, nil, s.nulls
	}
	return least, greatest, s.nulls
}

func bound(e *schemaElement, b []byte, want datatype.Type, put store) *vector.Vector {
	if b == nil {
		return nil
	}
	v := vector.New(want, 1)
	if put == nil {
		v.PutBytes(0, b)
		return v
	}
	var d dense
	if e.physical == physicalBytes {
		d.refs = [][]byte{b}
	} else {
		var one values
		if one.begin(e, plain, b, 1) != nil || one.read(&d, 1) != nil {
			return nil
		}
	}
	if put(v, 0, &d, 1) != nil || v.IsNull(0) {
		return nil
	}
	switch want.Kind {
	case datatype.KindDouble:
		if math.IsNaN(vector.Values[float64](v)[0]) {
			return nil
		}
	case datatype.KindFloat:
		if x := vector.Values[float32](v)[0]; x != x {
			return nil
		}
	}
	return v
}
