package sql_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql"
	"github.com/leatproject/leat/client/sql/session"
)

type Sale struct {
	City   string  `sql:"city"`
	Amount float64 `sql:"amount"`
}

type Total struct {
	City  string `sql:"city"`
	Total float64
	Sales int64
}

// A stream becomes a table, a query with a function of the program reads it, and its rows are a stream again.
func Example() {
	env := datastream.NewEnvironment(datastream.WithConfig("parallelism.default", "2"))
	sales := datastream.FromSlice(env, Sale{"Rome", 2.5}, Sale{"oslo", 1}, Sale{"rome", 4})
	check(sql.Register(sales, "sales"))
	check(sql.Function1(env, "CAPITAL", func(s string) (string, error) { return strings.ToUpper(s[:1]) + s[1:], nil }))
	table, err := sql.Query(env, "SELECT CAPITAL(city) AS city, SUM(amount) AS total, COUNT(*) AS sales FROM sales GROUP BY CAPITAL(city)")
	check(err)
	totals, err := sql.ToStream[Total](table)
	check(err)
	lines := datastream.Map(totals, func(t Total) string { return fmt.Sprintf("%s: %.2f in %d sales", t.City, t.Total, t.Sales) })
	rows, err := datastream.ExecuteAndCollect(env.Context(), lines, "totals")
	check(err)
	slices.Sort(rows)
	fmt.Println(strings.Join(rows, "\n"))

	check(sql.Execute(env, "CREATE TEMPORARY VIEW cities AS VALUES ('Rome', 'IT'), ('Oslo', 'NO'); SELECT * FROM cities ORDER BY 1"))
	// Output:
	// Oslo: 1.00 in 1 sales
	// Rome: 6.50 in 2 sales
	// +--------+--------+
	// | EXPR$0 | EXPR$1 |
	// +--------+--------+
	// |   Oslo |     NO |
	// |   Rome |     IT |
	// +--------+--------+
	// 2 rows in set
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// everything has a field of each type.
type everything struct {
	Bool    bool
	Tiny    int8
	Small   *int16
	Int     int32
	Big     int64
	Number  int
	Float   float32
	Double  *float64
	Text    *string
	Bytes   []byte
	Instant time.Time
	hidden  int
}

func of[T any](v T) *T { return &v }

func TestEveryType(t *testing.T) {
	env := datastream.NewEnvironment(datastream.WithConfig("parallelism.default", "1"))
	rows := []everything{
		{true, 1, of[int16](2), 3, 4, 5, 6.5, of(7.25), of("eight"), []byte{9}, time.Unix(10, 11).UTC(), 0},
		{false, -1, nil, -3, -4, -5, -6.5, nil, nil, []byte{}, time.Unix(-10, 999_999_999).UTC(), 0},
	}
	require.NoError(t, sql.Register(datastream.FromSlice(env, rows...), "t"))
	table, err := sql.Query(env, "SELECT `Bytes`, `Text`, `Double`, `Float`, `Number`, `Big`, `Int`, `Small`, `Tiny`, `Bool`, `Instant` FROM t")
	require.NoError(t, err)
	require.Equal(t, []string{"Bytes", "Text", "Double", "Float", "Number", "Big", "Int", "Small", "Tiny", "Bool", "Instant"}, table.Columns())
	back, err := sql.ToStream[everything](table)
	require.NoError(t, err)
	got, err := datastream.ExecuteAndCollect(t.Context(), back, "back")
	require.NoError(t, err)
	require.ElementsMatch(t, rows, got)
}

func TestFunctions(t *testing.T) {
	env := datastream.NewEnvironment(datastream.WithConfig("parallelism.default", "1"))
	require.NoError(t, sql.Function1(env, "Twice", func(n int64) (int64, error) { return 2 * n, nil }))
	require.NoError(t, sql.Function1(env, "OrZero", func(n *int64) (int64, error) {
		if n == nil {
			return 0, nil
		}
		return *n, nil
	}))
	require.NoError(t, sql.Function2(env, "Pick", func(s string, n int32) (*string, error) {
		if int(n) > len(s) {
			return nil, nil
		}
		return of(s[n-1 : n]), nil
	}))
	require.NoError(t, sql.Function3(env, "Between3", func(lo, x, hi float64) (bool, error) {
		if lo > hi {
			return false, errors.New("the ends are the wrong way round")
		}
		return lo <= x && x <= hi, nil
	}))
	one := func(query string) ([]string, error) {
		table, err := sql.Query(env, query)
		if err != nil {
			return nil, err
		}
		rows, err := sql.ToStream[*string](table)
		require.NoError(t, err)
		got, err := datastream.ExecuteAndCollect(t.Context(), rows, "one")
		var out []string
		for _, s := range got {
			if s == nil {
				s = of("NULL")
			}
			out = append(out, *s)
		}
		return out, err
	}
	from := " FROM (VALUES (1, 'abc'), (2, CAST(NULL AS STRING)), (CAST(NULL AS INT), 'x'), (4, 'defg'), (3, 'a')) AS t (n, s)"
	for query, want := range map[string][]string{
		"SELECT CAST(twice(n) AS STRING)" + from:                                {"2", "4", "NULL", "8", "6"},
		"SELECT CAST(TWICE(Twice(n)) AS STRING)" + from + " WHERE Twice(n) > 4": {"16", "12"},
		"SELECT CAST(OrZero(n) AS STRING)" + from:                               {"1", "2", "0", "4", "3"},
		"SELECT Pick(s, n)" + from:                                              {"a", "NULL", "NULL", "g", "NULL"},
		"SELECT CAST(Between3(1, n, 2.5) AS STRING)" + from:                     {"TRUE", "TRUE", "NULL", "FALSE", "FALSE"},
		"SELECT CAST(SUM(Twice(n)) AS STRING)" + from:                           {"20"},
		"SELECT Pick('abc', 2)":                                                 {"b"},
	} {
		got, err := one(query)
		require.NoError(t, err, query)
		require.ElementsMatch(t, want, got, query)
	}
	_, err := one("SELECT CAST(Between3(2, n, 1) AS STRING)" + from)
	require.ErrorContains(t, err, "function Between3: the ends are the wrong way round")
	for query, want := range map[string]string{
		"SELECT Twice('a')":         "Twice takes (BIGINT), not (CHAR(1) NOT NULL)",
		"SELECT Twice(1, 2)":        "Twice takes (BIGINT)",
		"SELECT Twice(DISTINCT 1)":  "Twice is no aggregate",
		"CREATE TABLE t (a INT)":    "this is no query",
		"SELECT Twise(n)" + from:    "there is no function Twise",
		"SELECT n FRM t":            "line 1, column ",
		"SELECT * FROM nothing_yet": "nothing_yet",
	} {
		_, err := sql.Query(env, query)
		var mistake *session.Mistake
		require.ErrorAs(t, err, &mistake, query)
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, sql.Function1(env, "UPPER", func(s string) (string, error) { return s, nil }), "there is a function UPPER already")
	require.ErrorContains(t, sql.Function1(env, "f", func(s uint8) (string, error) { return "", nil }), "uint8 is the type of no column")
}

func TestMistakesWithTables(t *testing.T) {
	env := datastream.NewEnvironment(datastream.WithConfig("parallelism.default", "1"))
	require.ErrorContains(t, sql.Register(datastream.FromSlice(env, struct{ A uint }{1}), "t"), "field A of struct { A uint }: uint is the type of no column")
	require.NoError(t, sql.Register(datastream.FromSlice(env, 1, 2, 3), "numbers"))
	query := func(q string) *sql.Table {
		table, err := sql.Query(env, q)
		require.NoError(t, err)
		return table
	}
	_, err := sql.ToStream[int32](query("SELECT f0 FROM numbers"))
	require.ErrorContains(t, err, "column f0 is BIGINT NOT NULL, which is not read as INT NOT NULL: cast it in the query")
	_, err = sql.ToStream[Sale](query("SELECT 'a' AS city, 1 AS amount, 2 AS more"))
	require.ErrorContains(t, err, "the table has 3 columns (city, amount, more) and sql_test.Sale has 2 fields")
	_, err = sql.ToStream[Sale](query("SELECT 'a' AS city, 1 AS price"))
	require.ErrorContains(t, err, "sql_test.Sale has no field for column price: name one by the tag `sql:\"price\"`")
	rows, err := sql.ToStream[int](query("SELECT NULLIF(f0, 2) FROM numbers"))
	require.NoError(t, err)
	_, err = datastream.ExecuteAndCollect(t.Context(), rows, "null")
	require.ErrorContains(t, err, "column EXPR$0: it is NULL, for which a pointer is needed")
	_, err = sql.ToStream[int](query("SELECT f0 FROM numbers"))
	require.ErrorContains(t, err, "it was a stream of a job that has been executed")
}
