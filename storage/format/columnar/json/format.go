package json

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
)

// Options are how records are written and what is wrong with them. The zero value is Flink's.
type Options struct {
	FailOnMissing bool
	// IgnoreErrors makes fields that cannot be read NULL and leaves out broken rows.
	IgnoreErrors bool
	ISO          bool // timestamps are written with a T
	IgnoreNulls  bool // fields that are NULL are not written
	// NullKeys is what is written for entries of maps whose key is NULL: nothing for DROP, NullKey for LITERAL; otherwise it is an error.
	NullKeys, NullKey string
}

// Format reads some columns of files. It is immutable and safe for concurrent use.
type Format struct {
	wanted  []columnar.Field
	options Options
}

// Writable says why columns of a type cannot be written.
func Writable(t datatype.Type) error { return supported(t) }

// New returns the format of files of which these fields are wanted.
func New(wanted []columnar.Field, o Options) (*Format, error) {
	for _, w := range wanted {
		if err := supported(w.Type); err != nil {
			return nil, fmt.Errorf("json: column %s: %w", w.Name, err)
		}
	}
	return &Format{wanted: wanted, options: o}, nil
}

// NewReader returns a reader of in.
func (f *Format) NewReader(in format.Input) (columnar.Reader, error) {
	return &reader{Window: columnar.NewWindow(in), format: f, root: newObject(f.wanted, "", nil)}, nil
}
