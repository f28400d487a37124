package parser

import "github.com/leatproject/leat/client/sql/ast"

func (p *Parser) alter() ast.Statement {
	pos := p.advance().pos
	switch t := p.peek(); t.upper {
	case "MATERIALIZED", "MODEL", "CONNECTION", "FUNCTION", "TEMPORARY":
		p.unsupported(pos, "ALTER "+t.upper, "")
	}
	kind := p.expectOne("TABLE", "VIEW", "CATALOG", "DATABASE")
	switch kind {
	case "TABLE":
		a := &ast.AlterTable{Pos: pos, IfExists: p.ifExists(), Name: p.objectName("table")}
		a.Action = p.alterAction()
		return a
	case "VIEW":
		v := &ast.AlterView{Pos: pos, Name: p.objectName("view")}
		if p.accept("RENAME", "TO") {
			name := p.objectName("view")
			v.Rename = &name
			return v
		}
		p.expect("AS")
		v.Query = p.query()
		return v
	}
	a := &ast.AlterObject{Pos: pos, Kind: ast.ObjectKind(kind), Name: p.objectName("object")}
	switch {
	case p.accept("SET"):
		a.Set = p.options()
	case p.accept("RESET"):
		a.Reset = p.keys()
	default:
		if a.Comment = p.maybeComment(); a.Comment == nil {
			p.unexpected("SET", "RESET", "COMMENT")
		}
	}
	return a
}

// keys takes ('key', ...).
func (p *Parser) keys() []string {
	return enclosed(p, func() string { return p.text("the key of an option") })
}

func (p *Parser) alterAction() ast.AlterAction {
	pos := p.peek().pos
	switch p.expectOne("RENAME", "SET", "RESET", "ADD", "MODIFY", "DROP") {
	case "RENAME":
		if p.accept("TO") {
			return &ast.AlterRename{Pos: pos, To: p.objectName("table")}
		}
		from := p.columnName()
		p.expect("TO")
		return &ast.AlterRenameColumn{Pos: pos, From: from, To: p.columnName()}
	case "SET":
		return &ast.AlterOptions{Pos: pos, Options: p.options()}
	case "RESET":
		return &ast.AlterReset{Pos: pos, Keys: p.keys()}
	case "ADD":
		if p.sees("PARTITION") || p.sees("IF", "NOT", "EXISTS", "PARTITION") {
			return p.addPartitions(pos)
		}
		return p.alterSchema(pos, false)
	case "MODIFY":
		return p.alterSchema(pos, true)
	}
	return p.alterDrop(pos)
}

func (p *Parser) alterSchema(pos ast.Pos, modify bool) ast.AlterAction {
	a := &ast.AlterSchema{Pos: pos, Modify: modify}
	if p.sees("DISTRIBUTION") || p.sees("DISTRIBUTED") {
		a.Distribution = p.distribution()
		return a
	}
	if p.sees("COLUMN") && isName(p.ahead(1)) {
		p.advance()
	}
	a.Schema = p.tableSchema(true)
	return a
}

func (p *Parser) addPartitions(pos ast.Pos) ast.AlterAction {
	a := &ast.AlterAddPartitions{Pos: pos, IfNotExists: p.ifNotExists()}
	for p.accept("PARTITION") {
		a.Partitions = append(a.Partitions, enclosed(p, p.assignment))
		a.Options = append(a.Options, p.maybeWith())
	}
	return a
}

func (p *Parser) alterDrop(pos ast.Pos) ast.AlterAction {
	a := &ast.AlterDrop{Pos: pos}
	switch {
	case p.accept("PRIMARY", "KEY"):
		a.What = "PRIMARY KEY"
	case p.sees("CONSTRAINT") && isName(p.ahead(1)):
		p.advance()
		a.What, a.Names = "CONSTRAINT", []ast.Ident{p.ident("the name of the constraint")}
	case p.sees("PARTITION"), p.sees("IF", "EXISTS", "PARTITION"):
		a.What, a.Exists = "PARTITION", p.ifExists()
		a.Partitions = list(p, func() []ast.Assignment {
			p.expect("PARTITION")
			return enclosed(p, p.assignment)
		})
	case p.accept("WATERMARK"):
		a.What = "WATERMARK"
	case p.accept("DISTRIBUTION"):
		a.What = "DISTRIBUTION"
	default:
		a.What = "COLUMN"
		if p.sees("(") {
			a.Names = enclosed(p, p.columnName)
			break
		}
		if p.sees("COLUMN") && isName(p.ahead(1)) {
			p.advance()
		}
		a.Names = []ast.Ident{p.columnName()}
	}
	return a
}
