package ast

// Statement is one statement of a script.
type Statement interface {
	Node
	statement()
}

// CreateView is CREATE [TEMPORARY] VIEW.
type CreateView struct {
	Pos
	OrReplace   bool
	Temporary   bool
	IfNotExists bool
	Name        ObjectName
	Columns     []Ident
	Comment     *string
	Query       *Query
}

// ObjectKind is what CREATE, DROP, SHOW, USE and DESCRIBE speak of.
type ObjectKind string

// The kinds of objects.
const (
	CatalogObject  ObjectKind = "CATALOG"
	DatabaseObject ObjectKind = "DATABASE"
	TableObject    ObjectKind = "TABLE"
	ViewObject     ObjectKind = "VIEW"
	FunctionObject ObjectKind = "FUNCTION"
)

// CreateCatalog is CREATE CATALOG name WITH (...).
type CreateCatalog struct {
	Pos
	IfNotExists bool
	Name        Ident
	Comment     *string
	Options     []Option
}

// CreateDatabase is CREATE DATABASE name WITH (...).
type CreateDatabase struct {
	Pos
	IfNotExists bool
	Name        ObjectName
	Comment     *string
	Options     []Option
}

// CreateFunction is CREATE FUNCTION name AS 'implementation' LANGUAGE l.
type CreateFunction struct {
	Pos
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        ObjectName
	As          string
	Language    string // empty for the default
}

// Drop is DROP of any object.
type Drop struct {
	Pos
	Kind      ObjectKind
	Temporary bool
	System    bool
	IfExists  bool
	Name      ObjectName
	Cascade   bool // of a database
	Restrict  bool
}

// AlterView is ALTER VIEW name RENAME TO name, or AS query.
type AlterView struct {
	Pos
	Name   ObjectName
	Rename *ObjectName
	Query  *Query
}

// AlterObject is ALTER CATALOG or DATABASE name SET (...), RESET (...) or COMMENT.
type AlterObject struct {
	Pos
	Kind    ObjectKind
	Name    ObjectName
	Set     []Option
	Reset   []string
	Comment *string
}

// QueryStatement is a query that shows its rows.
type QueryStatement struct {
	Pos
	Query *Query
}

// Insert is INSERT INTO or OVERWRITE.
type Insert struct {
	Pos
	Overwrite bool
	Table     *TableName // with its PARTITION
	Columns   []Ident
	Conflict  string // ON CONFLICT DO: NOTHING, ERROR, DEDUPLICATE; empty without
	Query     *Query
}

// StatementSet is EXECUTE STATEMENT SET BEGIN ... END, one job.
type StatementSet struct {
	Pos
	Inserts []*Insert
}

// Explain is EXPLAIN [details] statement.
type Explain struct {
	Pos
	Details   []string // ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE
	Statement Statement
}

// Describe is DESCRIBE [kind] [EXTENDED] name; Path for a file.
type Describe struct {
	Pos
	Kind     ObjectKind
	Extended bool
	Name     ObjectName
	Path     string
}

// Show is SHOW TABLES and the like. What is the words between SHOW and the options: TABLES, CURRENT CATALOG, CREATE TABLE.
type Show struct {
	Pos
	What     string
	Name     ObjectName // CREATE TABLE name, PARTITIONS name, COLUMNS FROM name
	In       ObjectName // TABLES FROM database
	Not      bool
	Operator string // LIKE or ILIKE; empty without
	Pattern  string
	Spec     []Assignment // PARTITIONS of t PARTITION (...)
}

// Use is USE CATALOG name or USE database.
type Use struct {
	Pos
	Kind ObjectKind
	Name ObjectName
}

// Set is SET 'key' = 'value'; without a key it shows all.
type Set struct {
	Pos
	Key, Value string
}

// Reset is RESET 'key'; without a key it resets all.
type Reset struct {
	Pos
	Key string
}

// Command is a word for the shell: QUIT, EXIT, CLEAR, HELP.
type Command struct {
	Pos
	Name string
}

func (*CreateTable) statement()    {}
func (*CreateView) statement()     {}
func (*CreateCatalog) statement()  {}
func (*CreateDatabase) statement() {}
func (*CreateFunction) statement() {}
func (*Drop) statement()           {}
func (*AlterTable) statement()     {}
func (*AlterView) statement()      {}
func (*AlterObject) statement()    {}
func (*QueryStatement) statement() {}
func (*Insert) statement()         {}
func (*StatementSet) statement()   {}
func (*Explain) statement()        {}
func (*Describe) statement()       {}
func (*Show) statement()           {}
func (*Use) statement()            {}
func (*Set) statement()            {}
func (*Reset) statement()          {}
func (*Command) statement()        {}
