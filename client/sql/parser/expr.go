package parser

import (
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
)

// expr takes any expression.
func (p *Parser) expr() ast.Expr { return p.exprAt(ast.LevelOr) }

// exprAt takes an expression whose operators bind at least as tight as asked for.
func (p *Parser) exprAt(least int) ast.Expr {
	defer p.nest()()
	left := p.prefix()
	for range maxChain {
		next := p.infix(left, least)
		if next == nil {
			return left
		}
		left = next
	}
	p.failAt(p.peek().pos, "more than %d operators in a row", maxChain)
	return nil
}

// prefix takes NOT, signs, and what stands behind them.
func (p *Parser) prefix() ast.Expr {
	t := p.peek()
	switch {
	case t.is("NOT"):
		p.advance()
		return &ast.Unary{Pos: t.pos, Operator: "NOT", Operand: p.exprAt(ast.LevelNot)}
	case t.is("-"), t.is("+"):
		p.advance()
		return &ast.Unary{Pos: t.pos, Operator: t.text, Operand: p.exprAt(ast.LevelPostfix)}
	}
	return p.postfix(p.primary())
}

// postfix takes subscripts, fields and :: casts.
func (p *Parser) postfix(e ast.Expr) ast.Expr {
	for range maxChain {
		pos := p.peek().pos
		switch {
		case p.accept("["):
			e = &ast.Subscript{Pos: pos, Operand: e, Index: p.expr()}
			p.expect("]")
		case p.accept("::"):
			e = &ast.Cast{Pos: pos, Operand: e, Type: p.dataType()}
		case p.accept("."):
			name := p.label("the name of a field")
			if n, ok := e.(*ast.Name); ok {
				n.Parts = append(n.Parts, name)
				continue
			}
			e = &ast.Field{Pos: pos, Operand: e, Name: name}
		default:
			return e
		}
	}
	p.failAt(p.peek().pos, "more than %d subscripts in a row", maxChain)
	return nil
}

// infix takes one operator behind left, or gives nil when none follows that binds tight enough.
func (p *Parser) infix(left ast.Expr, least int) ast.Expr {
	t := p.peek()
	if t.kind != punctuation && t.kind != word {
		return nil
	}
	not := t.is("NOT")
	key := t
	if not {
		key = p.ahead(1)
	}
	switch key.upper {
	case "BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "SIMILAR":
		if least > ast.LevelIn {
			return nil
		}
		if not {
			p.advance()
		}
		return p.predicate(left, not)
	case "IS":
		if not {
			return nil
		}
		return p.is(left, least)
	}
	operator := t.upper
	if t.kind == punctuation {
		operator = t.text
	}
	l := ast.BinaryLevel(operator)
	if l == 0 || l < least || t.kind == word && operator != "OR" && operator != "AND" && operator != "OVERLAPS" {
		return nil
	}
	p.advance()
	if operator == "!=" {
		operator = "<>"
	}
	if l == ast.LevelCompare && operator != "OVERLAPS" {
		if q := p.quantifier(); q != "" {
			return p.quantified(t.pos, left, operator, q == "ALL")
		}
	}
	return &ast.Binary{Pos: t.pos, Operator: operator, Left: left, Right: p.exprAt(l + 1)}
}

// quantifier takes ANY, SOME or ALL before a parenthesis.
func (p *Parser) quantifier() string {
	for _, q := range []string{"ANY", "SOME", "ALL"} {
		if p.sees(q, "(") {
			p.advance()
			return q
		}
	}
	return ""
}

func (p *Parser) quantified(pos ast.Pos, left ast.Expr, operator string, all bool) ast.Expr {
	e := &ast.Quantified{Pos: pos, Operand: left, Operator: operator, All: all}
	e.List, e.Query = p.listOrQuery()
	return e
}

// listOrQuery takes (a, b) or (query).
func (p *Parser) listOrQuery() ([]ast.Expr, *ast.Query) {
	if p.opensQuery() {
		return nil, p.enclosedQuery()
	}
	return enclosed(p, p.expr), nil
}

func (p *Parser) enclosedQuery() *ast.Query {
	p.expect("(")
	q := p.query()
	p.expect(")")
	return q
}

