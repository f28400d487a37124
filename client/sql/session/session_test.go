package session_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
)

// output keeps what a session prints, messages behind "-- ".
type output struct {
	strings.Builder
	format result.Format
	null   string
}

func (o *output) Table(columns plan.Schema, opt result.Options) (result.Writer, error) {
	opt.Null = o.null
	return result.New(o.format, o, columns, opt)
}

func (o *output) Text(text string) error {
	_, err := fmt.Fprintln(o, strings.TrimSuffix(text, "\n"))
	return err
}

func (o *output) Message(text string) { fmt.Fprintln(o, "-- "+text) }

// TestScripts runs the scripts of testdata, the commands of one file in one session:
//
//	files              makes a file in $DIR: its name, then its lines
//	bytes name=NAME    makes a file of a text as Go writes it, so often (repeat), perhaps gzip, of which the last bytes are cut
//	run [format=csv]   runs a script and prints all of its output
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		out := &output{}
		dir := t.TempDir()
		s := session.New(out, datastream.WithConfig("parallelism.default", "2"), datastream.WithConfig("io.tmp.dirs", t.TempDir()),
			datastream.WithConfig("table.local-time-zone", "UTC"))
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out.Reset()
			if d.Cmd == "files" {
				name, text, _ := strings.Cut(d.Input, "\n")
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600))
				return ""
			}
			if d.Cmd == "bytes" {
				writeBytes(t, d, dir)
				return ""
			}
			format := "table"
			d.MaybeScanArgs(t, "format", &format)
			out.format = result.Format(format)
			text := strings.ReplaceAll(d.Input, "$DIR", filepath.ToSlash(dir))
			if err := s.Script(t.Context(), text, out.format != result.Table); err != nil {
				kind := "job failed"
				var mistake *session.Mistake
				if errors.As(err, &mistake) {
					kind = "mistake"
				}
				fmt.Fprintf(out, "%s: %s\n", kind, withoutJob(err.Error()))
			}
			return strings.ReplaceAll(out.String(), filepath.ToSlash(dir), "$DIR")
		})
	})
}

func writeBytes(t *testing.T, d *datadriven.TestData, dir string) {
	text, repeat, cut, name := "", 1, 0, ""
	if d.Input != "" {
		var err error
		text, err = strconv.Unquote(d.Input)
		require.NoError(t, err)
	}
	d.ScanArgs(t, "name", &name)
	d.MaybeScanArgs(t, "repeat", &repeat)
	d.MaybeScanArgs(t, "cut", &cut)
	content := []byte(strings.Repeat(text, repeat))
	if d.HasArg("gzip") {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(content)
		require.NoError(t, errors.Join(err, w.Close()))
		content = packed.Bytes()
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), content[:len(content)-cut], 0o600))
}

// withoutJob leaves out the id of the job, which differs each time.
func withoutJob(message string) string {
	if i := strings.Index(message, "): "); strings.HasPrefix(message, "job ") && i > 0 {
		return message[i+3:]
	}
	return message
}

func TestSubstitute(t *testing.T) {
	variables := map[string]string{"date": "2026-11-20", "n": "10", "quote": "it's", "tick": "a`b"}
	for _, c := range [][2]string{
		{"SELECT {{date}}", "SELECT '2026-11-20'"},
		{"LIMIT {{ n }}", "LIMIT 10"},
		{"'out/{{date}}.csv'", "'out/2026-11-20.csv'"},
		{"'{{quote}}' {{quote}}", "'it''s' 'it''s'"},
		{"`{{tick}}`", "`a``b`"},
		{"-- {{gone}}\n/* {{gone}} */ 1", "-- {{gone}}\n/* {{gone}} */ 1"},
		{"'{{1}}'", "'{{1}}'"},
	} {
		got, err := session.Substitute(c[0], variables)
		require.NoError(t, err)
		require.Equal(t, c[1], got)
	}
	_, err := session.Substitute("SELECT 1,\n  {{dat}}", variables)
	require.EqualError(t, err, "line 2, column 3: variable dat has no value; did you mean \"date\"?\n    {{dat}}\n    ^\ngive it by --var dat=VALUE")
}
