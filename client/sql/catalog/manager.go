package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/config"
)

// DefaultCatalog and DefaultDatabase are what a session begins in.
const (
	DefaultCatalog  = "default_catalog"
	DefaultDatabase = "default_database"
)

// Path is the full name of an object.
type Path struct{ Catalog, Database, Object string }

// Strings are the three parts.
func (p Path) Strings() []string { return []string{p.Catalog, p.Database, p.Object} }

// Manager is a session's catalogs.
type Manager struct {
	mu        sync.Mutex
	catalogs  map[string]Catalog
	temporary map[Path]*Table
	catalog   string
	database  string
}

// NewManager makes a session with the default catalog in memory.
func NewManager() *Manager {
	return &Manager{
		catalogs:  map[string]Catalog{DefaultCatalog: NewMemory(DefaultDatabase)},
		temporary: map[Path]*Table{}, catalog: DefaultCatalog, database: DefaultDatabase,
	}
}

// Current is the catalog and the database that short names are looked up in.
func (m *Manager) Current() (catalog, database string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.catalog, m.database
}

// Register adds a catalog; it fails with ErrExists.
func (m *Manager) Register(name string, c Catalog) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.catalogs[name] != nil {
		return fmt.Errorf("catalog %s %w", name, ErrExists)
	}
	m.catalogs[name] = c
	return nil
}

// Unregister forgets a catalog, not what it stores.
func (m *Manager) Unregister(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.catalogs[name] == nil {
		return m.noCatalog(name)
	}
	if name == m.catalog {
		return fmt.Errorf("catalog %s is the current one: USE CATALOG another first", name)
	}
	delete(m.catalogs, name)
	return nil
}

func (m *Manager) noCatalog(name string) error {
	names := slices.Sorted(maps.Keys(m.catalogs))
	return fmt.Errorf("catalog %s %w%s", name, ErrNotFound, config.DidYouMean(name, names))
}

// Catalogs gives the names in order.
func (m *Manager) Catalogs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.catalogs))
}

// Catalog gives one by name.
func (m *Manager) Catalog(name string) (Catalog, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.catalogs[name]; c != nil {
		return c, nil
	}
	return nil, m.noCatalog(name)
}

// UseCatalog makes a catalog the current one, and the first of its databases unless it has the default one.
func (m *Manager) UseCatalog(name string) error {
	c, err := m.Catalog(name)
	if err != nil {
		return err
	}
	databases, err := c.Databases()
	if err != nil {
		return fmt.Errorf("databases of catalog %s: %w", name, err)
	}
	database := DefaultDatabase
	if !slices.Contains(databases, database) && len(databases) > 0 {
		database = databases[0]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.catalog, m.database = name, database
	return nil
}

// UseDatabase makes [catalog.]database the current one.
func (m *Manager) UseDatabase(parts []string) error {
	catalog, _ := m.Current()
	if len(parts) > 2 {
		return fmt.Errorf("a database has a name of at most two parts, this has %d", len(parts))
	}
	if len(parts) == 2 {
		catalog, parts = parts[0], parts[1:]
	}
	c, err := m.Catalog(catalog)
	if err != nil {
		return err
	}
	if _, err := c.Database(parts[0]); err != nil {
		databases, _ := c.Databases()
		return fmt.Errorf("%w%s", err, config.DidYouMean(parts[0], databases))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.catalog, m.database = catalog, parts[0]
	return nil
}

// Qualify completes a name of one to three parts from the current catalog and database.
func (m *Manager) Qualify(parts []string) Path {
	catalog, database := m.Current()
	return QualifyFrom(catalog, database, parts)
}

// QualifyFrom completes a name from a catalog and a database.
func QualifyFrom(catalog, database string, parts []string) Path {
	switch len(parts) {
	case 1:
		return Path{catalog, database, parts[0]}
	case 2:
		return Path{catalog, parts[0], parts[1]}
	}
	return Path{parts[0], parts[1], parts[2]}
}

// PutTemporary keeps a temporary table or view, which hides a stored one.
func (m *Manager) PutTemporary(p Path, t *Table, replace bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.temporary[p] != nil && !replace {
		return fmt.Errorf("temporary table %s %w", p.Object, ErrExists)
	}
	m.temporary[p] = t.Clone()
	return nil
}

// DropTemporary removes a temporary table or view.
func (m *Manager) DropTemporary(p Path) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.temporary[p] == nil {
		return fmt.Errorf("temporary table %s %w", p.Object, ErrNotFound)
	}
	delete(m.temporary, p)
	return nil
}

// Table finds a table or a view; an error that is ErrNotFound names the nearest one.
func (m *Manager) Table(p Path) (t *Table, temporary bool, err error) {
	m.mu.Lock()
	if t := m.temporary[p]; t != nil {
		m.mu.Unlock()
		return t.Clone(), true, nil
	}
	m.mu.Unlock()
	c, err := m.Catalog(p.Catalog)
	if err != nil {
		return nil, false, err
	}
	t, err = c.Table(p.Database, p.Object)
	if errors.Is(err, ErrNotFound) {
		names, _ := m.Tables(p.Catalog, p.Database)
		return nil, false, fmt.Errorf("%w%s", err, config.DidYouMean(p.Object, names))
	}
	return t, false, err
}

// Tables gives the names of all tables and views of a database, temporary ones among them, in order.
func (m *Manager) Tables(catalog, database string) ([]string, error) {
	c, err := m.Catalog(catalog)
	if err != nil {
		return nil, err
	}
	names, err := c.Tables(database)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	for p := range m.temporary {
		if p.Catalog == catalog && p.Database == database {
			names = append(names, p.Object)
		}
	}
	m.mu.Unlock()
	slices.Sort(names)
	return slices.Compact(names), nil
}