// predicate takes BETWEEN, IN and LIKE with what follows.
func (p *Parser) predicate(left ast.Expr, not bool) ast.Expr {
	t := p.advance()
	switch t.upper {
	case "BETWEEN":
		e := &ast.Between{Pos: t.pos, Operand: left, Not: not}
		e.Symmetric = p.accept("SYMMETRIC")
		if !e.Symmetric {
			p.accept("ASYMMETRIC")
		}
		e.Low = p.exprAt(ast.LevelAdd)
		p.expect("AND")
		e.High = p.exprAt(ast.LevelAdd)
		return e
	case "IN":
		e := &ast.In{Pos: t.pos, Operand: left, Not: not}
		e.List, e.Query = p.listOrQuery()
		return e
	}
	e := &ast.Like{Pos: t.pos, Operand: left, Not: not, Operator: t.upper}
	if t.upper == "SIMILAR" {
		p.expect("TO")
		e.Operator = "SIMILAR TO"
	}
	e.Pattern = p.exprAt(ast.LevelAdd)
	if p.accept("ESCAPE") {
		e.Escape = p.exprAt(ast.LevelAdd)
	}
	return e
}

// is takes IS [NOT] NULL and its kin, and IS [NOT] DISTINCT FROM.
func (p *Parser) is(left ast.Expr, least int) ast.Expr {
	n := 1
	if p.ahead(1).is("NOT") {
		n = 2
	}
	distinct := p.ahead(n).is("DISTINCT")
	if least > ast.LevelIs && !(distinct && least <= ast.LevelCompare) {
		return nil
	}
	pos := p.advance().pos
	not := p.accept("NOT")
	if distinct {
		p.expect("DISTINCT", "FROM")
		operator := "IS DISTINCT FROM"
		if not {
			operator = "IS NOT DISTINCT FROM"
		}
		return &ast.Binary{Pos: pos, Operator: operator, Left: left, Right: p.exprAt(ast.LevelCompare + 1)}
	}
	what := p.expectOne("NULL", "TRUE", "FALSE", "UNKNOWN", "JSON")
	if what == "JSON" {
		if kind := p.acceptOne("VALUE", "OBJECT", "ARRAY", "SCALAR"); kind != "" {
			what += " " + kind
		}
	}
	return &ast.Is{Pos: pos, Operand: left, Not: not, What: what}
}

// primary takes what has no operator at its border.
func (p *Parser) primary() ast.Expr {
	t := p.peek()
	switch t.kind {
	case number:
		p.advance()
		return &ast.Literal{Pos: t.pos, Kind: ast.NumberLiteral, Text: t.text}
	case text:
		p.advance()
		return &ast.Literal{Pos: t.pos, Kind: ast.StringLiteral, Text: p.continued(t.text)}
	case hexText:
		p.advance()
		return &ast.Literal{Pos: t.pos, Kind: ast.BytesLiteral, Text: strings.ToUpper(t.text)}
	case quotedName:
		return p.nameOrCall()
	case word:
		return p.keywordOrName(t)
	}
	if t.is("(") {
		return p.parenthesis()
	}
	p.unexpected("an expression")
	return nil
}

// continued joins texts that follow each other on new lines, as the standard says.
func (p *Parser) continued(s string) string {
	for p.peek().kind == text && p.source[p.peek().pos.Offset] == '\'' && p.peek().pos.Line > p.previous().pos.Line {
		s += p.advance().text
	}
	return s
}

// parenthesis takes (query), (a), or the row (a, b).
func (p *Parser) parenthesis() ast.Expr {
	pos := p.peek().pos
	if p.opensQuery() {
		return &ast.Subquery{Pos: pos, Query: p.enclosedQuery()}
	}
	items := enclosed(p, p.expr)
	if len(items) == 1 {
		return p.difference(items[0])
	}
	return &ast.Row{Pos: pos, Items: items}
}

