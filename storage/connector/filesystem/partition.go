package filesystem

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// directories are the texts of the directories key=value in a path, by their keys in lower case.
func directories(path string) map[string]string {
	texts := map[string]string{}
	for e := range strings.SplitSeq(path, "/") {
		if key, value, ok := strings.Cut(e, "="); ok {
			texts[strings.ToLower(key)] = value
		}
	}
	return texts
}

// partitionOf are the values of the partition keys of a file, in vectors of one row, from the directories key=value in its path.
func (t *Table) partitionOf(path string) ([]*vector.Vector, error) {
	if len(t.partitions) == 0 {
		return nil, nil
	}
	texts := directories(path[:strings.LastIndexByte(path, '/')+1])
	values := make([]*vector.Vector, len(t.partitions))
	for i, c := range t.partitions {
		f := t.fields[c]
		text, ok := texts[strings.ToLower(f.Name)]
		if !ok {
			return nil, fmt.Errorf("file %s of the table of %s is in no directory %s=...; partitions are directories named key=value", path,
				t.settings.path, f.Name)
		}
		var err error
		if values[i], err = t.partitionValue(f, text); err != nil {
			return nil, fmt.Errorf("file %s: partition %s=%s: %w", path, f.Name, text, err)
		}
	}
	return values, nil
}

func (t *Table) partitionValue(f Field, text string) (*vector.Vector, error) {
	v := vector.New(f.Type, 1)
	if text == t.settings.partitionNull || text == hiveNull {
		if f.Type.NotNull {
			return nil, fmt.Errorf("NULL in a column that is declared NOT NULL")
		}
		v.SetNull(0)
		v.Finish()
		return v, nil
	}
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	var c columnar.Column
	c.Bind(v)
	if err := c.Put(0, []byte(text)); err != nil {
		return nil, columnar.Explain([]byte(text), f.Type, err)
	}
	return v, nil
}

// hiveNull is what other programs name the directory of NULL.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// appendPartition writes the directory key=value of a row.
func (t *Table) appendPartition(dst []byte, name string, v *vector.Vector, row int) []byte {
	dst = append(append(dst, name...), '=')
	if v.IsNull(row) || v.Type.IsCharacter() && len(v.Bytes(row)) == 0 {
		return append(dst, t.settings.partitionNull...)
	}
	at := len(dst)
	dst = columnar.Append(dst, v, row, ' ')
	for i := at; i < len(dst); i++ {
		if c := dst[i]; special(c) { // as Hive writes it
			dst = append(dst[:i], append(fmt.Appendf(nil, "%%%02X", c), dst[i+1:]...)...)
			i += 2
		}
	}
	return dst
}

func special(c byte) bool {
	return c < ' ' || c == 0x7f || strings.IndexByte(`"#%'*/:=?\{[]^`, c) >= 0
}
