package ast

func (e *JSONCall) print(p *printer) {
	p.words(e.Name, "(")
	switch e.Name {
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		for i := 0; i+1 < len(e.Args); i += 2 {
			p.when(i > 0, ", ")
			p.WriteString("KEY ")
			e.Args[i].print(p)
			p.WriteString(" VALUE ")
			e.Args[i+1].print(p)
		}
	default:
		p.exprs(e.Args)
	}
	if e.Returning != nil {
		p.words(" RETURNING ", e.Returning.String())
	}
	p.when(e.Wrapper != "", " "+e.Wrapper+" WRAPPER")
	p.behavior(e.OnEmpty, " ON EMPTY")
	p.behavior(e.OnError, " ON ERROR")
	p.when(e.OnNull != "", " "+e.OnNull+" ON NULL")
	p.WriteString(")")
	if e.Filter != nil {
		p.WriteString(" FILTER (WHERE ")
		e.Filter.print(p)
		p.WriteString(")")
	}
	p.over(e.Over)
}

func (p *printer) behavior(b *JSONBehavior, when string) {
	if b == nil {
		return
	}
	p.words(" ", b.Kind)
	if b.Default != nil {
		p.WriteString(" ")
		p.operand(b.Default, LevelAdd)
	}
	p.WriteString(when)
}
