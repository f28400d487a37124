package parquet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// elementOf is how a column that is not nested is written.
func elementOf(name string, t datatype.Type) (schemaElement, error) {
	e := schemaElement{name: name, repetition: optional, converted: convertedNone}
	if t.NotNull {
		e.repetition = required
	}
	if err := columnar.TextType(t); err != nil {
		return e, err
	}
	switch t.Kind {
	case datatype.KindBoolean:
		e.physical = physicalBoolean
	case datatype.KindTinyInt:
		e.physical, e.converted, e.logical, e.bits, e.signed = physicalInt32, convertedInt8, logicalInteger, 8, true
	case datatype.KindSmallInt:
		e.physical, e.converted, e.logical, e.bits, e.signed = physicalInt32, convertedInt8+1, logicalInteger, 16, true
	case datatype.KindInt:
		e.physical = physicalInt32
	case datatype.KindBigInt:
		e.physical = physicalInt64
	case datatype.KindFloat:
		e.physical = physicalFloat
	case datatype.KindDouble:
		e.physical = physicalDouble
	case datatype.KindDecimal:
		e.converted, e.logical, e.precision, e.scale = convertedDecimal, logicalDecimal, t.Precision, t.Scale
		switch {
		case t.Precision <= 9:
			e.physical = physicalInt32
		case t.Precision <= 18:
			e.physical = physicalInt64
		default:
			e.physical, e.length = physicalFixed, 16
		}
	case datatype.KindDate:
		e.physical, e.converted, e.logical = physicalInt32, convertedDate, logicalDate
	case datatype.KindTime:
		e.physical, e.converted, e.logical, e.unit = physicalInt32, convertedTimeMs, logicalTime, unitMillis
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		e.physical, e.logical, e.utc = physicalInt64, logicalTimestamp, t.Kind == datatype.KindTimestampLTZ
		switch {
		case t.Precision <= 3:
			e.unit = unitMillis
		case t.Precision <= 6:
			e.unit = unitMicros
		default:
			e.unit = unitNanos
		}
	case datatype.KindChar, datatype.KindVarChar:
		e.physical, e.converted, e.logical = physicalBytes, convertedUTF8, logicalString
	default:
		e.physical = physicalBytes
	}
	return e, nil
}

// appendValue writes a value of fixed width, PLAIN.
func appendValue(dst []byte, e *schemaElement, v *vector.Vector, row int) ([]byte, error) {
	i := v.At(row)
	switch v.Type.Kind {
	case datatype.KindTinyInt:
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(vector.Values[int8](v)[i]))), nil
	case datatype.KindSmallInt:
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(vector.Values[int16](v)[i]))), nil
	case datatype.KindInt, datatype.KindDate, datatype.KindTime:
		return binary.LittleEndian.AppendUint32(dst, uint32(vector.Values[int32](v)[i])), nil
	case datatype.KindBigInt:
		return binary.LittleEndian.AppendUint64(dst, uint64(vector.Values[int64](v)[i])), nil
	case datatype.KindFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(vector.Values[float32](v)[i])), nil
	case datatype.KindDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(vector.Values[float64](v)[i])), nil
	case datatype.KindDecimal:
		n := v.Decimal(row)
		switch e.physical {
		case physicalInt32:
			return binary.LittleEndian.AppendUint32(dst, uint32(n.Lo)), nil
		case physicalInt64:
			return binary.LittleEndian.AppendUint64(dst, n.Lo), nil
		}
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(n.Hi)), n.Lo), nil
	}
	millis, nanos := v.Instant(row)
	per := [...]int64{unitMillis: 1, unitMicros: 1e3, unitNanos: 1e6}[e.unit]
	if limit := int64(math.MaxInt64)/per - 1; millis > limit || millis < -limit {
		return dst, fmt.Errorf("a timestamp does not fit into a file; declare the column %s(3)", v.Type.Kind)
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(millis*per+int64(nanos)*per/1e6)), nil
}

