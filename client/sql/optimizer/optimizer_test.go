package optimizer

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/binder"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// session keeps the tables that scripts create.
type session struct{ binder.Binder }

func newSession() *session {
	return &session{binder.Binder{Catalogs: catalog.NewManager(), File: func(string) (*catalog.Table, error) {
		return &catalog.Table{Columns: []catalog.Column{{Name: "city", Type: datatype.String}, {Name: "n", Type: datatype.BigInt}}}, nil
	}}}
}

// run creates tables and views and gives the bound plans of queries.
func (s *session) run(source string) (plans []plan.Node, err error) {
	p := parser.New(source)
	put := func(name ast.ObjectName, t *catalog.Table, err error) error {
		if err != nil {
			return err
		}
		return s.Catalogs.PutTemporary(s.Catalogs.Qualify(name.Strings()), t, true)
	}
	for {
		statement, _, err := p.Next()
		if err == io.EOF {
			return plans, nil
		}
		if err != nil {
			return nil, err
		}
		var n plan.Node
		switch st := statement.(type) {
		case *ast.CreateTable:
			t, e := s.Table(st)
			err = put(st.Name, t, e)
		case *ast.CreateView:
			t, e := s.View(st)
			err = put(st.Name, t, e)
		case *ast.Insert:
			n, err = s.Insert(st)
		case *ast.QueryStatement:
			n, err = s.Query(st.Query)
		}
		if err != nil {
			return nil, err
		}
		if n != nil {
			plans = append(plans, n)
		}
	}
}

// sizes are statistics of the tables of TPC-H and of testdata.
type sizes struct{}

var tableRows = map[string]float64{"lineitem": 6e6, "orders": 1.5e6, "partsupp": 8e5, "part": 2e5, "customer": 1.5e5, "supplier": 1e4,
	"nation": 25, "region": 5, "t": 1e6, "u": 1e4, "s": 100}

func (sizes) Rows(n *plan.Scan) (float64, bool) {
	r, ok := tableRows[n.Path[len(n.Path)-1]]
	return r, ok
}

func (sizes) Distinct(n *plan.Scan, column string) (float64, bool) { return 3, column == "kind" }

// rules are what testdata can name.
var rules = map[string]func(plan.Node) (plan.Node, error){
	"subqueries": removeSubqueries,
	"filters":    func(n plan.Node) (plan.Node, error) { return pushFilters(n), nil },
	"columns":    func(n plan.Node) (plan.Node, error) { return mergeProjects(pruneColumns(mergeProjects(n))), nil },
	"limits":     func(n plan.Node) (plan.Node, error) { return recognizeTopN(pushLimits(mergeProjects(n))), nil },
	"order": func(n plan.Node) (plan.Node, error) {
		n = mergeProjects(pushFilters(mergeProjects(n)))
		return mergeProjects(pruneColumns(mergeProjects(orderJoins(n, sizes{})))), nil
	},
	"all": func(n plan.Node) (plan.Node, error) { return Optimize(n, sizes{}) },
}

// TestRules runs the scripts of testdata: the name of a rule draws each query's plan before and after it.
func TestRules(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newSession()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			plans, err := s.run(d.Input)
			require.NoError(t, err, d.Pos)
			var b strings.Builder
			for _, n := range plans {
				out, err := rules[d.Cmd](n)
				if err != nil {
					b.WriteString("error: " + err.Error() + "\n")
					continue
				}
				check(t, d.Pos, n, out)
				if !d.HasArg("after") {
					b.WriteString(plan.Draw(n) + "=>\n")
				}
				b.WriteString(plan.Draw(out))
			}
			return b.String()
		})
	})
}

// check fails for a plan that is not sound: columns that are not there or of another type, other columns than before.
func check(t *testing.T, name string, before, after plan.Node) {
	a, b := before.Schema(), after.Schema()
	require.Equal(t, a.Names(), b.Names(), name)
	for i := range a {
		require.Equal(t, a[i].Type.Nullable().String(), b[i].Type.Nullable().String(), name)
		require.False(t, b[i].Type.NotNull && !a[i].Type.NotNull && len(b) == 0, name)
	}
	require.NoError(t, sound(after), "%s\n%s", name, plan.Draw(after))
}

// sound checks that each column that is read is there and of its type; one that is read as NOT NULL must be that.
func sound(n plan.Node) error {
	var in plan.Schema
	for _, i := range n.Inputs() {
		if err := sound(i); err != nil {
			return err
		}
		in = append(in, i.Schema()...)
	}
	var err error
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		expr.Walk(e, func(e expr.Expr) bool {
			c, ok := e.(expr.Column)
			switch {
			case !ok:
			case c.Index < 0 || c.Index >= len(in):
				err = fmt.Errorf("$%d is not there in %s", c.Index, n.Line())
			case !c.Of.EqualButNull(in[c.Index].Type) || c.Of.NotNull && !in[c.Index].Type.NotNull:
				err = fmt.Errorf("$%d is %s, read as %s in %s", c.Index, in[c.Index].Type, c.Of, n.Line())
			}
			return true
		})
		return e
	})
	if a, ok := n.(*plan.Aggregate); ok {
		for _, g := range a.Groups {
			if g < 0 || g >= len(in) {
				return fmt.Errorf("group $%d is not there in %s", g, n.Line())
			}
		}
	}
	return err
}

