package parquet

// Numbers of the format.
const (
	physicalBoolean = iota
	physicalInt32
	physicalInt64
	physicalInt96
	physicalFloat
	physicalDouble
	physicalBytes
	physicalFixed
)

const (
	required = iota
	optional
	repeated
)

const (
	plain            = 0
	plainDictionary  = 2
	runLength        = 3
	deltaBinary      = 5
	deltaLength      = 6
	deltaBytes       = 7
	rleDictionary    = 8
	byteStreamSplit  = 9
	pageData         = 0
	pageDictionary   = 2
	pageDataV2       = 3
	convertedNone    = -1
	convertedUTF8    = 0
	convertedMap     = 1
	convertedMapKV   = 2
	convertedList    = 3
	convertedEnum    = 4
	convertedDecimal = 5
	convertedDate    = 6
	convertedTimeMs  = 7
	convertedTimeUs  = 8
	convertedMillis  = 9
	convertedMicros  = 10
	convertedUint8   = 11
	convertedUint64  = 14
	convertedInt8    = 15
	convertedInt64   = 18
	convertedJSON    = 19
)

// Members of the union LogicalType.
const (
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalJSON      = 12
	logicalFloat16   = 15
)

// Units of time within a logical type.
const (
	unitMillis = 1
	unitMicros = 2
	unitNanos  = 3
)

type fileMetaData struct {
	schema    []schemaElement
	rows      int64
	rowGroups []rowGroup
}

type schemaElement struct {
	physical, length, repetition int
	name                         string
	children, converted          int
	scale, precision             int
	logical                      int // 0: none
	utc                          bool
	unit                         int
	bits                         int
	signed                       bool
}

type rowGroup struct {
	columns []columnChunk
	bytes   int64
	rows    int64
}

type columnChunk struct {
	physical                int
	codec                   int
	values                  int64
	uncompressed, size      int64
	dataPage, dictionary    int64 // offsets; 0: none
	stats                   statistics
	path                    []string
	encodings               []int
	offsetIndex, offsetSize int64
	columnIndex, columnSize int64
	index                   pageIndex // while the file is written
}

type statistics struct {
	min, max       []byte // nil: unknown
	nulls          int64  // -1: unknown
	oldMin, oldMax []byte // of signed comparison, by writers before 2017
}

type pageHeader struct {
	kind                     int
	uncompressed, compressed int
	values, encoding         int
	nulls, rows              int // of version 2
	defBytes, repBytes       int
	raw                      bool // of version 2: values are not compressed
	checked                  bool // whether there is a checksum
	checksum                 uint32
}

func (r *thriftReader) fileMetaData() (m fileMetaData) {
	r.structure(func(id int, typ byte) {
		switch id {
		case 2:
			r.list(func(byte) { m.schema = append(m.schema, r.schemaElement()) })
		case 3:
			m.rows = r.int()
		case 4:
			r.list(func(byte) { m.rowGroups = append(m.rowGroups, r.rowGroup()) })
		default:
			r.skip(typ)
		}
	})
	return m
}

func (r *thriftReader) schemaElement() schemaElement {
	e := schemaElement{physical: -1, converted: convertedNone}
	numbers := map[int]*int{
		1: &e.physical, 2: &e.length, 3: &e.repetition, 5: &e.children, 6: &e.converted, 7: &e.scale, 8: &e.precision,
	}
	r.structure(func(id int, typ byte) {
		switch {
		case numbers[id] != nil:
			*numbers[id] = int(r.int())
		case id == 4:
			e.name = string(r.binary())
		case id == 10:
			r.logicalType(&e)
		default:
			r.skip(typ)
		}
	})
	return e
}

