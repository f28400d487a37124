package sql_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/binder"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var update = flag.Bool("update", false, "write testdata/expressions.txt anew")

// expression is a case: what must come out of it, or that it must fail.
type expression struct {
	ID, Expr, From, Expected, Type, Error string
	Set                                   map[string]string
}

// errPlan is a query whose plan is more than projections of one row.
var errPlan = errors.New("more than projections of one row")

// TestExpressions computes the collected expressions with kernels. What does not come out as in Flink stands in
// testdata/expressions.txt: by name what differs, by reason how many are not vectorised yet.
func TestExpressions(t *testing.T) {
	dir := os.Getenv("LEAT_TEST_CASES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "cases")
	}
	files, err := filepath.Glob(filepath.Join(dir, "flink-functions", "*.exprs.jsonl"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no collected cases here: set LEAT_TEST_CASES")
	}
	var differs []string
	missing := map[string]int{}
	passed := 0
	for _, c := range readExpressions(t, files) {
		switch got, err := c.run(); {
		case c.Error == "runtime" && err != nil && !strings.Contains(err.Error(), "vectorised"):
			passed++
		case err != nil && strings.Contains(err.Error(), "vectorised"):
			message, _, _ := strings.Cut(err.Error(), ": ")
			missing[message]++
		case errors.Is(err, errPlan):
			missing[err.Error()]++
		case err != nil:
			differs = append(differs, fmt.Sprintf("%s: %s: %v", c.ID, c.Expr, err))
		case c.Error != "" || !equal(got, c.Expected):
			differs = append(differs, fmt.Sprintf("%s: %s: %q, expected %q", c.ID, c.Expr, got, c.Expected+c.Error))
		default:
			passed++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "computed as in Flink: %d\n\n", passed)
	for _, reason := range slices.Sorted(maps.Keys(missing)) {
		fmt.Fprintf(&b, "%d: %s\n", missing[reason], reason)
	}
	slices.Sort(differs)
	fmt.Fprintf(&b, "\ndiffers: %d\n%s\n", len(differs), strings.Join(differs, "\n"))
	path := filepath.Join("testdata", "expressions.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "go test ./client/sql -update writes it anew")
}

func readExpressions(t *testing.T, files []string) (out []expression) {
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(t, err)
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c expression
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
			if c.Error != "validation" {
				out = append(out, c)
			}
		}
		require.NoError(t, lines.Err())
	}
	return out
}

// run computes the expression and prints it.
func (c expression) run() (string, error) {
	zone := time.UTC
	if name := c.Set["table.local-time-zone"]; name != "" {
		z, err := time.LoadLocation(name)
		if err != nil {
			return "", err
		}
		zone = z
	}
	statement, _, err := parser.New("SELECT " + c.Expr + " AS r " + c.From).Next()
	if err != nil {
		return "", err
	}
	b := binder.Binder{Catalogs: catalog.NewManager()}
	n, err := b.Query(statement.(*ast.QueryStatement).Query)
	if err != nil {
		return "", err
	}
	batch, err := compute(n, kernel.Options{Zone: zone}, true)
	if err != nil {
		return "", err
	}
	if v := batch.Columns[0]; !v.IsNull(0) {
		if v.Type.IsBinary() {
			return fmt.Sprintf("x'%x'", v.Bytes(0)), nil
		}
		return string(v.Bytes(0)), nil
	}
	return `\N`, nil
}

// compute runs projections over one row; the outermost gives text.
func compute(n plan.Node, o kernel.Options, text bool) (*vector.Batch, error) {
	switch n := n.(type) {
	case *plan.Values:
		if len(n.Rows) == 1 {
			return project(n.Rows[0], nil, &vector.Batch{Length: 1}, o, text)
		}
	case *plan.Project:
		input, err := compute(n.Input, o, false)
		if err != nil {
			return nil, err
		}
		var types []datatype.Type
		for _, c := range n.Input.Schema() {
			types = append(types, c.Type)
		}
		return project(n.Exprs, types, input, o, text)
	}
	return nil, errPlan
}

func project(exprs []expr.Expr, types []datatype.Type, input *vector.Batch, o kernel.Options, text bool) (*vector.Batch, error) {
	out := &vector.Batch{Length: input.Length}
	for _, e := range exprs {
		if text && !e.Type().IsBinary() {
			e = expr.Cast{Operand: e, Of: datatype.String}
		}
		evaluator, err := kernel.Compile(e, types, o)
		if err != nil && len(exprs) > 1 && !text {
			out.Columns = append(out.Columns, nil)
			continue
		}
		if err != nil {
			return nil, err
		}
		v, err := evaluator.Evaluate(input)
		if err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, v)
	}
	return out, nil
}

// TestComputed computes the expressions of testdata/computed, one a line, with what they give behind it.
func TestComputed(t *testing.T) {
	datadriven.RunTest(t, filepath.Join("testdata", "computed"), func(t *testing.T, d *datadriven.TestData) string {
		var b strings.Builder
		c := expression{}
		for _, a := range d.CmdArgs {
			c.Set = map[string]string{"table.local-time-zone": a.Vals[0]}
		}
		for line := range strings.Lines(d.Input) {
			c.Expr = strings.TrimSpace(line)
			got, err := c.run()
			if err != nil {
				got = "error: " + err.Error()
			}
			fmt.Fprintf(&b, "%s -> %s\n", c.Expr, got)
		}
		return b.String()
	})
}

// equal compares as the cases do: numbers by value, points in time without zeros at the end.
func equal(got, want string) bool {
	lower := strings.NewReplacer("TRUE", "true", "FALSE", "false")
	if got == want || lower.Replace(got) == lower.Replace(want) {
		return true
	}
	x, errX := strconv.ParseFloat(got, 64)
	y, errY := strconv.ParseFloat(want, 64)
	if errX == nil && errY == nil {
		return x == y || math.Abs(x-y) <= 1e-11*math.Max(math.Abs(x), math.Abs(y)) || math.IsNaN(x) && math.IsNaN(y)
	}
	trim := func(s string) string {
		if strings.Contains(s, ":") && strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return trim(got) == trim(want)
}
