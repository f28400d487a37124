package parser

import (
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/storage/datatype"
)

// callOf takes the arguments and the clauses of a function whose name has been taken.
func (p *Parser) callOf(name ast.ObjectName) *ast.Call {
	c := &ast.Call{Pos: name.Pos, Name: name}
	p.expect("(")
	switch {
	case p.accept("*"):
		c.Star = true
	case p.sees(")"):
	default:
		if p.accept("DISTINCT") {
			c.Distinct = true
		} else {
			p.accept("ALL")
		}
		c.Args = list(p, p.argument)
	}
	return p.endCall(c)
}

// endCall takes ORDER BY and the closing parenthesis, then what may follow it.
func (p *Parser) endCall(c *ast.Call) *ast.Call {
	if p.accept("ORDER", "BY") {
		c.OrderBy = list(p, p.orderItem)
	}
	c.Nulls = p.nullTreatment()
	p.expect(")")
	if p.accept("WITHIN", "GROUP", "(", "ORDER", "BY") {
		c.WithinGroup = list(p, p.orderItem)
		p.expect(")")
	}
	c.Filter = p.filter()
	if n := p.nullTreatment(); n != ast.NullsUnsaid {
		c.Nulls = n
	}
	c.Over = p.over()
	return c
}

func (p *Parser) nullTreatment() ast.NullTreatment {
	switch {
	case p.accept("RESPECT", "NULLS"):
		return ast.RespectNulls
	case p.accept("IGNORE", "NULLS"):
		return ast.IgnoreNulls
	}
	return ast.NullsUnsaid
}

func (p *Parser) filter() ast.Expr {
	if !p.accept("FILTER", "(") {
		return nil
	}
	p.expect("WHERE")
	e := p.expr()
	p.expect(")")
	return e
}

func (p *Parser) over() *ast.WindowSpec {
	if !p.accept("OVER") {
		return nil
	}
	if p.sees("(") {
		w := p.windowSpec()
		return &w
	}
	name := p.ident("the name of a window")
	return &ast.WindowSpec{Pos: name.Pos, Ref: name}
}

// windowSpec takes ([name] [PARTITION BY ...] [ORDER BY ...] [frame]).
func (p *Parser) windowSpec() ast.WindowSpec {
	w := ast.WindowSpec{Pos: p.peek().pos}
	p.expect("(")
	if t := p.peek(); isName(t) && !p.sees("ROWS") && !p.sees("RANGE") {
		w.Ref = p.ident("the name of a window")
	}
	if p.accept("PARTITION", "BY") {
		w.PartitionBy = list(p, p.expr)
	}
	if p.accept("ORDER", "BY") {
		w.OrderBy = list(p, p.orderItem)
	}
	if p.sees("ROWS") || p.sees("RANGE") {
		f := &ast.Frame{Pos: p.peek().pos, Rows: p.advance().is("ROWS")}
		if p.accept("BETWEEN") {
			f.Start = p.bound()
			p.expect("AND")
			end := p.bound()
			f.End = &end
		} else {
			f.Start = p.bound()
		}
		w.Frame = f
	}
	p.expect(")")
	return w
}

func (p *Parser) bound() ast.Bound {
	switch {
	case p.accept("UNBOUNDED", "PRECEDING"):
		return ast.Bound{Kind: ast.UnboundedPreceding}
	case p.accept("UNBOUNDED", "FOLLOWING"):
		return ast.Bound{Kind: ast.UnboundedFollowing}
	case p.accept("CURRENT", "ROW"):
		return ast.Bound{Kind: ast.CurrentRow}
	}
	b := ast.Bound{Offset: p.exprAt(ast.LevelAdd), Kind: ast.Preceding}
	if p.expectOne("PRECEDING", "FOLLOWING") == "FOLLOWING" {
		b.Kind = ast.Following
	}
	return b
}

// argument takes an expression, name => expression, TABLE t, a query, or DESCRIPTOR(columns).
func (p *Parser) argument() ast.Expr {
	t := p.peek()
	if (isName(t) || t.kind == word) && p.ahead(1).is("=>") {
		p.advance()
		p.advance()
		return &ast.Argument{Pos: t.pos, Name: ast.Ident{Pos: t.pos, Name: t.text}, Value: p.argument()}
	}
	switch {
	case t.is("TABLE"):
		return p.tableArgument()
	case t.is("SELECT"), t.is("WITH"), t.is("VALUES"):
		return &ast.Subquery{Pos: t.pos, Query: p.query()}
	case p.opensQuery():
		close := p.closing(p.at)
		if behind := p.tokens[min(close+1, len(p.tokens)-1)]; behind.is("PARTITION") || behind.is("ORDER") {
			a := &ast.TableArgument{Pos: t.pos, Query: p.enclosedQuery()}
			p.tablePartition(a)
			return a
		}
	}
	return p.expr()
}

func (p *Parser) tableArgument() ast.Expr {
	a := &ast.TableArgument{Pos: p.advance().pos}
	if p.opensQuery() {
		a.Query = p.enclosedQuery()
	} else {
		parens := p.accept("(")
		a.Name = p.objectName("table")
		if parens {
			p.expect(")")
		}
	}
	p.tablePartition(a)
	return a
}

// tablePartition takes PARTITION BY and ORDER BY of a table argument: one column, or several in parentheses.
func (p *Parser) tablePartition(a *ast.TableArgument) {
	if p.accept("PARTITION", "BY") {
		if p.sees("(") {
			a.PartitionBy = enclosed(p, p.expr)
		} else {
			a.PartitionBy = []ast.Expr{p.expr()}
			for p.sees(",") && p.ahead(1).kind != endOfText && !p.ahead(1).is("DESCRIPTOR") && !p.ahead(1).is("INTERVAL") &&
				!p.ahead(2).is("=>") {
				p.advance()
				a.PartitionBy = append(a.PartitionBy, p.expr())
			}
		}
	}
	if p.accept("ORDER", "BY") {
		if p.sees("(") {
			a.OrderBy = enclosed(p, p.orderItem)
		} else {
			a.OrderBy = []ast.OrderItem{p.orderItem()}
		}
	}
}

