package session_test

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
)

// queryWriter makes random queries that are well typed and whose rows do not depend on the order of the input.
type queryWriter struct {
	*rapid.T
	names int
}

func (w *queryWriter) one(list ...string) string { return rapid.SampledFrom(list).Draw(w.T, "choice") }

func (w *queryWriter) chance(percent int) bool {
	return rapid.IntRange(1, 100).Draw(w.T, "chance") <= percent
}

func (w *queryWriter) column(of string, names ...string) string { return of + "." + w.one(names...) }

// number is an expression of an exact number over the row of a table.
func (w *queryWriter) number(of string, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(w.T, "number") {
		case 0:
			return "(" + w.number(of, depth-1) + w.one(" + ", " - ") + w.number(of, depth-1) + ")"
		case 1:
			return "CASE WHEN " + w.condition(of, depth-1) + " THEN " + w.number(of, depth-1) + " ELSE " + w.number(of, depth-1) + " END"
		case 2:
			return "COALESCE(" + w.number(of, depth-1) + ", " + w.one("0", "7", "1.25") + ")"
		case 3:
			return "CHAR_LENGTH(" + w.text(of, depth-1) + ")"
		}
	}
	return w.one(w.column(of, "k", "n", "d"), w.column(of, "k", "n", "d"), w.one("1", "2.50", "-3"))
}

func (w *queryWriter) text(of string, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(w.T, "text") {
		case 0:
			return "UPPER(" + w.text(of, depth-1) + ")"
		case 1:
			return "(" + w.text(of, depth-1) + " || " + w.text(of, depth-1) + ")"
		case 2:
			return "SUBSTRING(" + w.text(of, depth-1) + ", 2)"
		}
	}
	return w.one(of+".s", of+".s", "'ab'", "''")
}

func (w *queryWriter) condition(of string, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(w.T, "condition") {
		case 0:
			return "(" + w.condition(of, depth-1) + w.one(" AND ", " OR ") + w.condition(of, depth-1) + ")"
		case 1:
			return "NOT (" + w.condition(of, depth-1) + ")"
		case 2:
			return w.text(of, depth-1) + w.one(" = ", " < ", " LIKE ", " <> ") + w.text(of, depth-1)
		}
	}
	switch rapid.IntRange(0, 3).Draw(w.T, "atom") {
	case 0:
		return of + "." + w.one("k", "n", "d", "s", "day") + w.one(" IS NULL", " IS NOT NULL")
	case 1:
		return of + ".day " + w.one("<", ">=") + " DATE '2024-02-0" + w.one("1", "5", "9") + "'"
	}
	return w.number(of, max(0, depth-1)) + w.one(" = ", " < ", " >= ", " <> ") + w.number(of, max(0, depth-1))
}

func (w *queryWriter) name() string {
	w.names++
	return fmt.Sprintf("x%d", w.names)
}

// table gives rows with the columns k, n (numbers), d (DECIMAL), s (text) and day (DATE).
func (w *queryWriter) table(depth int) string {
	if depth == 0 {
		return w.one("t", "u", "u")
	}
	a, b := w.name(), w.name()
	columns := func(of string) string {
		return fmt.Sprintf("CAST(%s AS DECIMAL(30, 4)) AS k, %s.n AS n, %s.d AS d, %s AS s, %s.day AS day", w.number(of, 2), of, of, w.text(of, 1), of)
	}
	switch rapid.IntRange(0, 6).Draw(w.T, "table") {
	case 0:
		return fmt.Sprintf("(SELECT %s FROM %s AS %s WHERE %s)", columns(a), w.table(depth-1), a, w.condition(a, 2))
	case 1:
		return fmt.Sprintf("(SELECT %s %s.k, %s.n, %s.d, %s.s, %s.day FROM %s AS %s %s JOIN %s AS %s ON %s = %s AND %s)",
			w.one("", "", "/*+ SHUFFLE_MERGE("+a+") */"), a, b, b, a, b,
			w.table(depth-1), a, w.one("INNER", "LEFT", "RIGHT", "FULL"), w.table(depth-1), b, w.column(a, "k", "n"), w.column(b, "k", "n"), w.condition(w.one(a, b), 1))
	case 2:
		return fmt.Sprintf("(SELECT %s.k, SUM(%s.n) AS n, %s(%s.d) AS d, %s(%s.s) AS s, MIN(%s.day) AS day FROM %s AS %s GROUP BY %s.k)", a, a,
			w.one("MAX", "MIN", "SUM", "AVG"), a, w.one("MAX", "MIN"), a, a, w.table(depth-1), a, a)
	case 3:
		return fmt.Sprintf("(SELECT COUNT(*) AS k, COUNT(DISTINCT %s.k) AS n, SUM(%s.d) FILTER (WHERE %s) AS d, %s.s, %s.day FROM %s AS %s GROUP BY %s.s, %s.day)", a, a,
			w.condition(a, 1), a, a, w.table(depth-1), a, a, a)
	case 4:
		return fmt.Sprintf("(SELECT k, n, d, s, day FROM %s AS %s %s SELECT k, n, d, s, day FROM %s AS %s)", w.table(depth-1), a,
			w.one("UNION ALL", "UNION", "INTERSECT", "EXCEPT"), w.table(depth-1), b)
	case 5:
		return fmt.Sprintf("(SELECT * FROM %s AS %s WHERE %s %sIN (SELECT %s FROM %s AS %s))", w.table(depth-1), a, w.column(a, "k", "n"), w.one("", "NOT "),
			w.column(b, "k", "n"), w.table(depth-1), b)
	}
	return fmt.Sprintf("(SELECT %s.k, %s OVER (PARTITION BY %s.s ORDER BY %s.k, %s.d) AS n, SUM(%s.d) OVER (PARTITION BY %s.day%s) AS d, %s.s, %s.day FROM %s AS %s)",
		a, w.one("RANK()", "RANK()", "DENSE_RANK()", "COUNT(*)", "COUNT(DISTINCT "+a+".n)", "LAST_VALUE("+a+".k)"), a, a, a, a, a,
		w.one("", " ORDER BY "+a+".k", " ORDER BY "+a+".n DESC"), a, a, w.table(depth-1), a)
}