// keywordOrName takes what begins with an unquoted word.
func (p *Parser) keywordOrName(t token) ast.Expr {
	next := p.ahead(1)
	switch t.upper {
	case "NULL":
		p.advance()
		return &ast.Literal{Pos: t.pos, Kind: ast.NullLiteral}
	case "TRUE", "FALSE":
		p.advance()
		return &ast.Literal{Pos: t.pos, Kind: ast.BooleanLiteral, Text: t.upper}
	case "CASE":
		return p.caseOf()
	case "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ":
		if next.kind == text {
			p.advance()
			p.advance()
			kind := map[string]ast.LiteralKind{"DATE": ast.DateLiteral, "TIME": ast.TimeLiteral,
				"TIMESTAMP": ast.TimestampLiteral, "TIMESTAMP_LTZ": ast.TimestampLTZLiteral}[t.upper]
			return &ast.Literal{Pos: t.pos, Kind: kind, Text: next.text}
		}
		if t.upper == "TIMESTAMP" && next.is("WITH") && p.ahead(5).kind == text && p.ahead(2).is("LOCAL") {
			p.advance()
			for _, w := range []string{"WITH", "LOCAL", "TIME", "ZONE"} {
				p.expect(w)
			}
			return &ast.Literal{Pos: t.pos, Kind: ast.TimestampLTZLiteral, Text: p.advance().text}
		}
	case "_UTF8", "_UTF16", "_LATIN1", "_UTF16LE", "_UTF16BE":
		if next.kind == text {
			p.advance()
			return &ast.Literal{Pos: t.pos, Kind: ast.StringLiteral, Text: p.advance().text}
		}
	case "INTERVAL":
		if next.kind == text || next.kind == number || next.is("-") || next.is("+") {
			return p.interval()
		}
	case "NEXT":
		if next.is("VALUE") && p.ahead(2).is("FOR") {
			p.unsupported(t.pos, "NEXT VALUE FOR", "")
		}
	}
	if ast.IsBareFunction(t.upper) && !next.is("(") && !next.is(".") {
		p.advance()
		return &ast.Call{Pos: t.pos, Name: ast.ObjectName{Pos: t.pos, Parts: []ast.Ident{{Pos: t.pos, Name: t.text}}}, Bare: true}
	}
	if ast.IsSpecialFunction(t.upper) {
		if e := p.special(t, next); e != nil {
			return e
		}
	}
	if (t.upper == "LEFT" || t.upper == "RIGHT" || t.upper == "INSERT") && next.is("(") {
		p.advance()
		return p.callOf(ast.ObjectName{Pos: t.pos, Parts: []ast.Ident{{Pos: t.pos, Name: t.text}}})
	}
	if !isName(t) {
		p.unexpectedKeyword(t, next)
	}
	return p.nameOrCall()
}

// unexpectedKeyword fails at a reserved word that stands where an expression should; it was meant as a name if the list goes on
// behind it.
func (p *Parser) unexpectedKeyword(t, next token) {
	if next.is(",") || next.is(")") || next.is("FROM") || next.kind == punctuation && ast.BinaryLevel(next.text) > 0 {
		err := ast.Errorf(t.pos, "expected an expression, found the keyword %s", t.text)
		err.Hint = "to use it as a name write `" + t.text + "`"
		p.fail(err)
	}
	p.unexpected("an expression")
}

// nameOrCall takes a column, or a function with its arguments.
func (p *Parser) nameOrCall() ast.Expr {
	first := p.ident("a name")
	parts := []ast.Ident{first}
	for p.peek().is(".") && (p.ahead(1).kind == word || p.ahead(1).kind == quotedName) {
		p.advance()
		parts = append(parts, p.label("a name"))
	}
	if p.sees("(") {
		if len(parts) > 3 {
			p.failAt(first.Pos, "the name of a function has at most three parts: catalog, database and function")
		}
		return p.callOf(ast.ObjectName{Pos: first.Pos, Parts: parts})
	}
	return &ast.Name{Pos: first.Pos, Parts: parts}
}

func (p *Parser) caseOf() ast.Expr {
	e := &ast.Case{Pos: p.advance().pos}
	if !p.sees("WHEN") {
		e.Operand = p.expr()
	}
	for p.accept("WHEN") {
		conditions := []ast.Expr{p.expr()}
		for e.Operand != nil && p.accept(",") {
			conditions = append(conditions, p.expr())
		}
		p.expect("THEN")
		result := p.expr()
		for _, c := range conditions {
			e.Whens = append(e.Whens, ast.When{Condition: c, Result: result})
		}
	}
	if len(e.Whens) == 0 {
		p.unexpected("WHEN")
	}
	if p.accept("ELSE") {
		e.Else = p.expr()
	}
	p.expect("END")
	return e
}
