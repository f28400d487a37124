package ast

// TableRef is what stands in FROM: TableName, DerivedTable, TableFunction, Unnest or Join.
type TableRef interface {
	Node
	tableRef()
}

// Alias renames a table and perhaps its columns.
type Alias struct {
	Name    Ident // empty without
	Columns []Ident
}

// TableName is a table, a view, or a file whose path stands in quotes.
type TableName struct {
	Pos
	Name       ObjectName
	Path       string // of a file; Name is empty then
	Hints      []Hint
	Partition  []Assignment // PARTITION (k = v): only that of INSERT
	SystemTime Expr         // FOR SYSTEM_TIME AS OF, or nil
	Alias      Alias
}

// DerivedTable is a query in FROM.
type DerivedTable struct {
	Pos
	Lateral bool
	Query   *Query
	Alias   Alias
}

// TableFunction is TABLE(f(...)) or f(...) in FROM.
type TableFunction struct {
	Pos
	Lateral bool
	Call    *Call
	Alias   Alias
}

// Unnest is UNNEST(collection) [WITH ORDINALITY].
type Unnest struct {
	Pos
	Expr       Expr
	Ordinality bool
	Alias      Alias
}

// JoinKind says which rows a join keeps.
type JoinKind string

// The kinds of joins.
const (
	CrossJoin JoinKind = "CROSS"
	CommaJoin JoinKind = ","
	InnerJoin JoinKind = "INNER"
	LeftJoin  JoinKind = "LEFT"
	RightJoin JoinKind = "RIGHT"
	FullJoin  JoinKind = "FULL"
)

// Join joins two tables: ON, USING, NATURAL, or nothing.
type Join struct {
	Pos
	Kind        JoinKind
	Natural     bool
	Left, Right TableRef
	On          Expr
	Using       []Ident
}

func (*TableName) tableRef()     {}
func (*DerivedTable) tableRef()  {}
func (*TableFunction) tableRef() {}
func (*Unnest) tableRef()        {}
func (*Join) tableRef()          {}
