package parser

import (
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
)

// statementWords begin statements.
var statementWords = strings.Fields("SELECT WITH VALUES CREATE DROP ALTER INSERT EXECUTE BEGIN EXPLAIN DESCRIBE DESC SHOW USE SET RESET " +
	"QUIT EXIT CLEAR HELP")

// refused are the statements that Flink has and Leat has not, with what helps instead.
var refused = map[string]string{
	"ADD":      "functions are Go functions of the program that runs the statement",
	"REMOVE":   "functions are Go functions of the program that runs the statement",
	"LOAD":     "all functions are there without modules",
	"UNLOAD":   "all functions are there without modules",
	"CALL":     "",
	"ANALYZE":  "statistics are read from the files themselves",
	"UPDATE":   "write the rows that shall be there with INSERT OVERWRITE",
	"DELETE":   "write the rows that shall stay with INSERT OVERWRITE",
	"TRUNCATE": "write no rows with INSERT OVERWRITE",
	"COMPILE":  "",
	"STOP":     "use leat stop",
	"SOURCE":   "use leat sql -f",
	"MERGE":    "",
}

// secondWords belong to the name of a refused statement.
var secondWords = strings.Fields("JAR MODULE TABLE FROM INTO PLAN JOB")

func (p *Parser) statement() ast.Statement {
	t := p.peek()
	switch t.upper {
	case "CREATE":
		return p.create()
	case "DROP":
		return p.drop()
	case "ALTER":
		return p.alter()
	case "INSERT":
		return p.insert()
	case "EXECUTE", "BEGIN":
		return p.execute()
	case "EXPLAIN":
		return p.explain()
	case "DESCRIBE", "DESC":
		return p.describe()
	case "SHOW":
		return p.show()
	case "USE":
		return p.use()
	case "SET":
		return p.set()
	case "RESET":
		p.advance()
		return &ast.Reset{Pos: t.pos, Key: p.settingKey()}
	case "QUIT", "EXIT", "CLEAR", "HELP":
		p.advance()
		return &ast.Command{Pos: t.pos, Name: t.upper}
	case "SELECT", "WITH", "VALUES", "TABLE":
		return &ast.QueryStatement{Pos: t.pos, Query: p.query()}
	}
	if t.is("(") {
		return &ast.QueryStatement{Pos: t.pos, Query: p.query()}
	}
	if hint, ok := refused[t.upper]; ok {
		what := t.upper
		if next := p.ahead(1); slices.Contains(secondWords, next.upper) {
			what += " " + next.upper
		}
		p.unsupported(t.pos, what, hint)
	}
	err := ast.Errorf(t.pos, "expected a statement, found %s", clip(t.text))
	if t.kind == endOfText {
		err.Message = "expected a statement, found the end of the text"
	}
	err.Hint = p.suggestion(statementWords)
	p.fail(err)
	return nil
}

// insert takes INSERT INTO | OVERWRITE [TABLE] table [PARTITION (...)] [(columns)] query [ON CONFLICT DO ...].
func (p *Parser) insert() *ast.Insert {
	i := &ast.Insert{Pos: p.peek().pos}
	p.expect("INSERT")
	i.Overwrite = p.expectOne("INTO", "OVERWRITE") == "OVERWRITE"
	if p.sees("TABLE") {
		p.advance()
	}
	i.Table = &ast.TableName{Pos: p.peek().pos}
	if p.peek().kind == text {
		i.Table.Path = p.path()
	} else {
		i.Table.Name = p.objectName("table")
	}
	i.Table.Hints = p.hints()
	if p.accept("PARTITION") {
		i.Table.Partition = enclosed(p, p.assignment)
	}
	if p.sees("(") && !p.opensQuery() {
		i.Columns = enclosed(p, p.columnName)
	}
	if i.Table.Partition == nil && p.accept("PARTITION") {
		i.Table.Partition = enclosed(p, p.assignment)
	}
	i.Query = p.query()
	if p.accept("ON", "CONFLICT") {
		p.expect("DO")
		i.Conflict = p.expectOne("NOTHING", "ERROR", "DEDUPLICATE")
	}
	return i
}

// assignment takes column [= constant].
func (p *Parser) assignment() ast.Assignment {
	a := ast.Assignment{Column: p.columnName()}
	if p.accept("=") {
		a.Value = p.exprAt(ast.LevelAdd)
	}
	return a
}

