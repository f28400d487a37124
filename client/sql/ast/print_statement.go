package ast

func (s *QueryStatement) print(p *printer) { s.Query.print(p) }

func (s *CreateView) print(p *printer) {
	p.create(s.OrReplace, s.Temporary, false, "VIEW ", s.IfNotExists)
	s.Name.print(p)
	p.columns(" ", s.Columns)
	p.comment(s.Comment)
	p.WriteString(" AS ")
	s.Query.print(p)
}

// create writes CREATE and what stands before the name.
func (p *printer) create(replace, temporary, system bool, kind string, ifNotExists bool) {
	p.WriteString("CREATE ")
	p.when(replace, "OR REPLACE ")
	p.when(temporary, "TEMPORARY ")
	p.when(system, "SYSTEM ")
	p.WriteString(kind)
	p.when(ifNotExists, "IF NOT EXISTS ")
}

func (s *CreateCatalog) print(p *printer) {
	p.create(false, false, false, "CATALOG ", s.IfNotExists)
	p.ident(s.Name)
	p.comment(s.Comment)
	p.options(" WITH ", s.Options)
}

func (s *CreateDatabase) print(p *printer) {
	p.create(false, false, false, "DATABASE ", s.IfNotExists)
	s.Name.print(p)
	p.comment(s.Comment)
	p.options(" WITH ", s.Options)
}

func (s *CreateFunction) print(p *printer) {
	p.create(false, s.Temporary, s.System, "FUNCTION ", s.IfNotExists)
	s.Name.print(p)
	p.WriteString(" AS ")
	p.quoted(s.As)
	p.when(s.Language != "", " LANGUAGE "+s.Language)
}

func (s *Drop) print(p *printer) {
	p.WriteString("DROP ")
	p.when(s.Temporary, "TEMPORARY ")
	p.when(s.System, "SYSTEM ")
	p.words(string(s.Kind), " ")
	p.when(s.IfExists, "IF EXISTS ")
	s.Name.print(p)
	p.when(s.Cascade, " CASCADE")
	p.when(s.Restrict, " RESTRICT")
}

func (s *AlterView) print(p *printer) {
	p.WriteString("ALTER VIEW ")
	s.Name.print(p)
	if s.Rename != nil {
		p.WriteString(" RENAME TO ")
		s.Rename.print(p)
		return
	}
	p.WriteString(" AS ")
	s.Query.print(p)
}

func (s *AlterObject) print(p *printer) {
	p.words("ALTER ", string(s.Kind), " ")
	s.Name.print(p)
	p.options(" SET ", s.Set)
	if len(s.Reset) > 0 {
		p.WriteString(" RESET (")
		each(p, s.Reset, ", ", p.quoted)
		p.WriteString(")")
	}
	p.comment(s.Comment)
}

func (s *Insert) print(p *printer) {
	p.WriteString("INSERT ")
	if s.Overwrite {
		p.WriteString("OVERWRITE ")
	} else {
		p.WriteString("INTO ")
	}
	s.Table.print(p)
	p.columns(" ", s.Columns)
	p.WriteString(" ")
	s.Query.print(p)
	p.when(s.Conflict != "", " ON CONFLICT DO "+s.Conflict)
}

func (s *StatementSet) print(p *printer) {
	p.WriteString("EXECUTE STATEMENT SET BEGIN ")
	for _, i := range s.Inserts {
		i.print(p)
		p.WriteString("; ")
	}
	p.WriteString("END")
}

func (s *Explain) print(p *printer) {
	p.WriteString("EXPLAIN ")
	each(p, s.Details, ", ", func(d string) { p.WriteString(d) })
	p.when(len(s.Details) > 0, " ")
	if set, ok := s.Statement.(*StatementSet); ok {
		p.WriteString("STATEMENT SET BEGIN ")
		for _, i := range set.Inserts {
			i.print(p)
			p.WriteString("; ")
		}
		p.WriteString("END")
		return
	}
	s.Statement.print(p)
}

func (s *Describe) print(p *printer) {
	p.WriteString("DESCRIBE ")
	p.when(s.Kind != TableObject, string(s.Kind)+" ")
	p.when(s.Extended, "EXTENDED ")
	if s.Path != "" {
		p.quoted(s.Path)
		return
	}
	s.Name.print(p)
}

func (s *Show) print(p *printer) {
	p.words("SHOW ", s.What)
	if len(s.Name.Parts) > 0 {
		if s.What == "COLUMNS" {
			p.WriteString(" FROM")
		}
		p.WriteString(" ")
		s.Name.print(p)
	}
	if len(s.In.Parts) > 0 {
		p.WriteString(" FROM ")
		s.In.print(p)
	}
	if len(s.Spec) > 0 {
		p.WriteString(" PARTITION ")
		p.assignments(s.Spec)
	}
	if s.Operator != "" {
		p.when(s.Not, " NOT")
		p.words(" ", s.Operator, " ")
		p.quoted(s.Pattern)
	}
}

func (s *Use) print(p *printer) {
	p.WriteString("USE ")
	p.when(s.Kind == CatalogObject, "CATALOG ")
	s.Name.print(p)
}

func (s *Set) print(p *printer) {
	p.WriteString("SET")
	if s.Key != "" {
		p.WriteString(" ")
		p.option(Option{Key: s.Key, Value: s.Value})
	}
}

func (s *Reset) print(p *printer) {
	p.WriteString("RESET")
	if s.Key != "" {
		p.WriteString(" ")
		p.quoted(s.Key)
	}
}

func (s *Command) print(p *printer) { p.WriteString(s.Name) }
