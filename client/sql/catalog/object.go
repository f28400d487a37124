package catalog

import (
	"errors"
	"maps"
	"slices"

	"github.com/leatproject/leat/storage/datatype"
)

// The errors of catalogs.
var (
	ErrNotFound = errors.New("does not exist")
	ErrExists   = errors.New("exists already")
	ErrNotEmpty = errors.New("is not empty")
)

// Table is a table or, when View is set, a view.
type Table struct {
	Columns     []Column          `json:"columns"`
	PrimaryKey  []string          `json:"primaryKey,omitempty"`
	KeyName     string            `json:"keyName,omitempty"`
	Watermark   *Watermark        `json:"watermark,omitempty"`
	PartitionBy []string          `json:"partitionBy,omitempty"`
	Buckets     *Buckets          `json:"buckets,omitempty"`
	Options     map[string]string `json:"options,omitempty"`
	Comment     string            `json:"comment,omitempty"`
	View        *View             `json:"view,omitempty"`
}

// Column is a column of a table: physical, computed (Expr) or metadata.
type Column struct {
	Name     string
	Type     datatype.Type
	Expr     string // of a computed column, SQL
	Metadata string // the key of a metadata column
	Virtual  bool   // a metadata column that is not written
	Comment  string
}

// Buckets is DISTRIBUTED BY: into how many parts rows go, by which columns. Kind is HASH, RANGE or empty.
type Buckets struct {
	Kind    string   `json:"kind,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Count   int      `json:"count,omitempty"`
}

// Watermark says how event time follows from a column, perhaps a field within one.
type Watermark struct {
	Column []string `json:"column"`
	Expr   string   `json:"expr"` // SQL
}

// View is a query that stands for a table. Its names are looked up from the catalog and database in which it was created.
type View struct {
	Query    string `json:"query"` // SQL
	Catalog  string `json:"catalog"`
	Database string `json:"database"`
}

// Database is what a catalog keeps of a database.
type Database struct {
	Comment string            `json:"comment,omitempty"`
	Options map[string]string `json:"options,omitempty"`
}

// Catalog stores databases and tables. Names within are case-sensitive.
type Catalog interface {
	Databases() ([]string, error)
	Database(name string) (Database, error)
	// CreateDatabase fails with ErrExists.
	CreateDatabase(name string, d Database) error
	// AlterDatabase changes what is kept of a database; it fails with ErrNotFound.
	AlterDatabase(name string, d Database) error
	// DropDatabase fails with ErrNotFound, and with ErrNotEmpty unless its tables shall go too.
	DropDatabase(name string, tables bool) error
	// Tables gives the names of tables and views in order.
	Tables(database string) ([]string, error)
	// Table fails with ErrNotFound. What it gives is the caller's.
	Table(database, name string) (*Table, error)
	// PutTable creates a table, failing with ErrExists, or replaces one.
	PutTable(database, name string, t *Table, replace bool) error
	// DropTable fails with ErrNotFound.
	DropTable(database, name string) error
	// RenameTable fails with ErrNotFound or ErrExists.
	RenameTable(database, from, to string) error
}

// Clone copies a table so that the copy can be changed.
func (t *Table) Clone() *Table {
	out := *t
	out.Columns = slices.Clone(t.Columns)
	out.PrimaryKey = slices.Clone(t.PrimaryKey)
	out.PartitionBy = slices.Clone(t.PartitionBy)
	out.Options = make(map[string]string, len(t.Options))
	maps.Copy(out.Options, t.Options)
	if t.Buckets != nil {
		buckets := *t.Buckets
		buckets.Columns = slices.Clone(buckets.Columns)
		out.Buckets = &buckets
	}
	return &out
}
