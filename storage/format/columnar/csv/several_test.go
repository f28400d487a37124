package csv

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/vector"
)

// TestSeveralIsRecord: records are what they are when each is read by itself.
func TestSeveralIsRecord(t *testing.T) {
	parts := []string{"1", "-12", "123456789", "0.5", "12.345", "abc", "2026-01-31", "2026-01-31 10:11:12.5", " 7 ", ",", ",", ",", "\n", "\n", "\r\n", `"`, `"a,b"`, `"1"`, `,"2.5",`, "\"x\ny\",", `"2026-01-31"`, `""`, `"NULL"`, "\"z\"\r\n", "#",
		"a text that is longer than sixteen bytes", "NULL", "\u00e9", "1,2,3\n", "7,8.25,x\n", "99999999999999999999", "-", "."}
	var tables [][]columnar.Field
	for _, types := range []string{"a INT; b DECIMAL(9,2); c STRING", "a BIGINT; b STRING NOT NULL; c DOUBLE", "a STRING; b DATE; c TIMESTAMP(3)", "a INT NOT NULL"} {
		tables = append(tables, columnartest.Fields(t, types))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 60).Draw(t, "parts"), "")
		fields := rapid.SampledFrom(tables).Draw(t, "types")
		o := Standard
		o.Comments, o.NoQuotes = rapid.Bool().Draw(t, "comments"), rapid.Bool().Draw(t, "no quotes")
		if null := rapid.SampledFrom([]string{"none", "", "NULL", "1"}).Draw(t, "null"); null != "none" {
			o.Null = &null
		}
		wanted := []int{0, 1, 2}[:len(fields)]
		if rapid.Bool().Draw(t, "one") {
			wanted = wanted[len(wanted)-1:]
		}
		f, err := New(fields, wanted, o)
		require.NoError(t, err)
		end := int64(rapid.IntRange(0, len(text)).Draw(t, "end"))
		read := func(single bool) (lines []string) {
			in := format.Input{Bytes: strings.NewReader(text), Path: "f", End: end, Malformed: func(raw []byte, err *format.RecordError) error {
				lines = append(lines, fmt.Sprintf("%q: %v", raw, err))
				return nil
			}}
			r := newReader(f, in)
			var b vector.Batch
			for err := error(nil); err == nil; {
				if single {
					err = r.one(&b)
				} else {
					err = r.Read(&b, 7)
				}
				require.True(t, err == nil || err == io.EOF, "%v", err)
				lines = append(lines, columnartest.Rows(&b)...)
			}
			return lines
		}
		require.ElementsMatch(t, read(true), read(false))
	})
}

// one reads a record, if one is left.
func (r *reader) one(b *vector.Batch) error {
	columnar.Prepare(b, r.format.wanted, 1)
	for i, v := range b.Columns {
		r.columns[i].Bind(v)
	}
	rows := 0
	for r.Off < r.End && rows == 0 {
		good, err := r.record(0)
		if err != nil {
			columnar.Truncate(b, 0)
			return err
		}
		if good {
			rows = 1
		}
	}
	columnar.Truncate(b, rows)
	if rows == 0 {
		return io.EOF
	}
	return nil
}
