package arrow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
)

// ErrCorrupt is in every error that says that a file is damaged.
var ErrCorrupt = errors.New("arrow file is damaged")

// Error says where a file cannot be read, and why.
type Error struct {
	Path   string
	Column string // empty: all
	Record int    // the record batch, from 0 on; -1: the schema
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	place := e.Path
	if e.Column != "" {
		place += ": column " + e.Column
	}
	if e.Record >= 0 {
		place += fmt.Sprintf(": record batch %d", e.Record)
	}
	return fmt.Sprintf("%s: %v", place, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func corrupt(cause any) error {
	var outside runtime.Error
	if err, ok := cause.(error); ok && errors.As(err, &outside) {
		cause = "a length or an offset in it leads out of what there is"
	}
	return fmt.Errorf("%w: %v; write it again, or leave it out", ErrCorrupt, cause)
}

// File is the schema of a file or stream. It is immutable and safe for concurrent use.
type File struct {
	path   string
	at     io.ReaderAt
	size   int64
	stream bool
	schema *arrow.Schema
	fields []columnar.Field
}

// records are the record batches of a file or stream in order; io.EOF behind the last. A batch is valid until the next.
type records interface {
	Read() (arrow.RecordBatch, error)
	Schema() *arrow.Schema
}

// Magic begins an IPC file.
const Magic = "ARROW1"

// Open reads the schema of a file or stream of so many bytes.
func Open(at io.ReaderAt, size int64, path string) (*File, error) {
	f := &File{path: path, at: at, size: size}
	fail := func(err error) (*File, error) { return nil, &Error{Path: path, Record: -1, Err: err} }
	head := make([]byte, len(Magic))
	n, err := at.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fail(err)
	}
	f.stream = !bytes.Equal(head[:n], []byte(Magic))
	if err := f.verifySchema(); err != nil {
		return fail(corrupt(err))
	}
	in, err := f.open()
	if err != nil {
		return fail(err)
	}
	f.schema = in.Schema()
	for _, field := range f.schema.Fields() {
		t, err := typeOf(field.Type)
		if err != nil {
			return nil, &Error{Path: path, Column: field.Name, Record: -1, Err: err}
		}
		f.fields = append(f.fields, columnar.Field{Name: field.Name, Type: t.WithNull(field.Nullable)})
	}
	return f, nil
}

// Fields are the columns of the file with the types that it tells.
func (f *File) Fields() []columnar.Field { return f.fields }

// open begins to read. What the library panics with is an error: it believes what a file says.
func (f *File) open() (in records, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = corrupt(p)
		}
	}()
	options := []ipc.Option{
		ipc.WithAllocator(boundedAllocator{Allocator: memory.NewGoAllocator(), limit: maxBuffer(f.size)}),
		ipc.WithMetadataSizeLimit(f.size), ipc.WithBodySizeLimit(f.size),
	}
	section := io.NewSectionReader(f.at, 0, f.size)
	if f.stream {
		in, err = ipc.NewReaderFromMessageReader(ipc.NewMessageReader(section, options...), options...)
	} else {
		in, err = ipc.NewFileReader(section, options...)
	}
	if err != nil {
		return nil, corrupt(err)
	}
	return in, nil
}

// maxBuffer is the longest buffer, in bytes, that a file of so many can have: what it says of itself is not believed.
func maxBuffer(size int64) int { return int(min(64<<20+256*size, 1<<31)) }

// boundedAllocator refuses buffers that are too long with a panic, which is all that the library lets an allocator do.
type boundedAllocator struct {
	memory.Allocator
	limit int
}

// Allocate implements memory.Allocator.
func (a boundedAllocator) Allocate(size int) []byte {
	a.check(size)
	return a.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (a boundedAllocator) Reallocate(size int, b []byte) []byte {
	a.check(size)
	return a.Allocator.Reallocate(size, b)
}

func (a boundedAllocator) check(size int) {
	if size < 0 || size > a.limit {
		panic(fmt.Sprintf("a buffer of %d bytes does not fit", size))
	}
}

// typeOf is the SQL type of the values of an Arrow type, nullable.
func typeOf(t arrow.DataType) (datatype.Type, error) {
	if is, ok := simpleTypes[t.ID()]; ok {
		return is, nil
	}
	switch t := t.(type) {
	case arrow.DecimalType:
		if t.GetPrecision() > 38 || t.GetPrecision() < 1 || t.GetScale() < 0 || t.GetScale() > t.GetPrecision() {
			break
		}
		return datatype.Decimal(int(t.GetPrecision()), int(t.GetScale())), nil
	case *arrow.TimestampType:
		digits := 3 * int(t.Unit)
		if t.TimeZone != "" {
			return datatype.TimestampLTZ(digits), nil
		}
		return datatype.Timestamp(digits), nil
	case *arrow.FixedSizeBinaryType:
		return datatype.Binary(max(t.ByteWidth, 1)), nil
	case *arrow.DictionaryType:
		return typeOf(t.ValueType)
	case arrow.ExtensionType:
		return typeOf(t.StorageType())
	case *arrow.StructType:
		fields := make([]datatype.Field, t.NumFields())
		for i, f := range t.Fields() {
			is, err := typeOf(f.Type)
			if err != nil {
				return is, err
			}
			fields[i] = datatype.Field{Name: f.Name, Type: is.WithNull(f.Nullable)}
		}
		return datatype.Row(fields...), nil
	case *arrow.MapType:
		key, err := typeOf(t.KeyType())
		if err != nil {
			return key, err
		}
		value, err := typeOf(t.ItemType())
		return datatype.Map(key.Required(), value.WithNull(t.ItemField().Nullable)), err
	case *arrow.ListType:
		return arrayOf(t.ElemField())
	case *arrow.LargeListType:
		return arrayOf(t.ElemField())
	case *arrow.FixedSizeListType:
		return arrayOf(t.ElemField())
	}
	return datatype.Type{}, fmt.Errorf("columns of Arrow's type %s cannot be read; write them as another", t)
}

func arrayOf(element arrow.Field) (datatype.Type, error) {
	t, err := typeOf(element.Type)
	return datatype.Array(t.WithNull(element.Nullable)), err
}

var simpleTypes = map[arrow.Type]datatype.Type{
	arrow.BOOL: datatype.Boolean, arrow.INT8: datatype.TinyInt, arrow.INT16: datatype.SmallInt, arrow.INT32: datatype.Int, arrow.INT64: datatype.BigInt,
	arrow.UINT8: datatype.SmallInt, arrow.UINT16: datatype.Int, arrow.UINT32: datatype.BigInt, arrow.UINT64: datatype.Decimal(20, 0),
	arrow.FLOAT16: datatype.Float, arrow.FLOAT32: datatype.Float, arrow.FLOAT64: datatype.Double,
	arrow.STRING: datatype.String, arrow.LARGE_STRING: datatype.String, arrow.STRING_VIEW: datatype.String,
	arrow.BINARY: datatype.Bytes, arrow.LARGE_BINARY: datatype.Bytes, arrow.BINARY_VIEW: datatype.Bytes,
	arrow.DATE32: datatype.Date, arrow.DATE64: datatype.Date, arrow.TIME32: datatype.Time(3), arrow.TIME64: datatype.Time(3),
	arrow.INTERVAL_MONTHS: datatype.IntervalOf(datatype.Year, datatype.Month), arrow.DURATION: datatype.IntervalOf(datatype.Day, datatype.Second),
}
