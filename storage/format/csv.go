package format

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unsafe"
)

// CSVOptions are the options of the CSV format. The zero value is RFC 4180 without a header.
type CSVOptions struct {
	// Delimiter separates fields; a comma when 0.
	Delimiter byte
	// Quote encloses fields that hold delimiters, quotes (doubled) or line ends; a double quote when 0.
	Quote byte
	// NoQuotes makes the quote a character like any other.
	NoQuotes bool
	// NoQuotedNewlines promises that no field holds a line end, so that a file can be read in ranges.
	NoQuotedNewlines bool
	// Comment begins lines that are left out; 0 is none.
	Comment byte
	// Header tells that a file begins with the names of its columns. Fields are then found by name, exactly or else in any
	// case, and columns without a field are left out. Without it fields are found by position.
	Header bool
	// NullLiteral stands, unquoted, for nil in fields of pointer type. Unless it is empty it also stands for the zero value in
	// fields of other types.
	NullLiteral string
	// MaxLength is the longest record that is read, in bytes; DefaultMaxRecord when 0.
	MaxLength int
}

// CSV reads and writes comma-separated values as rows of type T, which is a struct or []string.
//
// The columns of a struct are its exported fields, in order, named by their `csv` tags or else by themselves; the tag "-"
// leaves a field out. Fields are strings, []byte, numbers, bool, time.Time (RFC 3339), what implements
// encoding.TextUnmarshaler and TextMarshaler, and pointers to these. Spaces around a number, bool or time are dropped.
type CSV[T any] struct {
	options CSVOptions
	columns []column // nil for []string
	special [256]bool
}

var (
	_ StreamFormat[[]string] = (*CSV[[]string])(nil)
	_ Encoder[[]string]      = (*CSV[[]string])(nil)
)

// column is one field of a struct.
type column struct {
	name    string
	offset  uintptr
	kind    columnKind
	scalar  reflect.Kind
	pointer bool
	typ     reflect.Type // without the pointer
	// nullable tells that the null literal stands for nil or the zero value.
	nullable bool
}

type columnKind uint8

const (
	columnString columnKind = iota
	columnBytes
	columnScalar
	columnTime
	columnText // encoding.TextUnmarshaler, TextMarshaler
)

// NewCSV binds the columns to the fields of T. A field that cannot be a column is an error that names it.
func NewCSV[T any](o CSVOptions) (*CSV[T], error) {
	if o.Delimiter == 0 {
		o.Delimiter = ','
	}
	if o.Quote == 0 {
		o.Quote = '"'
	}
	if special := string([]byte{o.Delimiter, o.Quote, o.Comment}); strings.ContainsAny(special, "\r\n") || o.Delimiter == o.Quote ||
		o.Delimiter == o.Comment || o.Quote == o.Comment {
		return nil, fmt.Errorf("csv: delimiter %q, quote %q and comment %q must differ and be no line ends", o.Delimiter, o.Quote, o.Comment)
	}
	c := &CSV[T]{options: o}
	for _, b := range []byte{o.Delimiter, '\n', '\r'} {
		c.special[b] = true
	}
	c.special[o.Quote] = !o.NoQuotes
	t := reflect.TypeFor[T]()
	switch {
	case t == reflect.TypeFor[[]string]():
		return c, nil
	case t.Kind() != reflect.Struct:
		return nil, fmt.Errorf("csv: rows are structs or []string, not %s", t)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("csv")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		col, err := bindColumn(name, f)
		if err != nil {
			return nil, fmt.Errorf("csv: field %s.%s: %w", t, f.Name, err)
		}
		col.nullable = col.pointer || o.NullLiteral != ""
		c.columns = append(c.columns, col)
	}
	if len(c.columns) == 0 {
		return nil, fmt.Errorf("csv: %s has no exported fields to hold columns", t)
	}
	return c, nil
}

func bindColumn(name string, f reflect.StructField) (column, error) {
	c := column{name: name, offset: f.Offset, typ: f.Type}
	if f.Type.Kind() == reflect.Pointer {
		c.pointer, c.typ = true, f.Type.Elem()
	}
	c.scalar = c.typ.Kind()
	to := reflect.PointerTo(c.typ)
	switch {
	case c.typ == reflect.TypeFor[time.Time]():
		c.kind = columnTime
	case to.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && to.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		c.kind = columnText
	case c.scalar == reflect.String:
		c.kind = columnString
	case c.scalar == reflect.Slice && c.typ.Elem().Kind() == reflect.Uint8:
		c.kind = columnBytes
	case isScalar(c.scalar):
		c.kind = columnScalar
	default:
		return c, fmt.Errorf("a column cannot hold %s; use a string, []byte, number, bool, time.Time or a type with MarshalText "+
			"and UnmarshalText, or leave it out by the tag `csv:\"-\"`", f.Type)
	}
	return c, nil
}

// set reads text into the field of the row at p.
func (c *column) set(p unsafe.Pointer, text []byte) error {
	p = unsafe.Add(p, c.offset)
	if c.pointer {
		value := reflect.New(c.typ)
		*(*unsafe.Pointer)(p) = value.UnsafePointer()
		p = value.UnsafePointer()
	}
	switch c.kind {
	case columnString:
		*(*string)(p) = view(text)
		return nil
	case columnBytes:
		*(*[]byte)(p) = text[:len(text):len(text)]
		return nil
	case columnText:
		return reflect.NewAt(c.typ, p).Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
	}
	err := c.parse(p, text)
	if err != nil {
		if trimmed := strings.TrimSpace(view(text)); len(trimmed) < len(text) {
			return c.parse(p, []byte(trimmed))
		}
	}
	return err
}

func (c *column) parse(p unsafe.Pointer, text []byte) (err error) {
	if c.kind == columnTime {
		*(*time.Time)(p), err = time.Parse(time.RFC3339Nano, view(text))
		return err
	}
	return parseScalar(c.scalar, p, text)
}
