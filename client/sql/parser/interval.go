package parser

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/storage/datatype"
)

var intervalUnits = map[string]datatype.Unit{
	"YEAR": datatype.Year, "YEARS": datatype.Year, "MONTH": datatype.Month, "MONTHS": datatype.Month, "DAY": datatype.Day,
	"DAYS": datatype.Day, "HOUR": datatype.Hour, "HOURS": datatype.Hour, "MINUTE": datatype.Minute, "MINUTES": datatype.Minute,
	"SECOND": datatype.Second, "SECONDS": datatype.Second,
}

// interval takes INTERVAL [-] 'text' unit [TO unit]; a plain number stands for a text.
func (p *Parser) interval() ast.Expr {
	e := &ast.IntervalLiteral{Pos: p.advance().pos}
	e.Negative = p.acceptOne("-", "+") == "-"
	t := p.peek()
	if t.kind != text && t.kind != number {
		p.unexpected("the value of the interval in quotes")
	}
	p.advance()
	e.Text = t.text
	if times, unit := manyUnits(p.peek().upper); times > 0 {
		n, err := strconv.Atoi(strings.TrimSpace(e.Text))
		if err != nil {
			p.failAt(t.pos, "'%s' is not an interval %s", e.Text, p.peek().upper)
		}
		p.advance()
		e.Text = strconv.Itoa(times * n)
		e.Interval = datatype.Interval{From: unit, To: unit, Leading: -1, Fraction: -1}
		return e
	}
	e.Interval = p.intervalFields()
	return e
}

// manyUnits says how many of a shorter unit a WEEK or a QUARTER is.
func manyUnits(word string) (int, datatype.Unit) {
	switch strings.TrimSuffix(word, "S") {
	case "WEEK":
		return 7, datatype.Day
	case "QUARTER":
		return 3, datatype.Month
	}
	return 0, 0
}

// difference takes what may stand behind (a - b): the unit of an interval between two points in time.
func (p *Parser) difference(e ast.Expr) ast.Expr {
	minus, ok := e.(*ast.Binary)
	if !ok || minus.Operator != "-" || p.peek().kind != word {
		return e
	}
	at := p.peek()
	unit := "SECOND"
	if _, ok := intervalUnits[at.upper]; ok && !strings.HasSuffix(at.upper, "S") {
		if p.intervalFields().To <= datatype.Month {
			unit = "MONTH"
		}
	} else if times, of := manyUnits(at.upper); times > 0 && !strings.HasSuffix(at.upper, "S") {
		p.advance()
		if of == datatype.Month {
			unit = "MONTH"
		}
	} else {
		return e
	}
	field := map[string]datatype.Unit{"MONTH": datatype.Month, "SECOND": datatype.Second}[unit]
	name := ast.ObjectName{Pos: at.pos, Parts: []ast.Ident{{Pos: at.pos, Name: "TIMESTAMPDIFF"}}}
	count := &ast.Call{Pos: at.pos, Name: name, Args: []ast.Expr{&ast.Symbol{Pos: at.pos, Name: unit}, minus.Right, minus.Left}}
	one := &ast.IntervalLiteral{Pos: at.pos, Text: "1", Interval: datatype.Interval{From: field, To: field, Leading: -1, Fraction: -1}}
	return &ast.Binary{Pos: minus.Pos, Operator: "*", Left: count, Right: one}
}

// intervalFields takes unit [(digits)] [TO unit [(digits)]]; digits that are not given are -1.
func (p *Parser) intervalFields() datatype.Interval {
	i := datatype.Interval{Leading: -1, Fraction: -1}
	at := p.peek()
	i.From = p.intervalUnit()
	i.To = i.From
	if p.accept("(") {
		i.Leading = p.integer(0, datatype.MaxFraction)
		if i.From == datatype.Second && p.accept(",") {
			i.Fraction = p.integer(0, datatype.MaxFraction)
		}
		p.expect(")")
	}
	if p.accept("TO") {
		i.To = p.intervalUnit()
		if i.To == datatype.Second {
			if n, ok := p.size(0, datatype.MaxFraction); ok {
				i.Fraction = n
			}
		}
	}
	months := i.From <= datatype.Month
	if i.To < i.From || months != (i.To <= datatype.Month) {
		p.failAt(at.pos, "an interval cannot go from %s to %s: it goes from YEAR to MONTH, or from DAY to SECOND", i.From, i.To)
	}
	return i
}

func (p *Parser) intervalUnit() datatype.Unit {
	u, ok := intervalUnits[p.peek().upper]
	if !ok {
		if s := p.peek().upper; s == "MILLISECOND" || s == "WEEK" || s == "QUARTER" {
			p.unsupported(p.peek().pos, "an interval in "+s, "use DAY, MONTH or SECOND")
		}
		p.unexpected("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
	}
	p.advance()
	return u
}
