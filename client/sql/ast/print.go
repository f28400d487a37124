package ast

import "strings"

// printer builds the text of a node.
type printer struct{ strings.Builder }

// words writes texts with nothing between them.
func (p *printer) words(texts ...string) {
	for _, t := range texts {
		p.WriteString(t)
	}
}

// when writes a text if a condition holds.
func (p *printer) when(condition bool, text string) {
	if condition {
		p.WriteString(text)
	}
}

// quoted writes a string literal.
func (p *printer) quoted(s string) {
	p.words("'", strings.ReplaceAll(s, "'", "''"), "'")
}

func (p *printer) ident(i Ident) { p.WriteString(Quote(i.Name)) }

func (p *printer) idents(ids []Ident) { each(p, ids, ", ", p.ident) }

// columns writes (a, b), or nothing when there are none.
func (p *printer) columns(prefix string, ids []Ident) {
	if len(ids) > 0 {
		p.words(prefix, "(")
		p.idents(ids)
		p.WriteString(")")
	}
}

// each writes items with a separator between them.
func each[T any](p *printer, items []T, separator string, write func(T)) {
	for i, item := range items {
		if i > 0 {
			p.WriteString(separator)
		}
		write(item)
	}
}

func (p *printer) exprs(list []Expr) { each(p, list, ", ", func(e Expr) { e.print(p) }) }

// options writes prefix ('k' = 'v', ...), or nothing when there are none.
func (p *printer) options(prefix string, options []Option) {
	if len(options) > 0 {
		p.words(prefix, "(")
		each(p, options, ", ", p.option)
		p.WriteString(")")
	}
}

func (p *printer) option(o Option) {
	p.quoted(o.Key)
	p.WriteString(" = ")
	p.quoted(o.Value)
}

func (p *printer) comment(c *string) {
	if c != nil {
		p.WriteString(" COMMENT ")
		p.quoted(*c)
	}
}

func (i Ident) print(p *printer) { p.ident(i) }

func (n ObjectName) print(p *printer) { each(p, n.Parts, ".", p.ident) }