// casesDir is the folder of collected cases, LEAT_TEST_CASES or one beside the repository; the test is skipped without.
func casesDir(t *testing.T) string {
	dir := os.Getenv("LEAT_TEST_CASES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "cases")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no collected cases here: set LEAT_TEST_CASES")
	}
	return dir
}

// cases calls for the bound plans of the queries of a suite.
func cases(t *testing.T, suite string, f func(name string, n plan.Node)) {
	files, err := filepath.Glob(filepath.Join(casesDir(t), suite, "*.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		plans, err := newSession().run(string(source))
		if err != nil {
			continue
		}
		for _, n := range plans {
			f(filepath.Base(file), n)
		}
	}
}

// left finds what must not be in an optimised plan.
func left(n plan.Node, crosses bool) []string {
	var out []string
	for _, in := range n.Inputs() {
		out = append(out, left(in, crosses)...)
	}
	if c, ok := n.(*plan.Correlate); ok {
		if _, unnests := c.Right.(*plan.Unnest); !unnests {
			out = append(out, c.Line())
		}
		return out
	}
	if j, ok := n.(*plan.Join); ok && crosses && constant(j.Condition, true) {
		out = append(out, j.Line())
	}
	if _, unnests := n.(*plan.Unnest); !unnests && readsOuter(n) {
		out = append(out, n.Line())
	}
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		if hasSubquery(e) {
			out = append(out, n.Line())
		}
		return e
	})
	return out
}

func TestTPCHHasNoSubqueriesAndNoCrossJoins(t *testing.T) {
	count := 0
	cases(t, "tpch-sf0.01", func(name string, n plan.Node) {
		out, err := Optimize(n, sizes{})
		require.NoError(t, err, name)
		check(t, name, n, out)
		require.Empty(t, left(out, true), "%s\n%s", name, plan.Draw(out))
		count++
	})
	require.Equal(t, 22, count)
}

// TestCommonPlansAreShared reads a common table expression twice, with the same columns, and one that is volatile.
func TestCommonPlansAreShared(t *testing.T) {
	plans, err := newSession().run(`CREATE TABLE t (a INT, b INT);
WITH w AS (SELECT a, COUNT(*) AS n FROM t GROUP BY a) SELECT x.a, y.a FROM w x JOIN w y ON x.n + 1 = y.n;
WITH w AS (SELECT a, RAND() AS n FROM t) SELECT x.a FROM w x JOIN w y ON x.n = y.n AND x.a = y.a`)
	require.NoError(t, err)
	for i, shared := range []bool{true, false} {
		n, err := Optimize(plans[i], nil)
		require.NoError(t, err)
		for len(n.Inputs()) == 1 {
			n = n.Inputs()[0]
		}
		l, r := n.Inputs()[0], n.Inputs()[1]
		if shared {
			l, r = l.Inputs()[0], r.Inputs()[0]
		}
		require.Equal(t, shared, l == r, plan.Draw(n))
	}
}

func TestBatchCasesAreOptimized(t *testing.T) {
	for _, suite := range []string{"flink-batch", "flink-agg-functions"} {
		cases(t, suite, func(name string, n plan.Node) {
			out, err := Optimize(n, sizes{})
			require.NoError(t, err, name)
			check(t, name, n, out)
			require.Empty(t, left(out, false), "%s\n%s", name, plan.Draw(out))
		})
	}
}

// More relations than a set of bits holds are ordered in parts: each is joined once.
func TestManyRelations(t *testing.T) {
	for _, shape := range []string{"%s JOIN %s%s", "%[2]s JOIN (%[1]s)%[3]s"} {
		s := newSession()
		joins := "t AS t0"
		for i := 1; i < 80; i++ {
			joins = fmt.Sprintf(shape, joins, fmt.Sprintf("t AS t%d", i), fmt.Sprintf(" ON t%d.a = t%d.b", i, i-1))
		}
		plans, err := s.run("CREATE TABLE t (a INT, b INT); SELECT t0.a FROM " + joins)
		require.NoError(t, err)
		out, err := Optimize(plans[0], sizes{})
		require.NoError(t, err)
		require.Equal(t, 80, strings.Count(plan.Draw(out), "LogicalTableScan"))
		require.Equal(t, 79, strings.Count(plan.Draw(out), "condition=[=("), "%s", plan.Draw(out))
	}
}
