package parser

import (
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
)

// shown are the words behind SHOW, longer forms first.
var shown = [][]string{
	{"CREATE", "TABLE"}, {"CREATE", "VIEW"}, {"CREATE", "CATALOG"}, {"CURRENT", "CATALOG"}, {"CURRENT", "DATABASE"},
	{"USER", "FUNCTIONS"}, {"CATALOGS"}, {"DATABASES"}, {"TABLES"}, {"VIEWS"}, {"COLUMNS"}, {"FUNCTIONS"}, {"PARTITIONS"}, {"JOBS"},
	{"JARS"}, {"MODULES"}, {"FULL", "MODULES"}, {"MODELS"}, {"PROCEDURES"}, {"MATERIALIZED", "TABLES"},
}

func (p *Parser) show() ast.Statement {
	s := &ast.Show{Pos: p.advance().pos}
	switch t := p.peek(); t.upper {
	case "CONNECTIONS", "SECRETS":
		p.unsupported(s.Pos, "SHOW "+t.upper, "")
	}
	for _, w := range shown {
		if p.accept(w...) {
			s.What = strings.Join(w, " ")
			break
		}
	}
	switch s.What {
	case "":
		var first []string
		for _, w := range shown {
			if w[0] != "FULL" && w[0] != "CREATE" && w[0] != "CURRENT" && w[0] != "USER" && w[0] != "MATERIALIZED" {
				first = append(first, w[0])
			}
		}
		p.unexpected(append(first, "CREATE TABLE", "CREATE VIEW", "CURRENT CATALOG", "CURRENT DATABASE")...)
	case "CREATE TABLE", "CREATE VIEW", "CREATE CATALOG", "PARTITIONS":
		s.Name = p.objectName("table")
	case "COLUMNS":
		p.expectOne("FROM", "IN")
		s.Name = p.objectName("table")
	case "TABLES", "VIEWS", "FUNCTIONS", "DATABASES", "MODELS", "MATERIALIZED TABLES", "PROCEDURES":
		if p.acceptOne("FROM", "IN") != "" {
			s.In = p.objectName("database")
		}
	}
	if s.What == "PARTITIONS" && p.accept("PARTITION") {
		s.Spec = enclosed(p, p.assignment)
	}
	if p.sees("NOT") || p.sees("LIKE") || p.sees("ILIKE") {
		s.Not = p.accept("NOT")
		s.Operator = p.expectOne("LIKE", "ILIKE")
		s.Pattern = p.text("a pattern")
	}
	return s
}
