package file

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

const benchLines = 1 << 20

func benchLine() string { return strings.Repeat("word ", 11) + "last" }

// cpuPerLine runs f and reports the processor time of the whole process for each line.
func cpuPerLine(b *testing.B, f func()) {
	b.SetBytes(benchLines * int64(len(benchLine())+1))
	before := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/benchLines, "cpu-ns/line")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkTextFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lines")
	require.NoError(b, os.WriteFile(path, []byte(strings.Repeat(benchLine()+"\n", benchLines)), 0o600))
	b.Run("source", func(b *testing.B) {
		s, err := NewSource([]string{path}, format.Text{}, SourceOptions{})
		require.NoError(b, err)
		splits, err := enumerate(b, s)
		require.NoError(b, err)
		r, err := s.NewReader(b.Context(), source.Env{})
		require.NoError(b, err)
		out := column.NewBatch[string]()
		cpuPerLine(b, func() {
			n := 0
			for _, split := range splits {
				require.NoError(b, r.Open(b.Context(), split))
				for err := error(nil); err == nil; {
					column.SetRows(out, column.Rows[string](out)[:0])
					_, err = r.Fetch(b.Context(), out)
					n += out.Len()
				}
			}
			require.Equal(b, benchLines, n)
		})
	})
	b.Run("bufio.Scanner", func(b *testing.B) {
		cpuPerLine(b, func() {
			f, err := os.Open(path)
			require.NoError(b, err)
			n, s := 0, bufio.NewScanner(f)
			for s.Scan() {
				if s.Text() != "" {
					n++
				}
			}
			require.NoError(b, f.Close())
			require.Equal(b, benchLines, n)
		})
	})
}

func BenchmarkTextSink(b *testing.B) {
	rows := make([]string, 8192)
	for i := range rows {
		rows[i] = benchLine()
	}
	batch := column.BatchOf(rows)
	b.Run("sink", func(b *testing.B) {
		s, err := NewSink(b.TempDir(), format.Text{}, SinkOptions[string]{})
		require.NoError(b, err)
		w, err := s.NewWriter(b.Context(), sink.Env{})
		require.NoError(b, err)
		cpuPerLine(b, func() {
			for range benchLines / len(rows) {
				require.NoError(b, w.Write(b.Context(), batch))
			}
		})
		require.NoError(b, w.Close())
	})
	b.Run("bufio.Writer", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "lines"))
		require.NoError(b, err)
		w := bufio.NewWriterSize(f, flushSize)
		cpuPerLine(b, func() {
			for range benchLines / len(rows) {
				for _, row := range rows {
					w.WriteString(row) //nolint:errcheck // the benchmark's baseline
					w.WriteByte('\n')  //nolint:errcheck // the benchmark's baseline
				}
			}
		})
		require.NoError(b, f.Close())
	})
}