func (r *thriftReader) logicalType(e *schemaElement) {
	r.structure(func(id int, typ byte) {
		e.logical = id
		switch id {
		case logicalDecimal:
			r.structure(func(id int, typ byte) {
				switch id {
				case 1:
					e.scale = int(r.int())
				case 2:
					e.precision = int(r.int())
				default:
					r.skip(typ)
				}
			})
		case logicalTime, logicalTimestamp:
			r.structure(func(id int, typ byte) {
				switch id {
				case 1:
					e.utc = typ == thriftTrue
				case 2:
					r.structure(func(id int, typ byte) {
						e.unit = id
						r.skip(typ)
					})
				default:
					r.skip(typ)
				}
			})
		case logicalInteger:
			r.structure(func(id int, typ byte) {
				switch id {
				case 1:
					e.bits = int(r.byte())
				case 2:
					e.signed = typ == thriftTrue
				default:
					r.skip(typ)
				}
			})
		default:
			r.skip(typ)
		}
	})
}

func (r *thriftReader) rowGroup() (g rowGroup) {
	r.structure(func(id int, typ byte) {
		switch id {
		case 1:
			r.list(func(byte) { g.columns = append(g.columns, r.columnChunk()) })
		case 2:
			g.bytes = r.int()
		case 3:
			g.rows = r.int()
		default:
			r.skip(typ)
		}
	})
	return g
}

func (r *thriftReader) columnChunk() (c columnChunk) {
	c.stats.nulls = -1
	r.structure(func(id int, typ byte) {
		switch id {
		case 3:
			r.columnMetaData(&c)
		case 4:
			c.offsetIndex = r.int()
		case 5:
			c.offsetSize = r.int()
		case 6:
			c.columnIndex = r.int()
		case 7:
			c.columnSize = r.int()
		default:
			r.skip(typ)
		}
	})
	return c
}

func (r *thriftReader) columnMetaData(c *columnChunk) {
	numbers := map[int]*int64{5: &c.values, 6: &c.uncompressed, 7: &c.size, 9: &c.dataPage, 11: &c.dictionary}
	r.structure(func(id int, typ byte) {
		switch {
		case numbers[id] != nil:
			*numbers[id] = r.int()
		case id == 1:
			c.physical = int(r.int())
		case id == 2:
			r.list(func(byte) { c.encodings = append(c.encodings, int(r.int())) })
		case id == 3:
			r.list(func(byte) { c.path = append(c.path, string(r.binary())) })
		case id == 4:
			c.codec = int(r.int())
		case id == 12:
			c.stats = r.statistics()
		default:
			r.skip(typ)
		}
	})
}

func (r *thriftReader) statistics() statistics {
	s := statistics{nulls: -1}
	bounds := map[int]*[]byte{1: &s.oldMax, 2: &s.oldMin, 5: &s.max, 6: &s.min}
	r.structure(func(id int, typ byte) {
		switch {
		case bounds[id] != nil:
			*bounds[id] = append([]byte{}, r.binary()...)
		case id == 3:
			s.nulls = r.int()
		default:
			r.skip(typ)
		}
	})
	return s
}

func (r *thriftReader) pageHeader() (h pageHeader) {
	r.structure(func(id int, typ byte) {
		switch id {
		case 1:
			h.kind = int(r.int())
		case 2:
			h.uncompressed = int(r.int())
		case 3:
			h.compressed = int(r.int())
		case 4:
			h.checked, h.checksum = true, uint32(r.int())
		case 5, 7:
			r.structure(func(id int, typ byte) {
				switch id {
				case 1:
					h.values = int(r.int())
				case 2:
					h.encoding = int(r.int())
				default:
					r.skip(typ)
				}
			})
		case 8:
			numbers := map[int]*int{1: &h.values, 2: &h.nulls, 3: &h.rows, 4: &h.encoding, 5: &h.defBytes, 6: &h.repBytes}
			r.structure(func(id int, typ byte) {
				switch {
				case numbers[id] != nil:
					*numbers[id] = int(r.int())
				case id == 7:
					h.raw = typ == thriftFalse
				default:
					r.skip(typ)
				}
			})
		default:
			r.skip(typ)
		}
	})
	return h
}
