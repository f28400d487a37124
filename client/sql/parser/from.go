package parser

import "github.com/leatproject/leat/client/sql/ast"

// from takes tables with commas between them, each perhaps with joins.
func (p *Parser) from() ast.TableRef {
	left := p.joined()
	for range maxChain {
		pos := p.peek().pos
		if !p.accept(",") {
			return left
		}
		left = &ast.Join{Pos: pos, Kind: ast.CommaJoin, Left: left, Right: p.joined()}
	}
	p.failAt(p.peek().pos, "more than %d tables", maxChain)
	return nil
}

func (p *Parser) joined() ast.TableRef {
	defer p.nest()()
	left := p.table()
	for range maxChain {
		j := p.joinKeywords()
		if j == nil {
			return left
		}
		j.Left, j.Right = left, p.table()
		switch {
		case p.accept("ON"):
			j.On = p.expr()
		case p.accept("USING"):
			j.Using = enclosed(p, p.columnName)
		}
		if j.Natural && (j.On != nil || j.Using != nil) {
			p.failAt(j.Pos, "a NATURAL JOIN takes neither ON nor USING")
		}
		left = j
	}
	p.failAt(p.peek().pos, "more than %d joins", maxChain)
	return nil
}

// joinKeywords takes [NATURAL] [INNER | LEFT [OUTER] ...] JOIN, or nothing.
func (p *Parser) joinKeywords() *ast.Join {
	j := &ast.Join{Pos: p.peek().pos, Kind: ast.InnerJoin}
	j.Natural = p.accept("NATURAL")
	switch p.acceptOne("INNER", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN") {
	case "":
		if j.Natural {
			p.unexpected("JOIN")
		}
		return nil
	case "JOIN":
		return j
	case "LEFT":
		j.Kind = ast.LeftJoin
	case "RIGHT":
		j.Kind = ast.RightJoin
	case "FULL":
		j.Kind = ast.FullJoin
	case "CROSS":
		j.Kind = ast.CrossJoin
	}
	if j.Kind != ast.InnerJoin && j.Kind != ast.CrossJoin {
		p.accept("OUTER")
	}
	p.expect("JOIN")
	return j
}

// table takes one table of FROM.
func (p *Parser) table() ast.TableRef {
	defer p.nest()()
	t := p.tableAlone()
	switch next := p.peek(); {
	case next.is("MATCH_RECOGNIZE"), next.is("PIVOT"), next.is("UNPIVOT"), next.is("TABLESAMPLE"):
		p.unsupported(next.pos, next.upper, "")
	case p.sees("FOR", "SYSTEM_TIME"):
		p.unsupported(next.pos, "FOR SYSTEM_TIME of what is no table of a catalog", "")
	}
	return t
}

// tableAlone takes what stands before an operator on a table.
func (p *Parser) tableAlone() ast.TableRef {
	pos := p.peek().pos
	lateral := p.accept("LATERAL")
	switch {
	case p.accept("UNNEST"):
		return p.unnest(pos)
	case p.accept("TABLE", "("):
		f := &ast.TableFunction{Pos: pos, Lateral: lateral, Call: p.tableCall()}
		p.expect(")")
		f.Alias = p.alias()
		return f
	case p.opensQuery() || lateral && p.sees("("):
		return &ast.DerivedTable{Pos: pos, Lateral: lateral, Query: p.enclosedQuery(), Alias: p.alias()}
	case p.accept("("):
		t := p.joined()
		p.expect(")")
		return t
	case p.peek().kind == text:
		t := &ast.TableName{Pos: pos, Path: p.path()}
		t.Hints = p.hints()
		t.Alias = p.alias()
		return t
	}
	return p.named(pos, lateral)
}

func (p *Parser) unnest(pos ast.Pos) ast.TableRef {
	p.expect("(")
	u := &ast.Unnest{Pos: pos, Expr: p.expr()}
	p.expect(")")
	u.Ordinality = p.accept("WITH", "ORDINALITY")
	u.Alias = p.alias()
	return u
}

// named takes a table's name, or a function that is called without TABLE(...).
func (p *Parser) named(pos ast.Pos, lateral bool) ast.TableRef {
	name := p.objectName("table")
	if p.sees("(") {
		f := &ast.TableFunction{Pos: pos, Lateral: lateral, Call: p.callOf(name)}
		f.Alias = p.alias()
		return f
	}
	t := &ast.TableName{Pos: pos, Name: name}
	t.Hints = p.hints()
	if p.sees("FOR", "SYSTEM_TIME") {
		p.expect("FOR", "SYSTEM_TIME", "AS", "OF")
		t.SystemTime = p.expr()
	}
	t.Alias = p.alias()
	if len(t.Hints) == 0 {
		t.Hints = p.hints()
	}
	return t
}

// tableCall takes the function within TABLE(...).
func (p *Parser) tableCall() *ast.Call {
	return p.callOf(p.objectName("table function"))
}

// alias takes [AS] name [(columns)].
func (p *Parser) alias() ast.Alias {
	var a ast.Alias
	if p.accept("AS") {
		a.Name = p.ident("an alias")
	} else if isName(p.peek()) {
		a.Name = p.ident("an alias")
	} else {
		return a
	}
	if p.sees("(") {
		a.Columns = enclosed(p, p.columnName)
	}
	return a
}

// path takes the quoted path of a file.
func (p *Parser) path() string {
	t := p.advance()
	if t.text == "" {
		p.failAt(t.pos, "the path of a file is empty")
	}
	return t.text
}
