package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
)

func TestManager(t *testing.T) {
	m := NewManager()
	path := m.Qualify([]string{"orders"})
	require.Equal(t, Path{DefaultCatalog, DefaultDatabase, "orders"}, path)
	c, err := m.Catalog(DefaultCatalog)
	require.NoError(t, err)
	stored := &Table{Columns: []Column{{Name: "a", Type: datatype.Int}}}
	require.NoError(t, c.PutTable(DefaultDatabase, "orders", stored, false))
	require.ErrorIs(t, c.PutTable(DefaultDatabase, "orders", stored, false), ErrExists)

	_, _, err = m.Table(m.Qualify([]string{"ordres"}))
	require.ErrorIs(t, err, ErrNotFound)
	require.EqualError(t, err, `table ordres does not exist; did you mean "orders"?`)

	require.NoError(t, m.PutTemporary(path, &Table{Comment: "hides"}, false))
	found, temporary, err := m.Table(path)
	require.NoError(t, err)
	require.True(t, temporary)
	require.Equal(t, "hides", found.Comment)
	require.NoError(t, m.DropTemporary(path))
	found, temporary, err = m.Table(path)
	require.NoError(t, err)
	require.False(t, temporary)
	require.Equal(t, "a", found.Columns[0].Name)

	found.Columns[0].Name = "changed"
	again, _, err := m.Table(path)
	require.NoError(t, err)
	require.Equal(t, "a", again.Columns[0].Name)

	require.NoError(t, c.CreateDatabase("d", Database{}))
	require.NoError(t, m.UseDatabase([]string{"d"}))
	require.Equal(t, Path{DefaultCatalog, "d", "x"}, m.Qualify([]string{"x"}))
	require.ErrorIs(t, m.UseDatabase([]string{"dd"}), ErrNotFound)
	require.ErrorIs(t, c.DropDatabase(DefaultDatabase, false), ErrNotEmpty)
	require.NoError(t, c.RenameTable(DefaultDatabase, "orders", "o"))
	names, err := m.Tables(DefaultCatalog, DefaultDatabase)
	require.NoError(t, err)
	require.Equal(t, []string{"o"}, names)
	require.ErrorContains(t, m.Unregister(DefaultCatalog), "is the current one")
	require.ErrorIs(t, m.UseCatalog("c"), ErrNotFound)
	require.NoError(t, m.Register("c", NewMemory("first")))
	require.NoError(t, m.UseCatalog("c"))
	catalog, database := m.Current()
	require.Equal(t, []string{"c", "first"}, []string{catalog, database})
}