// encode is the footer.
func (m *fileMetaData) encode() []byte {
	w := &thriftWriter{}
	w.begin()
	w.i32(1, 2)
	w.list(2, len(m.schema), thriftStruct, func(i int) { m.schema[i].encode(w) })
	w.i64(3, m.rows)
	w.list(4, len(m.rowGroups), thriftStruct, func(i int) { m.rowGroups[i].encode(w) })
	w.binary(6, []byte("leat"))
	w.list(7, m.leaves(), thriftStruct, func(int) { // order of bounds: by type
		w.begin()
		w.structure(1, func() {})
		w.end()
	})
	w.end()
	return w.b
}

func (m *fileMetaData) leaves() (n int) {
	for i := range m.schema {
		if m.schema[i].physical >= 0 {
			n++
		}
	}
	return n
}

func (e *schemaElement) encode(w *thriftWriter) {
	w.begin()
	defer w.end()
	if e.physical >= 0 {
		w.i32(1, int32(e.physical))
		if e.length > 0 {
			w.i32(2, int32(e.length))
		}
	}
	if e.repetition >= 0 {
		w.i32(3, int32(e.repetition))
	}
	w.binary(4, []byte(e.name))
	if e.physical < 0 {
		w.i32(5, int32(e.children))
	}
	if e.converted != convertedNone {
		w.i32(6, int32(e.converted))
	}
	if e.logical == logicalDecimal {
		w.i32(7, int32(e.scale))
		w.i32(8, int32(e.precision))
	}
	if e.logical != 0 {
		w.structure(10, func() { w.structure(e.logical, func() { e.encodeLogical(w) }) })
	}
}

func (e *schemaElement) encodeLogical(w *thriftWriter) {
	switch e.logical {
	case logicalDecimal:
		w.i32(1, int32(e.scale))
		w.i32(2, int32(e.precision))
	case logicalTime, logicalTimestamp:
		w.bool(1, e.utc)
		w.structure(2, func() { w.structure(e.unit, func() {}) })
	case logicalInteger:
		w.field(1, thriftByte)
		w.b = append(w.b, byte(e.bits))
		w.bool(2, e.signed)
	}
}

func (g *rowGroup) encode(w *thriftWriter) {
	w.begin()
	w.list(1, len(g.columns), thriftStruct, func(i int) { g.columns[i].encode(w) })
	w.i64(2, g.bytes)
	w.i64(3, g.rows)
	w.end()
}

func (c *columnChunk) encode(w *thriftWriter) {
	start, _ := c.span()
	w.begin()
	w.i64(2, start)
	w.structure(3, func() {
		w.i32(1, int32(c.physical))
		w.list(2, len(c.encodings), thriftI32, func(i int) { w.varint(int64(c.encodings[i])) })
		w.list(3, len(c.path), thriftBinary, func(i int) { w.bytes([]byte(c.path[i])) })
		w.i32(4, int32(c.codec))
		w.i64(5, c.values)
		w.i64(6, c.uncompressed)
		w.i64(7, c.size)
		w.i64(9, c.dataPage)
		if c.dictionary > 0 {
			w.i64(11, c.dictionary)
		}
		w.structure(12, func() {
			w.i64(3, c.stats.nulls)
			if c.stats.min != nil {
				w.binary(5, c.stats.max)
				w.binary(6, c.stats.min)
			}
		})
	})
	w.i64(4, c.offsetIndex)
	w.i32(5, int32(c.offsetSize))
	if c.columnSize > 0 {
		w.i64(6, c.columnIndex)
		w.i32(7, int32(c.columnSize))
	}
	w.end()
}

func (h *pageHeader) encode(dst []byte) []byte {
	w := &thriftWriter{b: dst}
	w.begin()
	w.i32(1, int32(h.kind))
	w.i32(2, int32(h.uncompressed))
	w.i32(3, int32(h.compressed))
	w.i32(4, int32(h.checksum))
	if h.kind == pageDictionary {
		w.structure(7, func() {
			w.i32(1, int32(h.values))
			w.i32(2, int32(h.encoding))
		})
	} else {
		w.structure(5, func() {
			w.i32(1, int32(h.values))
			w.i32(2, int32(h.encoding))
			w.i32(3, runLength)
			w.i32(4, runLength)
		})
	}
	w.end()
	return w.b
}