// execute takes EXECUTE STATEMENT SET BEGIN ... END, BEGIN STATEMENT SET; ... END, and EXECUTE statement.
func (p *Parser) execute() ast.Statement {
	t := p.advance()
	switch {
	case p.accept("STATEMENT", "SET"):
		if t.is("BEGIN") {
			p.expect(";")
		}
		return p.statementSet(t, !t.is("BEGIN"))
	case t.is("EXECUTE") && p.sees("PLAN"):
		p.unsupported(t.pos, "EXECUTE PLAN", "")
	case t.is("EXECUTE") && p.sees("INSERT"):
		return p.insert()
	case t.is("EXECUTE") && (p.sees("SELECT") || p.sees("WITH") || p.sees("VALUES")):
		return &ast.QueryStatement{Pos: p.peek().pos, Query: p.query()}
	}
	p.unexpected("STATEMENT SET")
	return nil
}

func (p *Parser) statementSet(t token, begin bool) *ast.StatementSet {
	s := &ast.StatementSet{Pos: t.pos}
	if begin {
		p.expect("BEGIN")
	}
	for !p.accept("END") {
		if !p.sees("INSERT") {
			p.unexpected("INSERT", "END")
		}
		s.Inserts = append(s.Inserts, p.insert())
		p.expect(";")
	}
	if len(s.Inserts) == 0 {
		p.failAt(t.pos, "the statement set is empty")
	}
	return s
}

var explainDetails = []string{"ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE"}

func (p *Parser) explain() ast.Statement {
	e := &ast.Explain{Pos: p.advance().pos}
	if p.accept("PLAN") {
		p.expect("FOR")
	} else {
		for d := p.acceptOne(explainDetails...); d != ""; d = p.acceptOne(explainDetails...) {
			e.Details = append(e.Details, d)
			p.accept(",")
		}
	}
	t := p.peek()
	switch {
	case p.accept("STATEMENT", "SET"):
		e.Statement = p.statementSet(t, true)
	case p.sees("INSERT"):
		e.Statement = p.insert()
	case p.sees("EXECUTE"), p.sees("CREATE"):
		e.Statement = p.statement()
	default:
		e.Statement = &ast.QueryStatement{Pos: t.pos, Query: p.query()}
	}
	return e
}

func (p *Parser) describe() ast.Statement {
	d := &ast.Describe{Pos: p.advance().pos, Kind: ast.TableObject}
	for _, k := range []ast.ObjectKind{ast.CatalogObject, ast.DatabaseObject, ast.FunctionObject, ast.TableObject, ast.ViewObject} {
		if p.sees(string(k)) && (isName(p.ahead(1)) || p.ahead(1).kind == text) {
			p.advance()
			d.Kind = k
			break
		}
	}
	if p.sees("EXTENDED") && (isName(p.ahead(1)) || p.ahead(1).kind == text) {
		p.advance()
		d.Extended = true
	}
	if p.peek().kind == text {
		d.Path = p.path()
		return d
	}
	d.Name = p.objectName("table")
	return d
}

func (p *Parser) use() ast.Statement {
	u := &ast.Use{Pos: p.advance().pos, Kind: ast.DatabaseObject}
	if p.sees("MODULES") && isName(p.ahead(1)) {
		p.unsupported(u.Pos, "USE MODULES", "all functions are there without modules")
	}
	if p.sees("CATALOG") && isName(p.ahead(1)) {
		p.advance()
		u.Kind = ast.CatalogObject
	}
	u.Name = p.objectName(strings.ToLower(string(u.Kind)))
	return u
}

// set takes SET, SET 'key' = 'value', and SET key = value with everything up to the semicolon.
func (p *Parser) set() ast.Statement {
	s := &ast.Set{Pos: p.advance().pos}
	if p.sees(";") || p.peek().kind == endOfText {
		return s
	}
	s.Key = p.settingKey()
	p.expect("=")
	if t := p.peek(); t.kind == text && (p.ahead(1).is(";") || p.ahead(1).kind == endOfText) {
		s.Value = p.advance().text
		return s
	}
	start := p.peek().pos.Offset
	end := start
	for !p.sees(";") && p.peek().kind != endOfText {
		end = p.advance().end
	}
	if s.Value = p.source[start:end]; s.Value == "" {
		p.unexpected("a value in quotes")
	}
	return s
}

// settingKey takes 'key', or words with dots and dashes; empty at the end of the statement.
func (p *Parser) settingKey() string {
	if p.peek().kind == text {
		return p.advance().text
	}
	var b strings.Builder
	for t := p.peek(); t.kind == word || t.kind == number || t.is(".") || t.is("-"); t = p.peek() {
		b.WriteString(t.text)
		p.advance()
	}
	return b.String()
}