func (w *queryWriter) query() string {
	q := "SELECT k, n, d, s, day FROM " + w.table(rapid.IntRange(1, 3).Draw(w.T, "depth")) + " AS q"
	if w.chance(25) {
		q += fmt.Sprintf(" ORDER BY k%s, n, d, s, day LIMIT %d", w.one("", " DESC", " NULLS LAST"), rapid.IntRange(0, 40).Draw(w.T, "limit"))
	}
	return q
}

// writeTables makes the files of t and u, small and larger, with NULLs and keys that are skewed.
func writeTables(t *testing.T, dir string) {
	for table, rows := range map[string]int{"t": 60, "u": 700} {
		var b strings.Builder
		cell := func(i, every int, text string) {
			if i%every != 0 {
				b.WriteString(text)
			}
			b.WriteByte(',')
		}
		for i := range rows {
			cell(i, 7, fmt.Sprint(i*i%23))
			cell(i, 11, fmt.Sprint(i%13-5))
			cell(i, 5, fmt.Sprintf("%d.%02d", i%9-4, i%100))
			cell(i, 6, strings.Repeat(string(rune('a'+i%5)), i%4+1))
			fmt.Fprintf(&b, "2024-02-%02d\n", i%12+1)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, table+".csv"), []byte(b.String()), 0o600))
	}
}

var queries = flag.String("queries", "", "folder for the queries with their rows, to be compared by scripts/tpch/duckdb_rows.py")

// keep adds a query and its rows, which are CSV with NULL as \N, to the queries for DuckDB.
func keep(t *rapid.T, to *os.File, query, text string) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.NoError(t, json.NewEncoder(to).Encode(map[string]any{"query": query, "rows": rows[1:]}))
}

// Rows of a query do not depend on how many tasks compute it, in which batches they come, or how much memory there is.
func TestRowsDependOnTheQueryAlone(t *testing.T) {
	dir := t.TempDir()
	var kept *os.File
	if *queries != "" {
		dir = *queries
		require.NoError(t, os.MkdirAll(dir, 0o700))
		var err error
		kept, err = os.Create(filepath.Join(dir, "queries.jsonl"))
		require.NoError(t, err)
		defer kept.Close()
	}
	writeTables(t, dir)
	type how struct {
		parallelism int
		split       string
		memory      string
	}
	sessions := map[how]*session.Session{}
	out := &output{format: result.CSV, null: `\N`}
	run := func(h how, query string) (string, error) {
		s := sessions[h]
		if s == nil {
			s = session.New(out, datastream.WithConfig("parallelism.default", fmt.Sprint(h.parallelism)), datastream.WithConfig("io.tmp.dirs", dir),
				datastream.WithConfig("taskmanager.memory.managed.size", h.memory), datastream.WithConfig("table.local-time-zone", "UTC"))
			for _, name := range []string{"t", "u"} {
				require.NoError(t, s.Script(t.Context(), fmt.Sprintf(`CREATE TABLE %s (k INT, n BIGINT, d DECIMAL(12, 2), s STRING, day DATE) WITH
					('connector' = 'filesystem', 'path' = '%s/%s.csv', 'format' = 'csv', 'csv.null-literal' = '', 'source.split-size' = '%s')`, name, filepath.ToSlash(dir), name, h.split), false))
			}
			sessions[h] = s
		}
		out.Reset()
		err := s.Script(t.Context(), query, false)
		lines := strings.Split(out.String(), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n"), err
	}
	defer session.SetFilterRows(session.SetFilterRows(1))
	rapid.Check(t, func(t *rapid.T) {
		query := (&queryWriter{T: t}).query()
		t.Log(query)
		session.SetFilterRows(0)
		want, err := run(how{1, "64mb", "64mb"}, query)
		require.NoError(t, err)
		session.SetFilterRows(1)
		if kept != nil {
			keep(t, kept, query, out.String())
		}
		for _, h := range []how{{1, "64mb", "64mb"}, {3, "64mb", "64mb"}, {2, "1kb", "64mb"}, {2, "3kb", "32kb"}} {
			got, err := run(h, query)
			require.NoError(t, err, "%v", h)
			require.Equal(t, want, got, "%v", h)
		}
	})
}
