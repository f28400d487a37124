package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/leatproject/leat/client/status"
	"github.com/stretchr/testify/require"
)

// Each case is what a program does, one thing a line: an event as JSON, "out TEXT" for output of its own without a line end,
// "out" for a line end, "notice TEXT".
func TestReports(t *testing.T) {
	datadriven.RunTest(t, "testdata/reports", func(t *testing.T, d *datadriven.TestData) string {
		var out bytes.Buffer
		var r reporter
		var program io.Writer = &out
		switch d.Cmd {
		case "plain":
			r = &plainReporter{out: &out, meter: meter{}}
		case "quiet":
			r = &plainReporter{out: &out, quiet: true}
		case "json":
			r = jsonReporter{&out}
		case "table":
			s := &screen{out: &out, size: func() (int, int) { return 90, 6 }}
			r, program = &tableReporter{screen: s, meter: meter{}}, screenWriter{s, &out}
		}
		for line := range strings.Lines(d.Input) {
			line = strings.TrimSuffix(line, "\n")
			if text, ok := strings.CutPrefix(line, "notice "); ok {
				r.notice(text)
			} else if line == "out" {
				_, _ = io.WriteString(program, "\n")
			} else if text, ok := strings.CutPrefix(line, "out "); ok {
				_, _ = io.WriteString(program, text)
			} else {
				e, raw, err := status.NewDecoder(strings.NewReader(line)).Next()
				require.NoError(t, err, line)
				r.event(e, raw)
			}
		}
		visible := strings.NewReplacer("\x1b[J", "<erase below>", "\x1b[", "<esc>", "\r", "<return>").Replace(out.String())
		return visible
	})
}

func TestPeoplesNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 950: "950", 999: "999", 1200: "1.2 k", 999_949: "999.9 k", 999_950: "1.0 M", 3_400_000: "3.4 M", 5e12: "5.0 T"} {
		require.Equal(t, want, count(n))
	}
	for ms, want := range map[int64]string{0: "0.0 s", 1234: "1.2 s", 200_000: "3 min 20 s", 18_120_000: "5 h 2 min", 1 << 38: "3181 d"} {
		require.Equal(t, want, seconds(ms))
	}
}

func TestErrorsBecomeExitCodes(t *testing.T) {
	code, message := codeAndMessage(errors.New("disk full"))
	require.Equal(t, 1, code)
	require.Equal(t, "disk full", message)
	code, message = codeAndMessage(&exitError{code: 5})
	require.Equal(t, 5, code)
	require.Empty(t, message)
}
