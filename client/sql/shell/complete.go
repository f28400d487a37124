package shell

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/session"
)

// Completer says what the word before a cursor may become.
type Completer struct{ Catalogs *catalog.Manager }

// statementWords begin statements.
var statementWords = strings.Fields("SELECT INSERT CREATE DROP ALTER SHOW DESCRIBE EXPLAIN USE SET RESET WITH VALUES EXECUTE BEGIN TABLE HELP CLEAR QUIT EXIT")

// keywords are those that stand within statements, the reserved ones apart.
var keywords = strings.Fields(`ADD AFTER ARRAY CATALOG CATALOGS COLUMN COLUMNS COMMENT CONSTRAINT CUBE CURRENT DATABASE DATABASES DATE DESCRIPTOR
	ENFORCED ESCAPE EXCLUDE EXTENDED FILTER FIRST FOLLOWING FUNCTIONS GROUPING HOP CUMULATE IF IGNORE INTERVAL KEY LAST MAP METADATA MODIFY
	NULLS ONLY OPTIONS OVERWRITE PARTITIONED PRECEDING PRIMARY RANGE RECURSIVE RENAME REPLACE RESPECT ROLLUP ROW ROWS SESSION SETS SHOW
	STATEMENT SYSTEM_TIME TABLES TEMPORARY TIME TIMESTAMP TIMESTAMP_LTZ TO TUMBLE UNBOUNDED VIEW VIEWS VIRTUAL WATERMARK
	BIGINT BINARY BOOLEAN BYTES CHAR DECIMAL DOUBLE FLOAT INT SMALLINT STRING TINYINT VARBINARY VARCHAR`)

// Complete gives the offset at which the word before the end of text begins, and what it may become. behind is the rest of the
// statement.
func (c Completer) Complete(text, behind string) (from int, candidates []string) {
	before := lastStatement(scan(text))
	all := lastStatement(scan(text + behind))
	word := lexeme{start: len(text)}
	if n := len(before); n > 0 {
		last := before[n-1]
		touches := last.quote == 0 && last.start+len(last.text) == len(text) && last.name() || last.open
		if touches {
			word, before = last, before[:n-1]
		}
	}
	if from = word.start; word.open && word.quote == '`' {
		from--
	}
	switch {
	case word.open && word.quote == '\'':
		candidates = c.quoted(before, word.text)
	case len(before) == 0:
		candidates = inCaseOf(word.text, statementWords)
	case before[len(before)-1].is("USE") || len(before) > 1 && before[len(before)-2].is("USE"):
		candidates = append(c.databases(word.text), inCaseOf(word.text, []string{"CATALOG"})...)
	case namesTable(before):
		candidates = append(c.tables(word.text), c.databases(word.text)...)
	default:
		candidates = c.words(all, word.text)
	}
	return from, matching(candidates, word.text)
}

