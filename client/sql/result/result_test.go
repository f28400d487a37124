package result_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// wide is two characters that take two columns each.
const wide = "\u65e5\u672c"

// sample has a text, a number and bytes in three rows, of which the second does not count.
func sample() (plan.Schema, *vector.Batch) {
	columns := plan.Schema{{Name: "name", Type: datatype.String}, {Name: "a,b", Type: datatype.BigInt}, {Name: "x", Type: datatype.VarBinary(9)}}
	b := &vector.Batch{Length: 3, Selection: []int32{0, 2}}
	for _, c := range columns {
		b.Columns = append(b.Columns, vector.New(c.Type, 3))
	}
	b.Columns[0].PutBytes(0, []byte(wide+"\n"))
	b.Columns[0].PutBytes(2, []byte("NULL"))
	copy(vector.Values[int64](b.Columns[1]), []int64{-5, 0, 0})
	b.Columns[1].SetNull(2)
	b.Columns[2].PutBytes(0, []byte{10, 255})
	for _, v := range b.Columns {
		v.Finish()
	}
	return columns, b
}

func printed(t *testing.T, f result.Format, o result.Options, batches int) string {
	columns, b := sample()
	var out strings.Builder
	w, err := result.New(f, &out, columns, o)
	require.NoError(t, err)
	for range batches {
		require.NoError(t, w.Write(b))
	}
	require.NoError(t, w.Close())
	return out.String()
}

func TestCSV(t *testing.T) {
	require.Equal(t, "name,\"a,b\",x\n\""+wide+"\n\",-5,x'0aff'\nNULL,,x''\n", printed(t, result.CSV, result.Options{}, 1))
	require.Equal(t, "name,\"a,b\",x\n\""+wide+"\n\",-5,x'0aff'\n\"NULL\",NULL,x''\n", printed(t, result.CSV, result.Options{Null: "NULL"}, 1))
	require.Equal(t, "name,\"a,b\",x\n", printed(t, result.CSV, result.Options{}, 0))
}

func TestJSON(t *testing.T) {
	require.Equal(t, `{"name": "`+wide+`\n", "a,b": -5, "x": "x'0aff'"}`+"\n"+`{"name": "NULL", "a,b": null, "x": "x''"}`+"\n", printed(t, result.JSON, result.Options{}, 1))
	require.Empty(t, printed(t, result.JSON, result.Options{}, 0))
}

func TestTable(t *testing.T) {
	require.Equal(t, `+--------+--------+---------+
|   name |    a,b |       x |
+--------+--------+---------+
| `+wide+`\n |     -5 | x'0aff' |
|   NULL | <NULL> |     x'' |
+--------+--------+---------+
2 rows in set
`, printed(t, result.Table, result.Options{}, 1))
	require.Equal(t, "Empty set\n", printed(t, result.Table, result.Options{}, 0))
}

func TestUnknownFormat(t *testing.T) {
	columns, _ := sample()
	_, err := result.New("xml", nil, columns, result.Options{})
	require.ErrorContains(t, err, `unknown format "xml"`)
}
