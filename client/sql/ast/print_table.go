package ast

func (s *CreateTable) print(p *printer) {
	p.create(s.OrReplace, s.Temporary, false, "TABLE ", s.IfNotExists)
	s.Name.print(p)
	s.Schema.print(p)
	p.comment(s.Comment)
	s.Distribution.print(p)
	p.columns(" PARTITIONED BY ", s.PartitionBy)
	p.options(" WITH ", s.Options)
	if s.Like != nil {
		p.WriteString(" LIKE ")
		s.Like.Table.print(p)
		if len(s.Like.Features) > 0 {
			p.WriteString(" (")
			each(p, s.Like.Features, " ", func(f LikeFeature) { p.words(f.Merge, " ", f.What) })
			p.WriteString(")")
		}
	}
	if s.As != nil {
		p.WriteString(" AS ")
		s.As.print(p)
	}
}

func (s TableSchema) print(p *printer) {
	var parts []Node
	for i := range s.Columns {
		parts = append(parts, &s.Columns[i])
	}
	if s.PrimaryKey != nil {
		parts = append(parts, s.PrimaryKey)
	}
	if s.Watermark != nil {
		parts = append(parts, s.Watermark)
	}
	if len(parts) > 0 {
		p.WriteString(" (")
		each(p, parts, ", ", func(n Node) { n.print(p) })
		p.WriteString(")")
	}
}

func (c *Column) print(p *printer) {
	p.ident(c.Name)
	if c.Type != nil {
		p.words(" ", c.Type.String())
	}
	p.when(c.PrimaryKey, " PRIMARY KEY NOT ENFORCED")
	if c.As != nil {
		p.WriteString(" AS ")
		c.As.print(p)
	}
	p.when(c.Metadata, " METADATA")
	if c.MetadataFrom != nil {
		p.WriteString(" FROM ")
		p.quoted(*c.MetadataFrom)
	}
	p.when(c.Virtual, " VIRTUAL")
	p.comment(c.Comment)
	if c.Place != nil {
		p.when(c.Place.First, " FIRST")
		if !c.Place.First {
			p.WriteString(" AFTER ")
			p.ident(c.Place.After)
		}
	}
}

func (k *PrimaryKey) print(p *printer) {
	if k.Name.Name != "" {
		p.WriteString("CONSTRAINT ")
		p.ident(k.Name)
		p.WriteString(" ")
	}
	p.columns("PRIMARY KEY ", k.Columns)
	p.when(k.NotEnforced, " NOT ENFORCED")
}

func (w *Watermark) print(p *printer) {
	p.WriteString("WATERMARK FOR ")
	w.Column.print(p)
	p.WriteString(" AS ")
	w.As.print(p)
}

func (d *Distribution) print(p *printer) {
	if d == nil {
		return
	}
	p.WriteString(" DISTRIBUTED")
	if len(d.Columns) > 0 {
		p.WriteString(" BY ")
		p.WriteString(d.Kind)
		p.columns("", d.Columns)
	}
	p.when(d.Buckets != "", " INTO "+d.Buckets+" BUCKETS")
}

func (s *AlterTable) print(p *printer) {
	p.WriteString("ALTER TABLE ")
	p.when(s.IfExists, "IF EXISTS ")
	s.Name.print(p)
	p.WriteString(" ")
	s.Action.print(p)
}

func (a *AlterRename) print(p *printer) {
	p.WriteString("RENAME TO ")
	a.To.print(p)
}

func (a *AlterRenameColumn) print(p *printer) {
	p.WriteString("RENAME ")
	p.ident(a.From)
	p.WriteString(" TO ")
	p.ident(a.To)
}

func (a *AlterOptions) print(p *printer) { p.options("SET ", a.Options) }

func (a *AlterReset) print(p *printer) {
	p.WriteString("RESET (")
	each(p, a.Keys, ", ", p.quoted)
	p.WriteString(")")
}

func (a *AlterSchema) print(p *printer) {
	if a.Modify {
		p.WriteString("MODIFY")
	} else {
		p.WriteString("ADD")
	}
	a.Schema.print(p)
	a.Distribution.print(p)
}

func (a *AlterDrop) print(p *printer) {
	p.words("DROP ")
	switch a.What {
	case "COLUMN":
		p.columns("", a.Names)
	case "CONSTRAINT":
		p.WriteString("CONSTRAINT ")
		p.idents(a.Names)
	case "PARTITION":
		p.when(a.Exists, "IF EXISTS ")
		each(p, a.Partitions, ", ", func(list []Assignment) {
			p.WriteString("PARTITION ")
			p.assignments(list)
		})
	default:
		p.WriteString(a.What)
	}
}

func (a *AlterAddPartitions) print(p *printer) {
	p.WriteString("ADD")
	p.when(a.IfNotExists, " IF NOT EXISTS")
	for i, list := range a.Partitions {
		p.WriteString(" PARTITION ")
		p.assignments(list)
		p.options(" WITH ", a.Options[i])
	}
}

// assignments writes (a = 1, b).
func (p *printer) assignments(list []Assignment) {
	p.WriteString("(")
	each(p, list, ", ", func(a Assignment) {
		p.ident(a.Column)
		if a.Value != nil {
			p.WriteString(" = ")
			a.Value.print(p)
		}
	})
	p.WriteString(")")
}
