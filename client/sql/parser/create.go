package parser

import "github.com/leatproject/leat/client/sql/ast"

func (p *Parser) create() ast.Statement {
	pos := p.advance().pos
	replace := p.accept("OR", "REPLACE")
	if !replace && p.sees("OR", "ALTER") {
		p.unsupported(pos, "CREATE OR ALTER", "")
	}
	temporary := p.acceptOne("TEMPORARY", "TEMP") != ""
	system := p.accept("SYSTEM")
	kind := p.peek()
	switch kind.upper {
	case "MATERIALIZED", "MODEL", "CONNECTION", "SECRET":
		p.unsupported(pos, "CREATE "+kind.upper, "")
	}
	switch p.expectOne("TABLE", "VIEW", "CATALOG", "DATABASE", "FUNCTION") {
	case "TABLE":
		c := &ast.CreateTable{Pos: pos, OrReplace: replace, Temporary: temporary, IfNotExists: p.ifNotExists()}
		p.createTable(c)
		return c
	case "VIEW":
		v := &ast.CreateView{Pos: pos, OrReplace: replace, Temporary: temporary, IfNotExists: p.ifNotExists()}
		v.Name = p.objectName("view")
		if p.sees("(") {
			v.Columns = enclosed(p, p.columnName)
		}
		v.Comment = p.maybeComment()
		p.expect("AS")
		v.Query = p.query()
		return v
	case "CATALOG":
		c := &ast.CreateCatalog{Pos: pos, IfNotExists: p.ifNotExists(), Name: p.ident("the name of a catalog")}
		c.Comment = p.maybeComment()
		c.Options = p.maybeWith()
		return c
	case "DATABASE":
		d := &ast.CreateDatabase{Pos: pos, IfNotExists: p.ifNotExists(), Name: p.objectName("database")}
		d.Comment = p.maybeComment()
		d.Options = p.maybeWith()
		return d
	}
	return p.createFunction(&ast.CreateFunction{Pos: pos, Temporary: temporary, System: system})
}

func (p *Parser) createFunction(f *ast.CreateFunction) ast.Statement {
	f.IfNotExists = p.ifNotExists()
	f.Name = p.objectName("function")
	p.expect("AS")
	f.As = p.text("what implements the function")
	if p.accept("LANGUAGE") {
		f.Language = p.peek().upper
		p.expectOne("GO", "JAVA", "SCALA", "PYTHON", "WASM", "SQL")
	}
	if p.sees("USING") {
		p.unsupported(p.peek().pos, "USING JAR", refused["ADD"])
	}
	return f
}

func (p *Parser) ifNotExists() bool { return p.accept("IF", "NOT", "EXISTS") }

func (p *Parser) ifExists() bool { return p.accept("IF", "EXISTS") }

func (p *Parser) createTable(c *ast.CreateTable) {
	c.Name = p.objectName("table")
	if p.sees("(") {
		c.Schema = p.tableSchema(false)
	}
	c.Comment = p.maybeComment()
	c.Distribution = p.distribution()
	if p.accept("PARTITIONED", "BY") {
		c.PartitionBy = enclosed(p, p.columnName)
	}
	if c.Distribution == nil {
		c.Distribution = p.distribution()
	}
	if p.accept("WITH") {
		c.Options = p.options()
	}
	if p.accept("LIKE") {
		c.Like = p.like()
	}
	if p.accept("AS") {
		c.As = p.query()
	}
	if c.Like != nil && c.As != nil {
		p.failAt(c.Pos, "a table is created either LIKE another or AS a query")
	}
}

// tableSchema takes (column, ..., PRIMARY KEY ..., WATERMARK ...).
func (p *Parser) tableSchema(alter bool) ast.TableSchema {
	var s ast.TableSchema
	if p.sees("(") {
		enclosed(p, func() struct{} { p.schemaItem(&s, alter); return struct{}{} })
	} else {
		p.schemaItem(&s, alter)
	}
	return s
}

func (p *Parser) schemaItem(s *ast.TableSchema, alter bool) {
	t := p.peek()
	switch {
	case p.sees("CONSTRAINT") && isName(p.ahead(1)), p.sees("PRIMARY", "KEY"):
		if s.PrimaryKey != nil {
			p.failAt(t.pos, "a table has one PRIMARY KEY")
		}
		s.PrimaryKey = p.primaryKey()
	case p.sees("UNIQUE", "("):
		p.unsupported(t.pos, "UNIQUE", "PRIMARY KEY (...) NOT ENFORCED says what identifies a row")
	case p.sees("WATERMARK", "FOR"):
		if s.Watermark != nil {
			p.failAt(t.pos, "a table has one WATERMARK")
		}
		p.expect("WATERMARK", "FOR")
		w := &ast.Watermark{Pos: t.pos}
		first := p.columnName()
		w.Column = ast.Name{Pos: first.Pos, Parts: []ast.Ident{first}}
		for p.accept(".") {
			w.Column.Parts = append(w.Column.Parts, p.label("the name of a field"))
		}
		p.expect("AS")
		w.As = p.expr()
		s.Watermark = w
	default:
		s.Columns = append(s.Columns, p.column(alter))
	}
}

