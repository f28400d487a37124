package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

const streaming = "execution.runtime-mode=STREAMING"

func TestWindowsAndLateViews(t *testing.T) {
	h := datastream.NewHarness()
	in, views := datastream.HarnessSource[PageView](h)
	counts, late := count(views, windowing{size: time.Minute, disorder: 5 * time.Second, lateness: 30 * time.Second})
	out, lateOut := datastream.HarnessSink(h, counts), datastream.HarnessSink(h, late)
	require.NoError(t, h.Open())
	view := func(second int) PageView { return PageView{"u", "/", time.Unix(int64(second), 0).UTC()} }
	fired := func(n int64) []PageCount { return []PageCount{{time.Unix(0, 0).UTC(), "/", n}} }

	in.Push(view(10), view(61), view(57))
	require.Empty(t, out.Values(), "others may still come")
	in.Push(view(65))
	require.Equal(t, fired(2), out.Values(), "the watermark is at 59.999 s")
	in.Push(view(20))
	require.Equal(t, fired(3), out.Values(), "late, within the allowed lateness")
	in.Push(view(95), view(30))
	require.Empty(t, out.Values())
	require.Equal(t, []PageView{view(30)}, lateOut.Values())
	require.EqualValues(t, 1, h.Metric(lateOperator, lateMetric))
	in.End()
	require.Equal(t, []PageCount{{time.Unix(60, 0).UTC(), "/", 3}}, out.Values())
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}

func TestTheFileOfTheExample(t *testing.T) {
	late := filepath.Join(t.TempDir(), "late")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--input", "views.csv", "-D", streaming, "-p", "1", "--late", late}, &out))
	require.Equal(t, `2026-03-01T09:00:00Z / 3
2026-03-01T09:00:00Z /docs 3
2026-03-01T09:00:00Z /search?q=a,b 1
2026-03-01T09:00:00Z / 4
2026-03-01T09:01:00Z / 2
2026-03-01T09:01:00Z /docs 2
2026-03-01T09:02:00Z / 1
late views: 1
`, out.String())
	require.Equal(t, [][]string{{"dan", "/docs", "2026-03-01T09:00:35Z"}}, rows(t, late))
}

// rows reads the CSV files of an output directory.
func rows(t *testing.T, dir string) (all [][]string) {
	parts, err := filepath.Glob(filepath.Join(dir, "part-*"))
	require.NoError(t, err)
	for _, part := range parts {
		text, err := os.ReadFile(part)
		require.NoError(t, err)
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		require.NoError(t, err)
		all = append(all, records...)
	}
	return all
}

// simulate is what windows of a minute should make of views in the order in which they came.
func simulate(views []PageView, disorder, lateness time.Duration) (counts map[string]int64, late int) {
	counts = map[string]int64{}
	watermark := time.Time{}
	for _, v := range views {
		start := v.Time.Truncate(time.Minute)
		if start.Add(time.Minute - time.Millisecond + lateness).After(watermark) {
			counts[start.Format(time.RFC3339)+" "+v.Page]++
		} else {
			late++
		}
		if w := v.Time.Add(-disorder - time.Millisecond); w.After(watermark) {
			watermark = w
		}
	}
	return counts, late
}

func TestFormatsModesAndParallelism(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	var views []PageView
	for i := range 5000 {
		at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(i)*250*time.Millisecond - time.Duration(random.ExpFloat64()*float64(20*time.Second)))
		views = append(views, PageView{fmt.Sprint("user", i%7), []string{"/", "/a,b", `/"q"`}[random.IntN(3)], at.Truncate(time.Millisecond)})
	}
	dir := t.TempDir()
	var asCSV, asJSON bytes.Buffer
	w := csv.NewWriter(&asCSV)
	for _, v := range views {
		require.NoError(t, w.Write([]string{v.User, v.Page, v.Time.Format(time.RFC3339Nano)}))
		line, err := json.Marshal(v)
		require.NoError(t, err)
		fmt.Fprintf(&asJSON, "%s\n", line)
	}
	w.Flush()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "views.csv"), asCSV.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "views.json"), asJSON.Bytes(), 0o600))

	inTime, late := simulate(views, 5*time.Second, 30*time.Second)
	require.Greater(t, late, 10)
	all, _ := simulate(views, 0, time.Hour)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		for _, format := range []string{"csv", "json"} {
			for _, p := range []string{"1", "3"} {
				t.Run(mode+format+p, func(t *testing.T) {
					var out bytes.Buffer
					require.NoError(t, run(t.Context(), []string{"--input", filepath.Join(dir, "views."+format), "--format", format, "-p", p,
						"-D", "execution.runtime-mode=" + mode}, &out))
					counts, isLate := printed(t, out.String())
					if mode == "BATCH" {
						require.Equal(t, all, counts)
						require.Zero(t, isLate)
						return
					}
					require.Equal(t, inTime, counts)
					require.Equal(t, late, isLate)
				})
			}
		}
	}
}

// printed reads what the program prints: the last count of a window is the one that counts.
func printed(t *testing.T, out string) (counts map[string]int64, late int) {
	counts = map[string]int64{}
	for line := range strings.Lines(out) {
		if n, err := fmt.Sscanf(line, "late views: %d\n", &late); n == 1 && err == nil {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		var n int64
		_, err := fmt.Sscan(line[cut:], &n)
		require.NoError(t, err, line)
		counts[line[:cut]] = n
	}
	return counts, late
}

func TestMalformedLines(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.csv")
	require.NoError(t, os.WriteFile(broken, []byte("u,/,2026-03-01T09:00:01Z\nu,/,yesterday\nu,/\nu,/,2026-03-01T09:00:02Z\n"), 0o600))
	output := filepath.Join(dir, "counts")
	err := run(t.Context(), []string{"--input", broken, "--output", output}, io.Discard)
	require.Equal(t, 1, datastream.ExitCode(err))
	require.ErrorContains(t, err, "broken.csv")
	require.ErrorContains(t, err, "yesterday")
	require.Empty(t, rows(t, output))

	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--input", broken, "--output", output, "--malformed", filepath.Join(dir, "malformed")}, &out))
	require.Equal(t, "late views: 0\nmalformed records: 2\n", out.String())
	require.Equal(t, [][]string{{"2026-03-01T09:00:00Z", "/", "2"}}, rows(t, output))
	found := rows(t, filepath.Join(dir, "malformed"))
	slices.SortFunc(found, func(a, b []string) int { return len(b[0]) - len(a[0]) })
	require.Len(t, found, 2)
	require.Equal(t, "u,/,yesterday", found[0][0])
	require.Contains(t, found[0][1], "broken.csv")
	require.Equal(t, "u,/", found[1][0])
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, &out))
	require.Contains(t, out.String(), "pageviews --input views.csv")
	for message, args := range map[string][]string{
		"nothing to read: give --input":  {},
		"give csv or json":               {"--input", "a", "--format", "xml"},
		`unexpected argument "b"`:        {"--input", "a", "b"},
		"-windw; --help shows the flags": {"--windw", "1m"},
		"negative":                       {"--input", "a", "--lateness", "-1s"},
	} {
		err := run(t.Context(), args, io.Discard)
		require.ErrorContains(t, err, message)
		require.Equal(t, 2, datastream.ExitCode(err), err)
	}
}
