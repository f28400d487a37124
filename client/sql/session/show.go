package session

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/runtime/expr"
)

// describe shows the columns of a table, a view or a file.
func (s *Session) describe(d *ast.Describe) error {
	if d.Path != "" {
		t, err := s.file(d.Path)
		if err != nil {
			return err
		}
		if err := s.columns(t, nil); err != nil {
			return err
		}
		options := shownOptions(t.Options)
		for _, key := range slices.Sorted(keysOf(options)) {
			s.out.Message("'" + key + "' = '" + options[key] + "'")
		}
		return nil
	}
	switch d.Kind {
	case ast.CatalogObject:
		c, err := s.Catalogs.Catalog(d.Name.Last())
		if err != nil {
			return err
		}
		return s.describeCatalog(d, kindOfCatalog(c))
	case ast.DatabaseObject:
		return s.describeDatabase(d.Name.Strings())
	case ast.FunctionObject:
		f, err := expr.Lookup(d.Name.Last())
		if err != nil {
			return err
		}
		return s.print([]string{"info name", "info value"}, [][]string{{"name", f.Name}, {"category", f.Category}, {"signatures", f.Signatures}, {"description", f.Doc}})
	}
	t, _, err := s.Catalogs.Table(s.Catalogs.Qualify(d.Name.Strings()))
	if err != nil {
		return err
	}
	return s.columns(t, nil)
}

func (s *Session) describeCatalog(d *ast.Describe, kind string) error {
	made := s.created[d.Name.Last()]
	comment := made.comment
	if comment == "" {
		comment = null
	}
	rows := [][]string{{"name", d.Name.Last()}, {"type", kind}, {"comment", comment}}
	options := shownOptions(made.options)
	for _, key := range slices.Sorted(keysOf(options)) {
		if d.Extended && key != "type" {
			rows = append(rows, []string{"option:" + key, options[key]})
		}
	}
	return s.print([]string{"info name", "info value"}, rows)
}

func kindOfCatalog(c catalog.Catalog) string {
	if _, ok := c.(*recorded); ok {
		return "file"
	}
	return "generic_in_memory"
}

func (s *Session) describeDatabase(parts []string) error {
	name, _ := s.Catalogs.Current()
	if len(parts) == 2 {
		name = parts[0]
	}
	c, err := s.Catalogs.Catalog(name)
	if err != nil {
		return err
	}
	d, err := c.Database(parts[len(parts)-1])
	if err != nil {
		return err
	}
	return s.print([]string{"info name", "info value"}, [][]string{{"catalog", name}, {"database", parts[len(parts)-1]}, {"comment", d.Comment}})
}

// columns shows those of a table whose names match, as Flink's DESCRIBE.
func (s *Session) columns(t *catalog.Table, matches func(string) bool) error {
	var rows [][]string
	commented := slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Comment != "" })
	for _, c := range t.Columns {
		if matches != nil && !matches(c.Name) {
			continue
		}
		row := []string{c.Name, c.Type.Nullable().String(), "TRUE", null, null, null}
		if c.Type.NotNull {
			row[2] = "FALSE"
		}
		if slices.Contains(t.PrimaryKey, c.Name) {
			row[3] = "PRI(" + strings.Join(t.PrimaryKey, ", ") + ")"
		}
		switch {
		case c.Expr != "":
			row[4] = "AS " + c.Expr
		case c.Metadata != "":
			row[4] = "METADATA"
			if c.Metadata != c.Name {
				row[4] += " FROM '" + c.Metadata + "'"
			}
			if c.Virtual {
				row[4] += " VIRTUAL"
			}
		}
		if t.Watermark != nil && strings.Join(t.Watermark.Column, ".") == c.Name {
			row[5] = t.Watermark.Expr
		}
		if commented {
			row = append(row, c.Comment)
			if c.Comment == "" {
				row[6] = null
			}
		}
		rows = append(rows, row)
	}
	names := []string{"name", "type", "null", "key", "extras", "watermark"}
	if commented {
		names = append(names, "comment")
	}
	return s.print(names, rows)
}

// empty are the headings of what a session has none of.
var empty = map[string]string{
	"USER FUNCTIONS": "function name", "JARS": "jars", "MODELS": "model name", "MATERIALIZED TABLES": "materialized table", "PROCEDURES": "procedure name",
}

