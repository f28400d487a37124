package parser

import (
	"github.com/leatproject/leat/client/sql/ast"
)

// query takes [WITH ...] body [ORDER BY ...] [LIMIT ...] [OFFSET ...].
func (p *Parser) query() *ast.Query {
	defer p.nest()()
	q := &ast.Query{Pos: p.peek().pos}
	if p.peek().is("WITH") {
		q.With = p.with()
	}
	q.Body = p.body()
	if p.accept("ORDER", "BY") {
		if p.accept("ALL") {
			q.OrderBy = []ast.OrderItem{p.direction(ast.OrderItem{All: true})}
		} else {
			q.OrderBy = list(p, p.orderItem)
		}
	}
	p.limits(q)
	return q
}

// opensQuery says whether the next token is a parenthesis around a query, not around an expression or a table that begins with
// one: ((SELECT 1) + 1) and ((SELECT 1) AS t JOIN u) are none.
func (p *Parser) opensQuery() bool {
	n := 0
	for p.ahead(n).is("(") && n <= maxDepth {
		n++
	}
	t := p.ahead(n)
	if n == 0 || !(t.is("SELECT") || t.is("WITH") || t.is("VALUES") || t.is("TABLE") && isName(p.ahead(n+1))) {
		return false
	}
	for inner := p.at + n - 1; inner > p.at; inner-- {
		behind := p.closing(inner) + 1
		if behind >= len(p.tokens) || !continuesQuery(p.tokens[behind]) {
			return false
		}
	}
	return true
}

func continuesQuery(t token) bool {
	switch t.upper {
	case "UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH":
		return true
	}
	return t.is(")")
}

// closing is the index of the parenthesis that closes the one at an index, or the end of the text.
func (p *Parser) closing(open int) int {
	if p.closes == nil {
		p.closes = make([]int, len(p.tokens))
		var stack []int
		for i, t := range p.tokens {
			p.closes[i] = len(p.tokens)
			switch {
			case t.is("("):
				stack = append(stack, i)
			case t.is(")") && len(stack) > 0:
				p.closes[stack[len(stack)-1]] = i
				stack = stack[:len(stack)-1]
			}
		}
	}
	return p.closes[open]
}

func (p *Parser) with() *ast.With {
	w := &ast.With{Pos: p.advance().pos}
	if p.peek().is("RECURSIVE") && isName(p.ahead(1)) {
		p.advance()
		w.Recursive = true
	}
	w.Tables = list(p, func() ast.CommonTable {
		t := ast.CommonTable{Pos: p.peek().pos, Name: p.ident("the name of a common table expression")}
		if p.sees("(") {
			t.Columns = enclosed(p, p.columnName)
		}
		p.expect("AS", "(")
		t.Query = p.query()
		p.expect(")")
		return t
	})
	return w
}

// body takes UNION and EXCEPT, which bind alike, to the left.
func (p *Parser) body() ast.Body {
	left := p.intersection()
	for range maxChain {
		var op ast.SetOperator
		pos := p.peek().pos
		switch p.acceptOne("UNION", "EXCEPT", "MINUS") {
		case "UNION":
			op = ast.Union
		case "EXCEPT", "MINUS":
			op = ast.Except
		default:
			return left
		}
		left = &ast.SetOperation{Pos: pos, Operator: op, All: p.all(), Left: left, Right: p.intersection()}
	}
	p.failAt(p.peek().pos, "more than %d set operations in a row", maxChain)
	return nil
}

// intersection takes INTERSECT, which binds tighter than UNION.
func (p *Parser) intersection() ast.Body {
	left := p.term()
	for range maxChain {
		pos := p.peek().pos
		if !p.accept("INTERSECT") {
			return left
		}
		left = &ast.SetOperation{Pos: pos, Operator: ast.Intersect, All: p.all(), Left: left, Right: p.term()}
	}
	p.failAt(p.peek().pos, "more than %d set operations in a row", maxChain)
	return nil
}

func (p *Parser) all() bool {
	if p.accept("ALL") {
		return true
	}
	p.accept("DISTINCT")
	return false
}

func (p *Parser) term() ast.Body {
	pos := p.peek().pos
	switch {
	case p.peek().is("SELECT"):
		return p.selection()
	case p.accept("VALUES"):
		return &ast.Values{Pos: pos, Rows: list(p, p.valuesRow)}
	case p.accept("TABLE"):
		return &ast.ExplicitTable{Pos: pos, Name: p.objectName("table")}
	case p.accept("("):
		q := p.query()
		p.expect(")")
		return q
	}
	p.unexpected("SELECT", "VALUES", "TABLE", "WITH")
	return nil
}

// valuesRow takes (a, b), ROW(a, b), or a single expression.
func (p *Parser) valuesRow() []ast.Expr {
	if p.sees("(") && !p.opensQuery() {
		return enclosed(p, p.expr)
	}
	e := p.expr()
	if row, ok := e.(*ast.Row); ok {
		return row.Items
	}
	return []ast.Expr{e}
}

func (p *Parser) orderItem() ast.OrderItem {
	return p.direction(ast.OrderItem{Expr: p.expr()})
}

func (p *Parser) direction(o ast.OrderItem) ast.OrderItem {
	if p.acceptOne("ASC", "DESC") == "DESC" {
		o.Descending = true
	}
	if p.accept("NULLS", "FIRST") {
		o.Nulls = ast.NullsFirst
	} else if p.accept("NULLS", "LAST") {
		o.Nulls = ast.NullsLast
	}
	return o
}

