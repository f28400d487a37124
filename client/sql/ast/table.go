package ast

import "github.com/leatproject/leat/storage/datatype"

// CreateTable is CREATE TABLE in all its forms.
type CreateTable struct {
	Pos
	OrReplace    bool
	Temporary    bool
	IfNotExists  bool
	Name         ObjectName
	Schema       TableSchema
	Comment      *string
	Distribution *Distribution
	PartitionBy  []Ident
	Options      []Option
	Like         *TableLike
	As           *Query
}

// TableSchema is what stands in the parentheses. A column without a type takes it from the query of AS.
type TableSchema struct {
	Columns    []Column
	PrimaryKey *PrimaryKey
	Watermark  *Watermark
}

// Column is one column: physical (Type), computed (As) or metadata (Metadata).
type Column struct {
	Pos
	Name         Ident
	Type         *datatype.Type
	As           Expr
	Metadata     bool
	MetadataFrom *string // the key when it is not the name
	Virtual      bool
	PrimaryKey   bool // said at the column
	Comment      *string
	Place        *Place // only in ALTER TABLE
}

// Place is FIRST or AFTER column.
type Place struct {
	First bool
	After Ident
}

// PrimaryKey is [CONSTRAINT name] PRIMARY KEY (columns) NOT ENFORCED.
type PrimaryKey struct {
	Pos
	Name        Ident
	Columns     []Ident
	NotEnforced bool
}

// Watermark is WATERMARK FOR column AS expression.
type Watermark struct {
	Pos
	Column Name
	As     Expr
}

// Distribution is DISTRIBUTED BY HASH (columns) INTO n BUCKETS; Kind is HASH, RANGE or empty.
type Distribution struct {
	Pos
	Kind    string
	Columns []Ident
	Buckets string
}

// TableLike is LIKE table (INCLUDING ALL ...).
type TableLike struct {
	Pos
	Table    ObjectName
	Features []LikeFeature
}

// LikeFeature is one of INCLUDING, EXCLUDING, OVERWRITING with ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS,
// PARTITIONS, WATERMARKS.
type LikeFeature struct{ Merge, What string }

// AlterTable is ALTER TABLE name action.
type AlterTable struct {
	Pos
	IfExists bool
	Name     ObjectName
	Action   AlterAction
}

// AlterAction is what ALTER TABLE does: one of the Alter types below.
type AlterAction interface {
	Node
	alterAction()
}

// AlterRename gives the table another name.
type AlterRename struct {
	Pos
	To ObjectName
}

// AlterRenameColumn renames a column.
type AlterRenameColumn struct {
	Pos
	From, To Ident
}

// AlterOptions is SET ('k' = 'v').
type AlterOptions struct {
	Pos
	Options []Option
}

// AlterReset is RESET ('k').
type AlterReset struct {
	Pos
	Keys []string
}

// AlterSchema is ADD or MODIFY of columns, a primary key, a watermark or a distribution.
type AlterSchema struct {
	Pos
	Modify       bool
	Schema       TableSchema
	Distribution *Distribution
}

// AlterDrop is DROP of columns, PRIMARY KEY, CONSTRAINT, WATERMARK or DISTRIBUTION.
type AlterDrop struct {
	Pos
	What       string  // COLUMN, PRIMARY KEY, CONSTRAINT, WATERMARK, DISTRIBUTION, PARTITION
	Names      []Ident // of columns or of the constraint
	Exists     bool    // PARTITION: IF EXISTS
	Partitions [][]Assignment
}

// AlterAddPartitions is ADD [IF NOT EXISTS] PARTITION (...) [WITH (...)].
type AlterAddPartitions struct {
	Pos
	IfNotExists bool
	Partitions  [][]Assignment
	Options     [][]Option
}

// Assignment is column = constant of a PARTITION clause; Value is nil where only the column is named.
type Assignment struct {
	Column Ident
	Value  Expr
}

func (*AlterRename) alterAction()        {}
func (*AlterRenameColumn) alterAction()  {}
func (*AlterOptions) alterAction()       {}
func (*AlterReset) alterAction()         {}
func (*AlterSchema) alterAction()        {}
func (*AlterDrop) alterAction()          {}
func (*AlterAddPartitions) alterAction() {}