func (p *Parser) primaryKey() *ast.PrimaryKey {
	k := &ast.PrimaryKey{Pos: p.peek().pos}
	if p.accept("CONSTRAINT") {
		k.Name = p.ident("the name of the constraint")
	}
	p.expect("PRIMARY", "KEY")
	k.Columns = enclosed(p, p.columnName)
	k.NotEnforced = p.notEnforced()
	return k
}

// notEnforced takes NOT ENFORCED, which a key must say: nothing checks it.
func (p *Parser) notEnforced() bool {
	if p.sees("ENFORCED") {
		p.unsupported(p.peek().pos, "an ENFORCED key", "write PRIMARY KEY ... NOT ENFORCED")
	}
	return p.accept("NOT", "ENFORCED")
}

// column takes name [type] [constraint], name AS expression, or name type METADATA [FROM 'key'] [VIRTUAL].
func (p *Parser) column(alter bool) ast.Column {
	c := ast.Column{Pos: p.peek().pos, Name: p.columnName()}
	switch {
	case p.accept("AS"):
		c.As = p.expr()
	case p.sees(","), p.sees(")"):
		return c
	default:
		t := p.dataType()
		c.Type = &t
		if p.accept("PRIMARY", "KEY") {
			c.PrimaryKey = true
			p.notEnforced()
		}
		if p.accept("METADATA") {
			c.Metadata = true
			if p.accept("FROM") {
				key := p.text("the key of the metadata")
				c.MetadataFrom = &key
			}
			c.Virtual = p.accept("VIRTUAL")
		}
	}
	c.Comment = p.maybeComment()
	if alter {
		if p.accept("FIRST") {
			c.Place = &ast.Place{First: true}
		} else if p.accept("AFTER") {
			c.Place = &ast.Place{After: p.columnName()}
		}
	}
	return c
}

// distribution takes DISTRIBUTED BY [HASH | RANGE] (columns) [INTO n BUCKETS], or DISTRIBUTED INTO n BUCKETS.
func (p *Parser) distribution() *ast.Distribution {
	d := &ast.Distribution{Pos: p.peek().pos}
	if !p.accept("DISTRIBUTED") && !p.accept("DISTRIBUTION") {
		return nil
	}
	if p.accept("BY") {
		d.Kind = p.acceptOne("HASH", "RANGE")
		d.Columns = enclosed(p, p.columnName)
	}
	if p.accept("INTO") {
		t := p.peek()
		p.integer(1, 1<<30)
		d.Buckets = t.text
		p.expect("BUCKETS")
	}
	if d.Columns == nil && d.Buckets == "" {
		p.unexpected("BY", "INTO")
	}
	return d
}

// like takes the table and (INCLUDING ALL ...).
func (p *Parser) like() *ast.TableLike {
	l := &ast.TableLike{Pos: p.peek().pos, Table: p.objectName("table")}
	if !p.accept("(") {
		return l
	}
	for !p.accept(")") {
		f := ast.LikeFeature{Merge: p.expectOne("INCLUDING", "EXCLUDING", "OVERWRITING")}
		f.What = p.expectOne("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS")
		l.Features = append(l.Features, f)
	}
	return l
}

func (p *Parser) drop() ast.Statement {
	d := &ast.Drop{Pos: p.advance().pos}
	d.Temporary = p.acceptOne("TEMPORARY", "TEMP") != ""
	d.System = p.accept("SYSTEM")
	switch t := p.peek(); t.upper {
	case "MATERIALIZED", "MODEL", "CONNECTION", "SECRET":
		p.unsupported(d.Pos, "DROP "+t.upper, "")
	}
	d.Kind = ast.ObjectKind(p.expectOne("TABLE", "VIEW", "CATALOG", "DATABASE", "FUNCTION"))
	d.IfExists = p.ifExists()
	d.Name = p.objectName("object")
	if d.Kind == ast.DatabaseObject {
		d.Cascade = p.accept("CASCADE")
		d.Restrict = !d.Cascade && p.accept("RESTRICT")
	}
	return d
}