// limits takes LIMIT and OFFSET in either order, LIMIT offset, count, and FETCH FIRST n ROWS ONLY.
func (p *Parser) limits(q *ast.Query) {
	for {
		switch {
		case q.Limit == nil && p.accept("LIMIT"):
			if p.accept("ALL") {
				continue
			}
			q.Limit = p.expr()
			if q.Offset == nil && p.accept(",") {
				q.Offset, q.Limit = q.Limit, p.expr()
			}
		case q.Offset == nil && p.accept("OFFSET"):
			q.Offset = p.expr()
			p.acceptOne("ROW", "ROWS")
		case q.Limit == nil && p.accept("FETCH"):
			p.expectOne("FIRST", "NEXT")
			q.Limit = &ast.Literal{Pos: p.peek().pos, Kind: ast.NumberLiteral, Text: "1"}
			if p.acceptOne("ROW", "ROWS") == "" {
				q.Limit = p.expr()
				p.expectOne("ROW", "ROWS")
			}
			p.expect("ONLY")
		default:
			return
		}
	}
}

func (p *Parser) selection() *ast.Select {
	s := &ast.Select{Pos: p.advance().pos}
	s.Hints = p.hints()
	if p.accept("DISTINCT") {
		s.Distinct = true
	} else {
		p.accept("ALL")
	}
	s.Items = list(p, p.selectItem)
	if p.accept("FROM") {
		s.From = p.from()
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.peek().is("GROUP") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	if p.accept("WINDOW") {
		s.Windows = list(p, func() ast.NamedWindow {
			w := ast.NamedWindow{Name: p.ident("the name of a window")}
			p.expect("AS")
			w.Spec = p.windowSpec()
			return w
		})
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.expr()
	}
	return s
}

func (p *Parser) selectItem() ast.SelectItem {
	if star := p.maybeStar(); star != nil {
		return ast.SelectItem{Expr: star}
	}
	item := ast.SelectItem{Expr: p.expr()}
	switch {
	case p.accept("AS"):
		item.Alias = p.label("an alias")
	case isName(p.peek()):
		item.Alias = p.ident("an alias")
	}
	return item
}

// maybeStar takes * or a.b.* with EXCLUDE.
func (p *Parser) maybeStar() ast.Expr {
	n := 0
	for isName(p.ahead(n)) && p.ahead(n+1).is(".") {
		n += 2
	}
	if !p.ahead(n).is("*") {
		return nil
	}
	star := &ast.Star{Pos: p.peek().pos}
	for range n / 2 {
		t := p.advance()
		star.Qualifier = append(star.Qualifier, ast.Ident{Pos: t.pos, Name: t.text})
		p.expect(".")
	}
	p.expect("*")
	if p.sees("EXCLUDE", "(") {
		p.advance()
		star.Exclude = enclosed(p, p.columnName)
	} else if p.sees("EXCLUDE") && isName(p.ahead(1)) {
		p.advance()
		star.Exclude = []ast.Ident{p.columnName()}
	}
	return star
}

func (p *Parser) groupBy() *ast.GroupBy {
	g := &ast.GroupBy{Pos: p.advance().pos}
	p.expect("BY")
	if p.accept("ALL") {
		if t := p.peek(); t.kind == endOfText || t.is(";") || t.is(")") || t.kind == word && ast.IsReserved(t.upper) {
			g.All = true
			return g
		}
	} else if p.accept("DISTINCT") {
		g.Distinct = true
	}
	g.Elements = list(p, p.groupElement)
	return g
}

func (p *Parser) groupElement() ast.GroupElement {
	defer p.nest()()
	e := ast.GroupElement{Pos: p.peek().pos}
	switch {
	case p.sees("ROLLUP", "("):
		e.Kind = ast.GroupRollup
		p.advance()
		e.Elements = enclosed(p, p.groupElement)
	case p.sees("CUBE", "("):
		e.Kind = ast.GroupCube
		p.advance()
		e.Elements = enclosed(p, p.groupElement)
	case p.accept("GROUPING", "SETS"):
		e.Kind = ast.GroupSets
		e.Elements = enclosed(p, p.groupElement)
	case p.accept("(", ")"):
	default:
		expr := p.expr()
		e.Exprs = []ast.Expr{expr}
		if row, ok := expr.(*ast.Row); ok && len(row.Items) > 1 {
			e.Exprs = row.Items
		}
	}
	return e
}

// hints takes /*+ name(arguments), ... */.
func (p *Parser) hints() []ast.Hint {
	if !p.accept("/*+") {
		return nil
	}
	hints := list(p, func() ast.Hint {
		name := p.label("the name of a hint")
		h := ast.Hint{Pos: name.Pos, Name: name.Name}
		if !p.accept("(") || p.accept(")") {
			return h
		}
		for {
			p.hintArgument(&h)
			if !p.accept(",") {
				break
			}
		}
		p.expect(")")
		return h
	})
	p.expect("*/")
	return hints
}

func (p *Parser) hintArgument(h *ast.Hint) {
	t := p.peek()
	switch {
	case p.ahead(1).is("=") && (t.kind == text || t.kind == word || t.kind == quotedName):
		p.advance()
		p.expect("=")
		h.Options = append(h.Options, ast.Option{Pos: t.pos, Key: t.text, Value: p.text("the value of the option")})
	case t.kind == text || t.kind == number:
		p.advance()
		h.Args = append(h.Args, t.text)
	default:
		name := p.objectName("table")
		h.Args = append(h.Args, name.Dotted())
	}
}