// special takes the functions whose arguments have a grammar of their own; nil when the word is not one here.
func (p *Parser) special(t, next token) ast.Expr {
	if !next.is("(") && !(next.is("[") && collections[t.upper] != 0) {
		return nil
	}
	if kind, ok := collections[t.upper]; ok {
		return p.collection(t, kind)
	}
	if strings.HasPrefix(t.upper, "JSON_") {
		p.advance()
		return p.json(t)
	}
	p.advance()
	p.expect("(")
	c := &ast.Call{Pos: t.pos, Name: ast.ObjectName{Pos: t.pos, Parts: []ast.Ident{{Pos: t.pos, Name: t.text}}}}
	switch t.upper {
	case "CAST", "TRY_CAST":
		e := &ast.Cast{Pos: t.pos, Try: t.upper == "TRY_CAST", Operand: p.expr()}
		p.expect("AS")
		e.Type = p.dataType()
		p.expect(")")
		return e
	case "EXISTS":
		e := &ast.Exists{Pos: t.pos, Query: p.query()}
		p.expect(")")
		return e
	case "ROW":
		e := &ast.Row{Pos: t.pos}
		if !p.sees(")") {
			e.Items = list(p, p.expr)
		}
		p.expect(")")
		return e
	case "DESCRIPTOR":
		e := &ast.Descriptor{Pos: t.pos, Columns: list(p, p.columnName)}
		p.expect(")")
		return e
	case "EXTRACT", "TIMESTAMPADD", "TIMESTAMPDIFF":
		p.unitFirst(c, t.upper == "EXTRACT")
	case "TRIM":
		p.trim(c)
	case "CEIL", "CEILING", "FLOOR":
		c.Args = []ast.Expr{p.expr()}
		if p.accept("TO") {
			c.Args = append(c.Args, p.symbol("a unit"))
		} else if p.accept(",") {
			c.Args = append(c.Args, p.expr())
		}
	case "POSITION":
		c.Args = []ast.Expr{p.exprAt(ast.LevelAdd)}
		p.worded(c, "IN", "FROM")
	case "OVERLAY":
		c.Args = []ast.Expr{p.expr()}
		p.worded(c, "PLACING", "FROM", "FOR")
	case "SUBSTRING":
		c.Args = []ast.Expr{p.expr()}
		p.worded(c, "FROM", "FOR")
	}
	return p.endCall(c)
}

// worded takes more arguments, each behind its word or behind a comma.
func (p *Parser) worded(c *ast.Call, separators ...string) {
	for _, s := range separators {
		if !p.accept(s) && !p.accept(",") {
			return
		}
		c.Args = append(c.Args, p.expr())
	}
}

func (p *Parser) symbol(what string) *ast.Symbol {
	t := p.peek()
	if t.kind != word {
		p.unexpected(what)
	}
	p.advance()
	return &ast.Symbol{Pos: t.pos, Name: t.upper}
}

// unitFirst takes EXTRACT(unit FROM x) and TIMESTAMPADD(unit, n, x).
func (p *Parser) unitFirst(c *ast.Call, extract bool) {
	c.Args = []ast.Expr{p.symbol("a unit of time")}
	if extract {
		p.expect("FROM")
		c.Args = append(c.Args, p.expr())
		return
	}
	p.expect(",")
	c.Args = append(c.Args, list(p, p.expr)...)
}

// trim takes TRIM([BOTH | LEADING | TRAILING] [characters] FROM x), TRIM(x) and TRIM(x, characters).
func (p *Parser) trim(c *ast.Call) {
	if t := p.peek(); t.is("BOTH") || t.is("LEADING") || t.is("TRAILING") {
		if !p.ahead(1).is(",") && !p.ahead(1).is(")") {
			c.Args = []ast.Expr{p.symbol("BOTH")}
			if !p.sees("FROM") {
				c.Args = append(c.Args, p.expr())
			}
			if len(c.Args) == 1 || p.sees("FROM") {
				p.expect("FROM")
				c.Args = append(c.Args, p.expr())
			}
			return
		}
	}
	first := p.expr()
	if p.accept("FROM") {
		c.Args = []ast.Expr{&ast.Symbol{Pos: first.Position(), Name: "BOTH"}, first, p.expr()}
		return
	}
	c.Args = []ast.Expr{first}
	if p.accept(",") {
		c.Args = append(c.Args, p.expr())
	}
}

var collections = map[string]datatype.Kind{
	"ARRAY": datatype.KindArray, "MAP": datatype.KindMap, "MULTISET": datatype.KindMultiset,
}

// collection takes ARRAY[a, b] or ARRAY(query); with other parentheses it is a function of that name.
func (p *Parser) collection(t token, kind datatype.Kind) ast.Expr {
	p.advance()
	e := &ast.Collection{Pos: t.pos, Kind: kind}
	if p.accept("[") {
		if !p.sees("]") {
			e.Items = list(p, p.expr)
		}
		p.expect("]")
		if kind == datatype.KindMap && len(e.Items)%2 != 0 {
			p.failAt(t.pos, "a MAP is built from keys and values in turn, these are %d", len(e.Items))
		}
		return e
	}
	if p.opensQuery() {
		e.Query = p.enclosedQuery()
		return e
	}
	return p.callOf(ast.ObjectName{Pos: t.pos, Parts: []ast.Ident{{Pos: t.pos, Name: t.text}}})
}
