package catalog

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// TestCatalogs asserts what every catalog promises.
func TestCatalogs(t *testing.T) {
	fs := memfs.New(time.Now)
	file := NewFile(context.Background(), fs, "/c")
	require.NoError(t, file.CreateDatabase("d", Database{}))
	for name, c := range map[string]Catalog{"memory": NewMemory("d"), "file": file} {
		t.Run(name, func(t *testing.T) { testCatalog(t, c) })
	}
}

func testCatalog(t *testing.T, c Catalog) {
	table := &Table{
		Columns: []Column{
			{Name: "a", Type: datatype.Row(datatype.Field{Name: "x y", Type: datatype.Decimal(10, 2).Required()}).Required()},
			{Name: "b", Type: datatype.TimestampLTZ(3), Expr: "a.`x y`", Comment: "it's"},
		},
		PrimaryKey: []string{"a"}, Watermark: &Watermark{Column: []string{"b"}, Expr: "b"}, PartitionBy: []string{"b"},
		Options: map[string]string{"k": "v"}, View: &View{Query: "SELECT 1", Catalog: "c", Database: "d"},
	}
	require.NoError(t, c.PutTable("d", "t.1/_x", table, false))
	require.ErrorIs(t, c.PutTable("d", "t.1/_x", table, false), ErrExists)
	got, err := c.Table("d", "t.1/_x")
	require.NoError(t, err)
	require.Equal(t, table, got)

	table.Comment = "changed"
	require.NoError(t, c.PutTable("d", "t.1/_x", table, true))
	got, err = c.Table("d", "t.1/_x")
	require.NoError(t, err)
	require.Equal(t, "changed", got.Comment)

	require.NoError(t, c.RenameTable("d", "t.1/_x", "u"))
	require.ErrorIs(t, c.RenameTable("d", "t.1/_x", "v"), ErrNotFound)
	names, err := c.Tables("d")
	require.NoError(t, err)
	require.Equal(t, []string{"u"}, names)

	require.NoError(t, c.CreateDatabase("e", Database{Comment: "second"}))
	require.ErrorIs(t, c.CreateDatabase("e", Database{}), ErrExists)
	d, err := c.Database("e")
	require.NoError(t, err)
	require.Equal(t, "second", d.Comment)
	databases, err := c.Databases()
	require.NoError(t, err)
	require.Equal(t, []string{"d", "e"}, databases)
	require.ErrorIs(t, c.DropDatabase("d", false), ErrNotEmpty)
	require.NoError(t, c.DropDatabase("d", true))
	_, err = c.Table("d", "u")
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, c.PutTable("d", "u", table, false), ErrNotFound)
	require.NoError(t, c.PutTable("e", "u", table, false))
	require.NoError(t, c.DropTable("e", "u"))
	require.ErrorIs(t, c.DropTable("e", "u"), ErrNotFound)
}

func TestFileOutlivesSessionsAndSaysWhatIsDamaged(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New(time.Now)
	first := NewFile(ctx, fs, "/c")
	require.NoError(t, first.CreateDatabase("d", Database{}))
	table := &Table{Columns: []Column{{Name: "a", Type: datatype.Int}}, Options: map[string]string{}}
	require.NoError(t, first.PutTable("d", "t", table, false))
	second := NewFile(ctx, fs, "/c")
	got, err := second.Table("d", "t")
	require.NoError(t, err)
	require.Equal(t, table, got)

	w, err := filesystem.CreateAtomic(ctx, fs, "/c/d/tables/t.2.json")
	require.NoError(t, err)
	_, err = w.Write([]byte("{"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = second.Table("d", "t")
	require.ErrorContains(t, err, "/c/d/tables/t.2.json is damaged")
}
