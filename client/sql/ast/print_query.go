package ast

func (q *Query) print(p *printer) {
	if q.With != nil {
		p.WriteString("WITH ")
		p.when(q.With.Recursive, "RECURSIVE ")
		each(p, q.With.Tables, ", ", func(t CommonTable) {
			p.ident(t.Name)
			p.columns(" ", t.Columns)
			p.WriteString(" AS (")
			t.Query.print(p)
			p.WriteString(")")
		})
		p.WriteString(" ")
	}
	p.bodyOf(q.Body)
	if len(q.OrderBy) > 0 {
		p.WriteString(" ORDER BY ")
		p.orderItems(q.OrderBy)
	}
	if q.Limit != nil {
		p.WriteString(" LIMIT ")
		q.Limit.print(p)
	}
	if q.Offset != nil {
		p.WriteString(" OFFSET ")
		q.Offset.print(p)
		p.WriteString(" ROWS")
	}
}

// bodyOf writes a body, a query in parentheses.
func (p *printer) bodyOf(b Body) {
	if q, ok := b.(*Query); ok {
		p.listOrQuery(nil, q)
		return
	}
	b.print(p)
}

func (p *printer) orderItems(items []OrderItem) {
	each(p, items, ", ", func(o OrderItem) {
		if o.All {
			p.WriteString("ALL")
		} else {
			o.Expr.print(p)
		}
		p.when(o.Descending, " DESC")
		p.when(o.Nulls == NullsFirst, " NULLS FIRST")
		p.when(o.Nulls == NullsLast, " NULLS LAST")
	})
}

func (s *Select) print(p *printer) {
	p.WriteString("SELECT ")
	p.hints(s.Hints, "", " ")
	p.when(s.Distinct, "DISTINCT ")
	each(p, s.Items, ", ", func(i SelectItem) {
		i.Expr.print(p)
		if i.Alias.Name != "" {
			p.WriteString(" AS ")
			p.ident(i.Alias)
		}
	})
	if s.From != nil {
		p.WriteString(" FROM ")
		s.From.print(p)
	}
	if s.Where != nil {
		p.WriteString(" WHERE ")
		s.Where.print(p)
	}
	if s.GroupBy != nil {
		s.GroupBy.print(p)
	}
	if s.Having != nil {
		p.WriteString(" HAVING ")
		s.Having.print(p)
	}
	if len(s.Windows) > 0 {
		p.WriteString(" WINDOW ")
		each(p, s.Windows, ", ", func(w NamedWindow) {
			p.ident(w.Name)
			p.WriteString(" AS ")
			p.window(w.Spec)
		})
	}
	if s.Qualify != nil {
		p.WriteString(" QUALIFY ")
		s.Qualify.print(p)
	}
}

func (g *GroupBy) print(p *printer) {
	p.WriteString(" GROUP BY ")
	if g.All {
		p.WriteString("ALL")
		return
	}
	p.when(g.Distinct, "DISTINCT ")
	each(p, g.Elements, ", ", func(e GroupElement) { e.print(p) })
}

func (e GroupElement) print(p *printer) {
	switch e.Kind {
	case GroupExprs:
		if len(e.Exprs) == 1 {
			e.Exprs[0].print(p)
			return
		}
		p.listOrQuery(e.Exprs, nil)
		return
	case GroupRollup:
		p.WriteString("ROLLUP (")
	case GroupCube:
		p.WriteString("CUBE (")
	case GroupSets:
		p.WriteString("GROUPING SETS (")
	}
	each(p, e.Elements, ", ", func(e GroupElement) { e.print(p) })
	p.WriteString(")")
}

func (p *printer) hints(hints []Hint, before, after string) {
	if len(hints) == 0 {
		return
	}
	p.words(before, "/*+ ")
	each(p, hints, ", ", func(h Hint) {
		p.ident(Ident{Name: h.Name})
		if len(h.Args)+len(h.Options) == 0 {
			return
		}
		p.WriteString("(")
		each(p, h.Args, ", ", p.quoted)
		each(p, h.Options, ", ", p.option)
		p.WriteString(")")
	})
	p.words(" */", after)
}

func (s *SetOperation) print(p *printer) {
	p.bodyOf(s.Left)
	p.words(" ", string(s.Operator))
	p.when(s.All, " ALL")
	p.WriteString(" ")
	p.bodyOf(s.Right)
}

func (v *Values) print(p *printer) {
	p.WriteString("VALUES ")
	each(p, v.Rows, ", ", func(r []Expr) { p.listOrQuery(r, nil) })
}

func (t *ExplicitTable) print(p *printer) {
	p.WriteString("TABLE ")
	t.Name.print(p)
}

func (p *printer) alias(a Alias) {
	if a.Name.Name != "" {
		p.WriteString(" AS ")
		p.ident(a.Name)
		p.columns(" ", a.Columns)
	}
}

func (t *TableName) print(p *printer) {
	if t.Path != "" {
		p.quoted(t.Path)
	} else {
		t.Name.print(p)
	}
	if len(t.Partition) > 0 {
		p.WriteString(" PARTITION ")
		p.assignments(t.Partition)
	}
	p.hints(t.Hints, " ", "")
	if t.SystemTime != nil {
		p.WriteString(" FOR SYSTEM_TIME AS OF ")
		t.SystemTime.print(p)
	}
	p.alias(t.Alias)
}

func (t *DerivedTable) print(p *printer) {
	p.when(t.Lateral, "LATERAL ")
	p.listOrQuery(nil, t.Query)
	p.alias(t.Alias)
}

func (t *TableFunction) print(p *printer) {
	p.when(t.Lateral, "LATERAL ")
	p.WriteString("TABLE(")
	t.Call.print(p)
	p.WriteString(")")
	p.alias(t.Alias)
}

func (t *Unnest) print(p *printer) {
	p.WriteString("UNNEST(")
	t.Expr.print(p)
	p.WriteString(")")
	p.when(t.Ordinality, " WITH ORDINALITY")
	p.alias(t.Alias)
}

func (j *Join) print(p *printer) {
	j.Left.print(p)
	switch {
	case j.Kind == CommaJoin:
		p.WriteString(", ")
	default:
		p.when(j.Natural, " NATURAL")
		p.words(" ", string(j.Kind), " JOIN ")
	}
	if right, ok := j.Right.(*Join); ok {
		p.WriteString("(")
		right.print(p)
		p.WriteString(")")
	} else {
		j.Right.print(p)
	}
	if j.On != nil {
		p.WriteString(" ON ")
		j.On.print(p)
	}
	p.columns(" USING ", j.Using)
}
