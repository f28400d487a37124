package parser

import "github.com/leatproject/leat/client/sql/ast"

// json takes one of the SQL/JSON functions, whose name has been taken.
func (p *Parser) json(t token) ast.Expr {
	e := &ast.JSONCall{Pos: t.pos, Name: t.upper}
	p.expect("(")
	switch t.upper {
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		p.jsonPairs(e, t.upper == "JSON_OBJECT")
	case "JSON_ARRAY", "JSON_ARRAYAGG":
		if !p.sees(")") && !p.jsonOnNull(e) {
			e.Args = list(p, p.expr)
		}
	default:
		e.Args = list(p, p.expr)
	}
	if p.accept("RETURNING") {
		typ := p.dataType()
		e.Returning = &typ
	}
	if t.upper == "JSON_QUERY" {
		e.Wrapper = p.jsonWrapper()
	}
	p.jsonOnNull(e)
	for !p.sees(")") {
		b := p.jsonBehavior()
		p.expect("ON")
		if p.expectOne("EMPTY", "ERROR") == "EMPTY" {
			e.OnEmpty = b
		} else {
			e.OnError = b
		}
	}
	p.expect(")")
	e.Filter = p.filter()
	e.Over = p.over()
	return e
}

// jsonPairs takes [KEY] k VALUE v, or k : v, or k, v; many where the function has many.
func (p *Parser) jsonPairs(e *ast.JSONCall, many bool) {
	for !p.sees(")") && !p.jsonOnNull(e) {
		if p.sees("KEY") && !p.ahead(1).is("VALUE") && !p.ahead(1).is(":") && !p.ahead(1).is(".") {
			p.advance()
		}
		e.Args = append(e.Args, p.expr())
		p.expectOne("VALUE", ":", ",")
		e.Args = append(e.Args, p.expr())
		if !many || !p.accept(",") {
			return
		}
	}
}

// jsonOnNull takes NULL ON NULL or ABSENT ON NULL.
func (p *Parser) jsonOnNull(e *ast.JSONCall) bool {
	for _, what := range []string{"NULL", "ABSENT"} {
		if p.accept(what, "ON", "NULL") {
			e.OnNull = what
			return true
		}
	}
	return false
}

func (p *Parser) jsonWrapper() string {
	with := p.acceptOne("WITHOUT", "WITH")
	if with == "" {
		return ""
	}
	kind := ""
	if with == "WITH" {
		kind = " UNCONDITIONAL"
		if k := p.acceptOne("CONDITIONAL", "UNCONDITIONAL"); k != "" {
			kind = " " + k
		}
	}
	p.accept("ARRAY")
	p.expect("WRAPPER")
	return with + kind + " ARRAY"
}

func (p *Parser) jsonBehavior() *ast.JSONBehavior {
	switch what := p.expectOne("NULL", "ERROR", "EMPTY", "TRUE", "FALSE", "UNKNOWN", "DEFAULT"); what {
	case "EMPTY":
		return &ast.JSONBehavior{Kind: "EMPTY " + p.expectOne("ARRAY", "OBJECT")}
	case "DEFAULT":
		return &ast.JSONBehavior{Kind: what, Default: p.exprAt(ast.LevelAdd)}
	default:
		return &ast.JSONBehavior{Kind: what}
	}
}
