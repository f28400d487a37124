package arrow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The library makes room for as many fields as a schema says it has, before it looks for them; a number that is wrong can take all memory.
// So the schema is looked at first: Arrow's format says which fields of which FlatBuffers tables hold the lists.
const (
	messageHeader   = 2
	footerSchema    = 1
	footerMetadata  = 4
	schemaFields    = 1
	schemaMetadata  = 2
	fieldChildren   = 5
	fieldMetadata   = 6
	maxSchemaLevels = 100
)

// verifySchema checks the schema in the footer of a file or the first message of a stream.
func (f *File) verifySchema() (err error) {
	defer func() {
		if p := recover(); p != nil { // an offset that leads out of the buffer
			err = errors.New("its schema leads out of what there is")
		}
	}()
	var length [8]byte
	place, from := f.size-10, int64(8)
	if f.stream {
		place = 0
	}
	if place < 0 {
		return fmt.Errorf("%d bytes are too few", f.size)
	}
	if _, err := f.at.ReadAt(length[:], place); err != nil && err != io.EOF {
		return err
	}
	size, schema := int64(binary.LittleEndian.Uint32(length[:])), footerSchema
	switch {
	case !f.stream:
		from = place - size
	case size == 1<<32-1:
		size, schema = int64(binary.LittleEndian.Uint32(length[4:])), messageHeader
	default: // as before version 0.15
		from, schema = 4, messageHeader
	}
	if size < 8 || from < 0 || from+size > f.size {
		return fmt.Errorf("metadata of %d bytes at byte %d do not fit", size, from)
	}
	v := verifier{b: make([]byte, size)}
	if _, err := f.at.ReadAt(v.b, from); err != nil && err != io.EOF {
		return err
	}
	v.left = len(v.b)
	root := v.follow(0)
	if !f.stream {
		v.list(root, footerMetadata, 4)
	}
	if at := v.field(root, schema); at > 0 {
		table := v.follow(at)
		v.list(table, schemaMetadata, 4)
		v.fields(table, schemaFields, 0)
	}
	return v.err
}

// verifier looks at FlatBuffers tables; what leads out of b panics.
type verifier struct {
	b    []byte
	left int // how many fields there can be
	err  error
}

func (v *verifier) follow(at int) int { return at + int(binary.LittleEndian.Uint32(v.b[at:])) }

// field is where a field of a table is, 0: it is not there.
func (v *verifier) field(table, id int) int {
	virtual := table - int(int32(binary.LittleEndian.Uint32(v.b[table:])))
	if 4+2*id >= int(binary.LittleEndian.Uint16(v.b[virtual:])) {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(v.b[virtual+4+2*id:]))
	if offset == 0 {
		return 0
	}
	return table + offset
}

// list is where the elements of a list are, of so many bytes each, and how many.
func (v *verifier) list(table, id, width int) (at, n int) {
	if at = v.field(table, id); at == 0 {
		return 0, 0
	}
	at = v.follow(at)
	n, at = int(binary.LittleEndian.Uint32(v.b[at:])), at+4
	if n > (len(v.b)-at)/width {
		v.err = fmt.Errorf("a list of %d in metadata of %d bytes", n, len(v.b))
		return 0, 0
	}
	return at, n
}

// fields looks at a list of fields and what is below them.
func (v *verifier) fields(table, id, level int) {
	at, n := v.list(table, id, 4)
	if v.left -= n; v.left < 0 || level > maxSchemaLevels {
		v.err = fmt.Errorf("too many fields in metadata of %d bytes", len(v.b))
	}
	for i := 0; i < n && v.err == nil; i++ {
		field := v.follow(at + 4*i)
		v.list(field, fieldMetadata, 4)
		v.fields(field, fieldChildren, level+1)
	}
}
