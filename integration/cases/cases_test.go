package cases

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
)

// suites are those of bounded data, and how many of a hundred cases may fail.
var suites = map[string]int{"flink-batch": 5, "flink-functions": 5, "flink-agg-functions": 5, "tpch-sf0.01": 0}

// testCase is a script whose last statement gives the expected rows, or fails.
type testCase struct {
	name, sql string
	want      [][]string
	ordered   bool
	mustFail  bool
	listed    bool
	failure   string
}

// casesDir is the folder of the suites; the test is skipped without.
func casesDir(t *testing.T) string {
	dir := os.Getenv("LEAT_TEST_CASES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "cases")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no collected cases here: set LEAT_TEST_CASES")
	}
	dir, err := filepath.Abs(dir)
	require.NoError(t, err)
	return dir
}

// TestSuites runs all suites.
func TestSuites(t *testing.T) {
	root := casesDir(t)
	listed := failing(t)
	for suite, most := range suites {
		t.Run(suite, func(t *testing.T) {
			all := append(scripts(t, filepath.Join(root, suite)), expressions(t, filepath.Join(root, suite))...)
			require.NotEmpty(t, all)
			for _, c := range all {
				_, c.listed = listed[suite][c.name]
				delete(listed[suite], c.name)
			}
			run(t, all)
			failed := 0
			for _, c := range all {
				switch {
				case c.failure != "" && !c.listed:
					t.Errorf("%s: %s", c.name, c.failure)
				case c.failure == "" && c.listed:
					t.Errorf("%s passes: take it out of testdata/failing.txt", c.name)
				}
				if c.failure != "" {
					failed++
				}
			}
			require.LessOrEqual(t, 100*failed, most*len(all), "%d of %d cases fail", failed, len(all))
			require.Empty(t, listed[suite], "testdata/failing.txt names cases that there are not")
			t.Logf("%d of %d cases pass", len(all)-failed, len(all))
		})
	}
}

// failing reads the list: suite, case and reason, with " | " between them.
func failing(t *testing.T) map[string]map[string]string {
	text, err := os.ReadFile(filepath.Join("testdata", "failing.txt"))
	require.NoError(t, err)
	out := map[string]map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		require.Len(t, parts, 3, line)
		require.Contains(t, suites, parts[0])
		if out[parts[0]] == nil {
			out[parts[0]] = map[string]string{}
		}
		out[parts[0]][parts[1]] = parts[2]
	}
	return out
}

// scripts are NAME.sql with NAME.expected.csv.
func scripts(t *testing.T, dir string) (out []*testCase) {
	files, err := filepath.Glob(filepath.Join(dir, "*.sql"))
	require.NoError(t, err)
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		expected, err := os.ReadFile(strings.TrimSuffix(f, ".sql") + ".expected.csv")
		require.NoError(t, err)
		out = append(out, &testCase{
			name: strings.TrimSuffix(filepath.Base(f), ".sql"), sql: strings.ReplaceAll(string(source), "${DIR}", filepath.ToSlash(dir)),
			want: table(t, string(expected)), ordered: strings.Contains(string(source), "-- ordered: true"),
		})
	}
	return out
}

// table are the rows of csv behind its header. Of one column an empty line is an empty text.
func table(t require.TestingT, text string) [][]string {
	header, rest, _ := strings.Cut(text, "\n")
	width := strings.Count(header, ",") + 1
	var out [][]string
	if width == 1 && !strings.Contains(rest, `"`) {
		for line := range strings.Lines(rest) {
			out = append(out, []string{strings.TrimRight(line, "\r\n")})
		}
		return out
	}
	r := csv.NewReader(strings.NewReader(rest))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	return rows
}

// expressions are the lines of *.exprs.jsonl.
func expressions(t *testing.T, dir string) (out []*testCase) {
	files, err := filepath.Glob(filepath.Join(dir, "*.exprs.jsonl"))
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for i := 0; lines.Scan(); i++ {
			var c struct {
				ID, Expr, From, Error string
				Expected              *string
				Set                   map[string]string
			}
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
			made := &testCase{name: fmt.Sprintf("%04d %s", i, strings.ReplaceAll(c.ID, "\n", " ")), mustFail: c.Error != ""}
			for k, v := range c.Set {
				made.sql += fmt.Sprintf("SET '%s' = '%s';\n", k, v)
			}
			made.sql += fmt.Sprintf("SELECT %s AS r %s;\n", c.Expr, c.From)
			if c.Expected == nil {
				made.want = [][]string{{`\N`}}
			} else {
				made.want = [][]string{{*c.Expected}}
			}
			out = append(out, made)
		}
		require.NoError(t, lines.Err())
	}
	return out
}

// run fills in how cases fail. Sessions of one process run one after the other: names of datastream.Once are the process's.
func run(t *testing.T, all []*testCase) {
	dir := t.TempDir()
	for _, c := range all {
		if err := c.run(t, dir); err != nil {
			c.failure = err.Error()
		}
	}
}

// printed is what a session prints as csv.
type printed struct{ bytes.Buffer }

func (p *printed) Table(columns plan.Schema, o result.Options) (result.Writer, error) {
	o.Null = `\N`
	return result.New(result.CSV, p, columns, o)
}

func (p *printed) Text(string) error { return nil }
func (p *printed) Message(string)    {}

func (c *testCase) run(t *testing.T, dir string) error {
	out := new(printed)
	s := session.New(out, datastream.WithConfig("parallelism.default", "1"), datastream.WithConfig("io.tmp.dirs", dir))
	err := s.Script(t.Context(), c.sql, true)
	switch {
	case c.mustFail && err == nil:
		return errors.New("it should have failed")
	case c.mustFail:
		return nil
	case err != nil:
		return err
	}
	if text := difference(table(t, out.String()), c.want, c.ordered); text != "" {
		return errors.New(text)
	}
	return nil
}
