package parser

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/ast"
)

// TestParse runs the scripts of testdata: parse prints each statement of the input as the tree prints itself, or the error.
func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "parse":
				return parseAll(t, d.Input)
			case "expr":
				e, err := ParseExpr(d.Input)
				if err != nil {
					return err.Error() + "\n"
				}
				return fmt.Sprintf("%s\n", grouped(e))
			case "type":
				typ, err := ParseType(d.Input)
				if err != nil {
					return err.Error() + "\n"
				}
				return typ.String() + "\n"
			case "complete":
				return fmt.Sprintf("%v\n", Complete(d.Input))
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func parseAll(t *testing.T, input string) string {
	var b strings.Builder
	p := New(input)
	for {
		s, _, err := p.Next()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			b.WriteString(err.Error() + "\n")
			return b.String()
		}
		printed := ast.String(s)
		b.WriteString(printed + "\n")
		requireRoundTrip(t, s, printed)
	}
}

// requireRoundTrip asserts that printed text parses to an equal tree.
func requireRoundTrip(t *testing.T, s ast.Statement, printed string) {
	t.Helper()
	again, err := Parse(printed)
	require.NoError(t, err, printed)
	clearPositions(reflect.ValueOf(s))
	clearPositions(reflect.ValueOf(again))
	require.Equal(t, s, again, printed)
}

// clearPositions sets every position within a tree to zero.
func clearPositions(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			clearPositions(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			clearPositions(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[ast.Pos]() {
			if v.CanSet() {
				v.SetZero()
			}
			return
		}
		for i := range v.NumField() {
			clearPositions(v.Field(i))
		}
	}
}

// grouped prints an expression with parentheses around every operator, to show how tight they bind.
func grouped(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Binary:
		return "(" + grouped(e.Left) + " " + e.Operator + " " + grouped(e.Right) + ")"
	case *ast.Unary:
		return "(" + e.Operator + " " + grouped(e.Operand) + ")"
	case *ast.Is:
		return "(" + grouped(e.Operand) + " IS " + e.What + ")"
	case *ast.In:
		return "(" + grouped(e.Operand) + " IN)"
	case *ast.Between:
		return "(" + grouped(e.Operand) + " BETWEEN " + grouped(e.Low) + " AND " + grouped(e.High) + ")"
	case *ast.Like:
		return "(" + grouped(e.Operand) + " LIKE " + grouped(e.Pattern) + ")"
	}
	return ast.String(e)
}

// TestCases parses every statement of the collected cases of other projects, where they are at hand.
func TestCases(t *testing.T) {
	root := casesDir(t)
	files, err := filepath.Glob(filepath.Join(root, "*", "*.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	statements := 0
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		statements += parseCase(t, f, string(source))
	}
	for _, f := range exprFiles(t, root) {
		statements += parseCase(t, f.id, f.sql)
	}
	t.Logf("%d statements", statements)
}

func parseCase(t *testing.T, name, source string) (statements int) {
	p := New(source)
	for {
		s, _, err := p.Next()
		if err == io.EOF {
			return statements
		}
		var bad *ast.Error
		if errors.As(err, &bad) && bad.Unsupported && strings.HasPrefix(bad.Message, "MATCH_RECOGNIZE") {
			return statements
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return statements
		}
		requireRoundTrip(t, s, ast.String(s))
		statements++
	}
}

// FuzzParse asserts that no text makes the parser panic, and that what it accepts is printed and read back as it was.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*")
	require.NoError(f, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		for part := range strings.SplitSeq(string(text), "\n\n") {
			f.Add(part)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		p := New(source)
		for {
			s, _, err := p.Next()
			if err != nil {
				require.NotEmpty(t, err.Error())
				return
			}
			requireRoundTrip(t, s, ast.String(s))
		}
	})
}

func TestDepthIsBounded(t *testing.T) {
	for _, source := range []string{
		"SELECT " + strings.Repeat("(", 100_000),
		"SELECT " + strings.Repeat("- ", 100_000) + "1",
		"SELECT " + strings.Repeat("NOT ", 100_000) + "a",
		strings.Repeat("(SELECT * FROM ", 100_000),
		"SELECT CAST(a AS " + strings.Repeat("ARRAY<", 100_000),
		"SELECT * FROM t GROUP BY " + strings.Repeat("CUBE (", 100_000),
		"SELECT " + strings.Repeat("CASE WHEN ", 100_000),
	} {
		_, err := Parse(source)
		require.ErrorContains(t, err, "nests deeper")
	}
	_, err := Parse("SELECT 1" + strings.Repeat(" + 1", maxChain+1))
	require.ErrorContains(t, err, "operators in a row")
	_, err = Parse("SELECT 1" + strings.Repeat(" + 1", 10_000))
	require.NoError(t, err)
}