// show lists objects.
func (s *Session) show(ctx context.Context, st *ast.Show) error {
	matches, err := pattern(st)
	if err != nil {
		return err
	}
	name, database := s.Catalogs.Current()
	switch in := st.In.Strings(); {
	case len(in) == 1 && st.What == "DATABASES":
		name = in[0]
	case len(in) == 1:
		database = in[0]
	case len(in) == 2:
		name, database = in[0], in[1]
	}
	one := func(column, value string) error { return s.print([]string{column}, [][]string{{value}}) }
	list := func(column string, values []string, err error) error {
		var rows [][]string
		for _, v := range values {
			if matches(v) {
				rows = append(rows, []string{v})
			}
		}
		if err != nil {
			return err
		}
		return s.print([]string{column}, rows)
	}
	switch st.What {
	case "CATALOGS":
		return list("catalog name", s.Catalogs.Catalogs(), nil)
	case "CURRENT CATALOG":
		return one("current catalog name", name)
	case "CURRENT DATABASE":
		return one("current database name", database)
	case "DATABASES":
		c, err := s.Catalogs.Catalog(name)
		if err != nil {
			return err
		}
		names, err := c.Databases()
		return list("database name", names, err)
	case "TABLES", "VIEWS":
		names, err := s.Catalogs.Tables(name, database)
		if st.What == "VIEWS" {
			names = slices.DeleteFunc(names, func(n string) bool {
				t, _, err := s.Catalogs.Table(catalog.Path{Catalog: name, Database: database, Object: n})
				return err != nil || t.View == nil
			})
			return list("view name", names, err)
		}
		return list("table name", names, err)
	case "FUNCTIONS":
		return list("function name", FunctionNames(), nil)
	case "MODULES":
		return list("module name", []string{"core"}, nil)
	case "FULL MODULES":
		return s.print([]string{"module name", "used"}, [][]string{{"core", "TRUE"}})
	case "JOBS":
		return s.print([]string{"job id", "job name", "status", "start time"}, nil)
	case "USER FUNCTIONS", "JARS", "MODELS", "MATERIALIZED TABLES", "PROCEDURES":
		return list(empty[st.What], nil, nil)
	case "COLUMNS", "CREATE TABLE", "CREATE VIEW":
		return s.showTable(st, matches)
	case "CREATE CATALOG":
		return s.showCatalog(st.Name.Last())
	case "PARTITIONS":
		names, err := s.partitions(ctx, st)
		return list("partition name", names, err)
	}
	return fmt.Errorf("SHOW %s is not supported", st.What)
}

// showCatalog prints the statement that makes a catalog.
func (s *Session) showCatalog(name string) error {
	c, err := s.Catalogs.Catalog(name)
	if err != nil {
		return err
	}
	made, ok := s.created[name]
	if !ok {
		made.options = map[string]string{"type": kindOfCatalog(c)}
	}
	return s.out.Text(catalog.ShowCreateCatalog(name, made.comment, shownOptions(made.options)))
}

func (s *Session) showTable(st *ast.Show, matches func(string) bool) error {
	path := s.Catalogs.Qualify(st.Name.Strings())
	t, temporary, err := s.Catalogs.Table(path)
	if err != nil {
		return err
	}
	switch {
	case st.What == "COLUMNS":
		return s.columns(t, matches)
	case st.What == "CREATE VIEW" && t.View == nil:
		return fmt.Errorf("%s is a table: SHOW CREATE TABLE shows it", path.Object)
	case st.What == "CREATE TABLE" && t.View != nil:
		return fmt.Errorf("%s is a view: SHOW CREATE VIEW shows it", path.Object)
	}
	t = t.Clone()
	t.Options = shownOptions(t.Options)
	return s.out.Text(catalog.ShowCreate(path, t, temporary))
}

// pattern is what LIKE or ILIKE of SHOW lets pass; a backslash takes the meaning of the character behind it.
func pattern(st *ast.Show) (func(string) bool, error) {
	if st.Operator == "" {
		return func(string) bool { return true }, nil
	}
	text := "^"
	for i := 0; i < len(st.Pattern); i++ {
		switch c := st.Pattern[i]; {
		case c == '\\' && i+1 < len(st.Pattern):
			i++
			text += regexp.QuoteMeta(st.Pattern[i : i+1])
		case c == '%':
			text += ".*"
		case c == '_':
			text += "."
		default:
			text += regexp.QuoteMeta(st.Pattern[i : i+1])
		}
	}
	text += "$"
	if st.Operator == "ILIKE" || st.What == "FUNCTIONS" { // names of functions are not case-sensitive
		text = "(?i)" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", st.Pattern, err)
	}
	return func(s string) bool { return re.MatchString(s) != st.Not }, nil
}
