package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
)

// extent is the bounds of values.
type extent struct {
	least, most []byte // PLAIN
	bounded     bool   // whether there are any
	unbounded   bool   // whether they cannot be told
}

func (x *extent) reset() { x.bounded, x.unbounded = false, false }

// bound widens the bounds of the page by a value, PLAIN.
func (c *columnWriter) bound(b []byte) {
	switch {
	case c.page.unbounded:
	case len(b) > boundBytes && c.element.physical == physicalBytes || c.isNaN(b):
		c.page.unbounded = true
	default:
		c.widen(&c.page, b)
	}
}

func (c *columnWriter) widen(x *extent, b []byte) {
	switch {
	case !x.bounded:
		x.bounded, x.least, x.most = true, append(x.least[:0], b...), append(x.most[:0], b...)
	case c.compare(b, x.least) < 0:
		x.least = append(x.least[:0], b...)
	case c.compare(b, x.most) > 0:
		x.most = append(x.most[:0], b...)
	}
}

func (c *columnWriter) isNaN(b []byte) bool {
	switch c.element.physical {
	case physicalFloat:
		f := math.Float32frombits(binary.LittleEndian.Uint32(b))
		return f != f
	case physicalDouble:
		return math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return false
}

// compare compares values, PLAIN.
func (c *columnWriter) compare(a, b []byte) int {
	switch c.element.physical {
	case physicalInt32:
		return order(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case physicalInt64:
		return order(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	case physicalFloat:
		return order(math.Float32frombits(binary.LittleEndian.Uint32(a)), math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case physicalDouble:
		return order(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case physicalFixed: // of decimals, big endian
		if d := int(int8(a[0])) - int(int8(b[0])); d != 0 {
			return d
		}
	}
	return bytes.Compare(a, b)
}

func order[T int32 | int64 | float32 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
