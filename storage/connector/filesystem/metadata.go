package filesystem

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// Metadata are what tables tell of the file of a row, by the keys of METADATA columns, as in Flink.
var Metadata = []Field{
	{Name: "file.path", Type: datatype.String.Required()}, {Name: "file.name", Type: datatype.String.Required()},
	{Name: "file.size", Type: datatype.BigInt.Required()}, {Name: "file.modification-time", Type: datatype.TimestampLTZ(3).Required()},
}

// WithMetadata is the table with columns behind the others that tell of the file of a row: their keys stand beside the fields.
func (t *Table) WithMetadata(fields []Field, keys []string) (*Table, error) {
	with := *t
	with.fields = append(t.fields[:len(t.fields):len(t.fields)], fields...)
	with.metadata = map[int]string{}
	var known []string
	for _, m := range Metadata {
		known = append(known, m.Name)
	}
	for i, key := range keys {
		f, at := fields[i], columnar.Find(known, key)
		if at < 0 {
			return nil, fmt.Errorf("table of %s: column %s: there is no METADATA %s; there are %s", t.settings.path, f.Name, key, strings.Join(known, ", "))
		}
		if is := Metadata[at].Type; f.Type.Kind != is.Kind || f.Type.Precision < is.Precision {
			return nil, fmt.Errorf("table of %s: METADATA %s is %s and cannot be %s; declare column %s %s", t.settings.path, key, is, f.Type, f.Name, is.Nullable())
		}
		with.metadata[len(t.fields)+i] = Metadata[at].Name
	}
	return &with, nil
}

// metadataOf are the values, in vectors of one row by the place of the column, that some columns of metadata have for a file.
func (t *Table) metadataOf(ctx context.Context, file string, columns []int) (map[int]*vector.Vector, error) {
	values := map[int]*vector.Vector{}
	var info filesystem.FileInfo
	for _, c := range columns {
		key, ok := t.metadata[c]
		if !ok {
			continue
		}
		if info.Path == "" && (key == "file.size" || key == "file.modification-time") {
			fs, within, err := filesystem.For(ctx, file)
			if err != nil {
				return nil, err
			}
			if info, err = fs.Stat(ctx, within); err != nil {
				return nil, err
			}
		}
		v := vector.New(t.fields[c].Type, 1)
		switch key {
		case "file.path":
			v.PutBytes(0, []byte(file))
		case "file.name":
			v.PutBytes(0, []byte(path.Base(file)))
		case "file.size":
			vector.Values[int64](v)[0] = info.Size
		default:
			vector.Values[int64](v)[0] = info.ModTime.UnixMilli()
			if vector.HasNanos(v.Type) {
				v.Nanos[0] = 0
			}
		}
		values[c] = v
	}
	return values, nil
}
