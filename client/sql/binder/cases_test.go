package binder

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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

// notBound are the cases that are bound otherwise than Flink does, with the reason.
var notBound = map[string]string{
	"OverAggregate-testBitmapLogicalOpsAgg.sql":                        "BITMAP is no type here",
	"BitmapFunctions/BITMAP_BUILD/#0":                                  "BITMAP is no type here",
	"BitmapFunctions/BITMAP_FROM_BYTES/#0":                             "BITMAP is no type here",
	"BitmapFunctions/BITMAP_TO_BYTES/#1":                               "BITMAP is no type here",
	"BitmapFunctions/BITMAP_TO_BYTES/#3":                               "BITMAP is no type here",
	"JsonFunctions/JSON_OBJECT/#17":                                    "JSON may be a key",
	"MiscFunctions/TYPEOF/#1":                                          "the second argument need not be a constant",
	"StringFunctions/ELT/Validation Error#2":                           "a constant index out of range is NULL",
	"TimeFunctions/TO_TIMESTAMP_LTZ/#18":                               "constants are read when the statement runs",
	"TimeFunctions/TO_TIMESTAMP_LTZ/#20":                               "constants are read when the statement runs",
	"SqlExpressionTest/testDivideFunctions#10":                         "constants are divided when the statement runs",
	"SqlExpressionTest/testDivideFunctions#12":                         "constants are divided when the statement runs",
	"SqlExpressionTest/testDivideFunctions#14":                         "constants are divided when the statement runs",
	"ScalarFunctionsTest/testStringFunctionAndExpressionResultType#16": "IFNULL has the longer VARCHAR",
	"ScalarFunctionsTest/testStringFunctionAndExpressionResultType#18": "IFNULL has the longer VARCHAR",
	"ScalarFunctionsTest/testStringFunctionAndExpressionResultType#20": "IFNULL has the longer VARCHAR",
}

// TestBatchCases binds every query of the bounded suites.
func TestBatchCases(t *testing.T) {
	root := casesDir(t)
	for _, suite := range []string{"flink-batch", "tpch-sf0.01", "flink-agg-functions"} {
		files, err := filepath.Glob(filepath.Join(root, suite, "*.sql"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			source, err := os.ReadFile(f)
			require.NoError(t, err)
			_, err = newSession().run(string(source))
			if _, known := notBound[filepath.Base(f)]; known {
				require.Error(t, err, f)
			} else {
				require.NoError(t, err, f)
			}
		}
	}
}

// TestExpressionCases binds single expressions: those that must not be valid are refused, the others have the type that Flink infers.
func TestExpressionCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(casesDir(t), "*", "*.exprs.jsonl"))
	require.NoError(t, err)
	for _, f := range files {
		file, err := os.Open(f)
		require.NoError(t, err)
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c exprCase
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
			if _, known := notBound[c.ID]; !known {
				c.check(t)
			}
		}
		require.NoError(t, lines.Err())
	}
}

type exprCase struct{ ID, Expr, From, Error, Type string }

func (c exprCase) check(t *testing.T) {
	plans, err := newSession().run("SELECT " + c.Expr + " AS r " + c.From)
	if c.Error == "validation" {
		if err == nil {
			t.Errorf("%s: %s is accepted", c.ID, c.Expr)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", c.ID, err)
		return
	}
	if got := plans[0].Schema()[0].Type.String(); c.Type != "" && withoutNull(got) != withoutNull(c.Type) {
		t.Errorf("%s: %s is %s, not %s", c.ID, c.Expr, got, c.Type)
	}
}

// withoutNull leaves out what the cases lost: the columns that they were written for were nullable.
func withoutNull(t string) string { return strings.ReplaceAll(t, " NOT NULL", "") }