// matching are the candidates that begin with what is typed and go on, in order and each once.
func matching(candidates []string, typed string) []string {
	typed = strings.TrimLeft(typed, "`")
	out := slices.DeleteFunc(candidates, func(s string) bool {
		s = strings.TrimLeft(s, "`")
		return len(s) < len(typed) || s == typed || !strings.EqualFold(s[:len(typed)], typed)
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// inCaseOf writes keywords in small letters if what was typed is.
func inCaseOf(typed string, words []string) []string {
	out := slices.Clone(words)
	if typed != "" && !strings.ContainsFunc(typed, unicode.IsUpper) {
		for i, w := range out {
			out[i] = strings.ToLower(w)
		}
	}
	return out
}

// namesTable says whether a table comes next.
func namesTable(before []lexeme) bool {
	last := before[len(before)-1]
	if last.is("FROM", "JOIN", "INTO", "OVERWRITE", "DESCRIBE", "DESC", "TABLE", "VIEW") {
		return true
	}
	return last.is("EXISTS") && len(before) > 1 && before[len(before)-2].is("IF")
}

// tables are those of the database that the first parts of a name say.
func (c Completer) tables(typed string) []string {
	parts := strings.Split(typed, ".")
	name, database := c.Catalogs.Current()
	switch len(parts) {
	case 2:
		database = parts[0]
	case 3:
		name, database = parts[0], parts[1]
	}
	names, err := c.Catalogs.Tables(name, database)
	if err != nil {
		return nil
	}
	return quotedBehind(parts, names)
}

// databases are those of the catalog that the first part of a name says, and catalogs.
func (c Completer) databases(typed string) []string {
	parts := strings.Split(typed, ".")
	name, _ := c.Catalogs.Current()
	if len(parts) == 2 {
		name = parts[0]
	}
	found, err := c.Catalogs.Catalog(name)
	if err != nil || len(parts) > 2 {
		return nil
	}
	names, err := found.Databases()
	if err != nil {
		return nil
	}
	if len(parts) == 1 {
		names = append(names, c.Catalogs.Catalogs()...)
	}
	return quotedBehind(parts, names)
}

// quotedBehind puts names behind the parts of a name that are there already, but for the last one.
func quotedBehind(parts, names []string) []string {
	prefix := strings.Join(parts[:len(parts)-1], ".")
	if prefix != "" {
		prefix += "."
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + ast.Quote(n)
	}
	return out
}

// words are what may stand in an expression: columns of the tables that the statement names, functions and keywords.
func (c Completer) words(statement []lexeme, typed string) []string {
	columns := c.columns(statement)
	if qualifier, _, qualified := strings.Cut(typed, "."); qualified {
		var out []string
		for _, n := range columns[qualifier] {
			out = append(out, qualifier+"."+ast.Quote(n))
		}
		return out
	}
	out := inCaseOf(typed, append(slices.Concat(keywords, statementWords[:11]), ast.Reserved()...))
	for qualifier, names := range columns {
		out = append(out, qualifier)
		for _, n := range names {
			out = append(out, ast.Quote(n))
		}
	}
	var functions []string
	for _, name := range session.FunctionNames() {
		functions = append(functions, name+"(")
	}
	return append(out, inCaseOf(typed, functions)...)
}

// columns are those of the tables of a statement, by the table's last name and by its alias.
func (c Completer) columns(statement []lexeme) map[string][]string {
	out := map[string][]string{}
	for i, l := range statement {
		if i == 0 || !l.name() || !statement[i-1].is("FROM", "JOIN", "INTO", ",", "TABLE") {
			continue
		}
		parts := strings.Split(l.text, ".")
		t, _, err := c.Catalogs.Table(c.Catalogs.Qualify(parts))
		if err != nil {
			continue
		}
		var names []string
		for _, column := range t.Columns {
			names = append(names, column.Name)
		}
		out[parts[len(parts)-1]] = names
		at := i + 1
		if at < len(statement) && statement[at].is("AS") {
			at++
		}
		if at < len(statement) && statement[at].name() && !ast.IsReserved(strings.ToUpper(statement[at].text)) {
			out[statement[at].text] = names
		}
	}
	return out
}

// quoted is what may stand between quotes: a key of SET, an option of WITH or one of its values, a file.
func (c Completer) quoted(before []lexeme, typed string) []string {
	switch {
	case len(before) == 0:
		return nil
	case before[0].is("SET", "RESET"):
		if len(before) == 1 {
			return session.SettingKeys()
		}
		return session.OptionValues(before[1].text)
	}
	with := slices.IndexFunc(before, func(l lexeme) bool { return l.is("WITH") })
	if with < 0 || !before[0].is("CREATE", "ALTER") {
		return files(typed)
	}
	last := before[len(before)-1]
	switch {
	case last.is("(", ","):
		return session.OptionKeys()
	case last.is("=") && before[len(before)-2].text == "path":
		return files(typed)
	case last.is("="):
		return session.OptionValues(before[len(before)-2].text)
	}
	return nil
}

// files are those of this machine whose names begin so; directories end with a slash.
func files(typed string) []string {
	found, err := filepath.Glob(typed + "*")
	if err != nil {
		return nil
	}
	for i, name := range found {
		if inside, _ := filepath.Glob(filepath.Join(name, "*")); len(inside) > 0 {
			found[i] = name + "/"
		}
	}
	return found
}
