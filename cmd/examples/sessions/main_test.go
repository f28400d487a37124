package main

import (
	"bytes"
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

func at(minute int) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }

func TestSessions(t *testing.T) {
	h := datastream.NewHarness()
	in, clicks := datastream.HarnessSource[Click](h)
	out := datastream.HarnessSink(h, sessionise(clicks, 10*time.Minute))
	require.NoError(t, h.Open())
	click := func(minute int) {
		in.PushAt(Click{"u", at(minute), fmt.Sprint("/", minute)}, at(minute).UnixMilli())
	}
	for _, minute := range []int{0, 16, 5} {
		click(minute)
	}
	in.Watermark(at(14).UnixMilli())
	require.Empty(t, out.Values())
	click(11) // closes the gap between 5 and 16
	click(27)
	in.Watermark(at(27).UnixMilli())
	require.Equal(t, []Session{{"u", at(0), at(16), 4, "/0", "/16"}}, out.Values())
	in.End()
	require.Equal(t, []Session{{"u", at(27), at(27), 1, "/27", "/27"}}, out.Values())
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}

func TestTheFileOfTheExample(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--input", "clicks.csv"}, &out))
	require.Equal(t, []string{
		"ada 2026-03-01T09:00:00Z 12m30s 3 clicks, / to /docs/windows\n",
		"ada 2026-03-01T10:00:00Z 29m59s 2 clicks, / to /blog\n",
		"bob 2026-03-01T09:05:00Z 44m59s 3 clicks, /pricing to /welcome\n",
		"eve 2026-03-01T09:30:00Z 0s 1 clicks, / to /\n",
	}, slices.Sorted(strings.Lines(out.String())))
}

// plainly finds the sessions by sorting.
func plainly(clicks []Click, gap time.Duration) (lines []string) {
	sorted := slices.SortedStableFunc(slices.Values(clicks), func(a, b Click) int { return a.Time.Compare(b.Time) })
	open := map[string]Session{}
	for _, c := range sorted {
		s, ok := open[c.User]
		if ok && c.Time.Sub(s.End) > gap {
			lines, ok = append(lines, s.String()+"\n"), false
		}
		if !ok {
			s = Session{User: c.User, Start: c.Time, First: c.Page}
		}
		s.End, s.Last, s.Clicks = c.Time, c.Page, s.Clicks+1
		open[c.User] = s
	}
	for _, s := range open {
		lines = append(lines, s.String()+"\n")
	}
	slices.Sort(lines)
	return lines
}

func TestModesAndParallelism(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 4))
	var clicks []Click
	var file strings.Builder
	for i := range 4000 { // a different second each: the first page of a session is then certain
		c := Click{fmt.Sprint("user", random.IntN(40)), time.Unix(int64(i*7), 0).UTC(), fmt.Sprint("/", i)}
		clicks = append(clicks, c)
	}
	for i := 0; i+3 <= len(clicks); i += 3 { // 14 s of disorder
		clicks[i], clicks[i+2] = clicks[i+2], clicks[i]
	}
	for _, c := range clicks {
		fmt.Fprintf(&file, "%s,%s,%s\n", c.User, c.Time.Format(time.RFC3339), c.Page)
	}
	path := filepath.Join(t.TempDir(), "clicks.csv")
	require.NoError(t, os.WriteFile(path, []byte(file.String()), 0o600))
	want := plainly(clicks, 10*time.Minute)
	require.Greater(t, len(want), 200)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		for _, p := range []string{"1", "3"} {
			t.Run(mode+p, func(t *testing.T) {
				var out bytes.Buffer
				require.NoError(t, run(t.Context(), []string{"--input", path, "--gap", "10m", "-p", p, "-D", "execution.runtime-mode=" + mode}, &out))
				require.Equal(t, want, slices.Sorted(strings.Lines(out.String())))
			})
		}
	}
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, &out))
	require.Contains(t, out.String(), "sessions --input clicks.csv")
	for message, args := range map[string][]string{
		"nothing to read: give --input": {},
		"--gap 0s: give more than 0":    {"--input", "a", "--gap", "0"},
		`unexpected argument "b"`:       {"--input", "a", "b"},
		"-gaap; --help shows the flags": {"--gaap", "1m"},
	} {
		err := run(t.Context(), args, io.Discard)
		require.ErrorContains(t, err, message)
		require.Equal(t, 2, datastream.ExitCode(err), err)
	}
}
