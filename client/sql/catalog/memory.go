package catalog

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Memory is a catalog that ends with the process.
type Memory struct {
	mu        sync.Mutex
	databases map[string]*memoryDatabase
}

type memoryDatabase struct {
	Database
	tables map[string]*Table
}

// NewMemory makes a catalog with one empty database.
func NewMemory(database string) *Memory {
	return &Memory{databases: map[string]*memoryDatabase{database: {tables: map[string]*Table{}}}}
}

func (m *Memory) find(database string) (*memoryDatabase, error) {
	if d := m.databases[database]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("database %s %w", database, ErrNotFound)
}

// Databases gives the names in order.
func (m *Memory) Databases() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.databases)), nil
}

// Database describes one.
func (m *Memory) Database(name string) (Database, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(name)
	if err != nil {
		return Database{}, err
	}
	return d.Database, nil
}

// CreateDatabase adds an empty one.
func (m *Memory) CreateDatabase(name string, d Database) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.databases[name] != nil {
		return fmt.Errorf("database %s %w", name, ErrExists)
	}
	m.databases[name] = &memoryDatabase{Database: d, tables: map[string]*Table{}}
	return nil
}

// AlterDatabase changes the comment and the options of one.
func (m *Memory) AlterDatabase(name string, d Database) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, err := m.find(name)
	if err == nil {
		known.Database = d
	}
	return err
}

// DropDatabase removes one.
func (m *Memory) DropDatabase(name string, tables bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(name)
	if err != nil {
		return err
	}
	if len(d.tables) > 0 && !tables {
		return fmt.Errorf("database %s %w: drop it with CASCADE", name, ErrNotEmpty)
	}
	delete(m.databases, name)
	return nil
}

// Tables gives the names of tables and views in order.
func (m *Memory) Tables(database string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(database)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.tables)), nil
}

// Table gives a copy of one.
func (m *Memory) Table(database, name string) (*Table, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(database)
	if err != nil {
		return nil, err
	}
	if t := d.tables[name]; t != nil {
		return t.Clone(), nil
	}
	return nil, fmt.Errorf("table %s %w", name, ErrNotFound)
}

// PutTable keeps a copy.
func (m *Memory) PutTable(database, name string, t *Table, replace bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(database)
	if err != nil {
		return err
	}
	if d.tables[name] != nil && !replace {
		return fmt.Errorf("table %s %w", name, ErrExists)
	}
	d.tables[name] = t.Clone()
	return nil
}

// DropTable removes a table or a view.
func (m *Memory) DropTable(database, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(database)
	if err != nil {
		return err
	}
	if d.tables[name] == nil {
		return fmt.Errorf("table %s %w", name, ErrNotFound)
	}
	delete(d.tables, name)
	return nil
}

// RenameTable moves a table within its database.
func (m *Memory) RenameTable(database, from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(database)
	if err != nil {
		return err
	}
	switch {
	case d.tables[from] == nil:
		return fmt.Errorf("table %s %w", from, ErrNotFound)
	case d.tables[to] != nil:
		return fmt.Errorf("table %s %w", to, ErrExists)
	}
	d.tables[to] = d.tables[from]
	delete(d.tables, from)
	return nil
}
