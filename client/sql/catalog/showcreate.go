package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
)

// Constraint is the name of the primary key, made of its columns unless one was given.
func (t *Table) Constraint() string {
	if t.KeyName != "" {
		return t.KeyName
	}
	return "PK_" + strings.Join(t.PrimaryKey, "_")
}

// ShowCreate prints the statement that makes the table or the view, in Flink's form.
func ShowCreate(p Path, t *Table, temporary bool) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if temporary {
		b.WriteString("TEMPORARY ")
	}
	if t.View != nil {
		b.WriteString("VIEW " + quoteAll(p.Strings(), ".") + " (\n")
		for i, c := range t.Columns {
			b.WriteString("  " + quote(c.Name) + separator(i, len(t.Columns)))
		}
		b.WriteString(")\n" + commentOf(t.Comment, "\n") + "AS " + t.View.Query + "\n")
		return b.String()
	}
	b.WriteString("TABLE " + quoteAll(p.Strings(), ".") + " (\n")
	lines := tableLines(t)
	for i, l := range lines {
		b.WriteString("  " + l + separator(i, len(lines)))
	}
	b.WriteString(")\n" + commentOf(t.Comment, "\n"))
	if t.Buckets != nil {
		b.WriteString(bucketsOf(t.Buckets) + "\n")
	}
	if len(t.PartitionBy) > 0 {
		b.WriteString("PARTITIONED BY (" + quoteAll(t.PartitionBy, ", ") + ")\n")
	}
	if len(t.Options) > 0 {
		b.WriteString("WITH (\n")
		for i, k := range slices.Sorted(maps.Keys(t.Options)) {
			b.WriteString("  " + text(k) + " = " + text(t.Options[k]) + separator(i, len(t.Options)))
		}
		b.WriteString(")\n")
	}
	return b.String()
}

// ShowCreateCatalog prints the statement that makes a catalog, in Flink's form.
func ShowCreateCatalog(name, comment string, options map[string]string) string {
	s := "CREATE CATALOG " + quote(name) + "\n" + commentOf(comment, "\n") + "WITH (\n"
	for i, k := range slices.Sorted(maps.Keys(options)) {
		s += "  " + text(k) + " = " + text(options[k]) + separator(i, len(options))
	}
	return s + ")\n"
}

func separator(i, n int) string {
	if i < n-1 {
		return ",\n"
	}
	return "\n"
}

// tableLines are columns, watermark and key.
func tableLines(t *Table) []string {
	var out []string
	for _, c := range t.Columns {
		line := quote(c.Name) + " "
		switch {
		case c.Expr != "":
			line += "AS " + c.Expr
		default:
			line += typeText(c.Type)
			if c.Metadata != "" {
				line += " METADATA"
				if c.Metadata != c.Name {
					line += " FROM " + text(c.Metadata)
				}
				if c.Virtual {
					line += " VIRTUAL"
				}
			}
		}
		if comment := commentOf(c.Comment, ""); comment != "" {
			line += " " + comment
		}
		out = append(out, line)
	}
	if t.Watermark != nil {
		out = append(out, "WATERMARK FOR "+quoteAll(t.Watermark.Column, ".")+" AS "+t.Watermark.Expr)
	}
	if len(t.PrimaryKey) > 0 {
		out = append(out, "CONSTRAINT "+quote(t.Constraint())+" PRIMARY KEY ("+quoteAll(t.PrimaryKey, ", ")+") NOT ENFORCED")
	}
	return out
}

// typeText writes STRING and BYTES with their length, as Flink does here.
func typeText(t datatype.Type) string {
	s := t.String()
	for short, long := range map[string]string{"STRING": "VARCHAR(2147483647)", "BYTES": "VARBINARY(2147483647)"} {
		if rest, ok := strings.CutPrefix(s, short); ok {
			return long + rest
		}
	}
	return s
}

func bucketsOf(d *Buckets) string {
	s := "DISTRIBUTED"
	if len(d.Columns) > 0 {
		s += fmt.Sprintf(" BY %s(%s)", d.Kind, quoteAll(d.Columns, ", "))
	}
	if d.Count > 0 {
		s += " INTO " + strconv.Itoa(d.Count) + " BUCKETS"
	}
	return s
}

func commentOf(comment, end string) string {
	if comment == "" {
		return ""
	}
	return "COMMENT " + text(comment) + end
}

func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quote(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

func quoteAll(list []string, between string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return strings.Join(out, between)
}
