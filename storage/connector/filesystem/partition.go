package filesystem

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// partitionOf are the values of the partition keys of a file, in vectors of one row, from the directories key=value in its path.
func (t *Table) partitionOf(path string) ([]*vector.Vector, error) {
	if len(t.partitions) == 0 {
		return nil, nil
	}
	texts := map[string]string{}
	elements := strings.Split(path, "/")
	for _, e := range elements[:len(elements)-1] {
		if key, value, ok := strings.Cut(e, "="); ok {
			texts[strings.ToLower(key)] = value
		}
	}
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

// Partitions are the partitions that there are files of, as key=value/key=value, in order: those that have the texts that are wanted of
// some keys.
func (t *Table) Partitions(ctx context.Context, wanted map[string]string) ([]string, error) {
	found, err := filesystem.Glob(ctx, t.settings.path)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, f := range found {
		elements := strings.Split(f.Path, "/")
		var parts []string
		for _, c := range t.partitions {
			key := t.fields[c].Name
			at := slices.IndexFunc(elements, func(e string) bool { return len(e) > len(key) && strings.EqualFold(e[:len(key)+1], key+"=") })
			if at < 0 {
				break
			}
			value := elements[at][len(key)+1:]
			plain, err := url.PathUnescape(value)
			if want, ok := wanted[key]; ok && want != value && (err != nil || want != plain) {
				break
			}
			parts = append(parts, key+"="+value)
		}
		if len(parts) == len(t.partitions) {
			names[strings.Join(parts, "/")] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
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
