package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

var ctx = context.Background()

type wordCount struct {
	word string
	n    int
}

func (w wordCount) String() string { return fmt.Sprintf("(%s, %d)", w.word, w.n) }

func printed[T any](t *testing.T, identifier string, env sink.Env, rows ...T) string {
	var out bytes.Buffer
	w, err := NewSink[T](&out, identifier).NewWriter(ctx, env)
	require.NoError(t, err)
	require.NoError(t, w.Write(ctx, column.BatchOf(rows)))
	_, err = w.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.String()
}

func TestPrefixes(t *testing.T) {
	alone, second := sink.Env{Parallelism: 1}, sink.Env{Subtask: 1, Parallelism: 2}
	require.Equal(t, "a\nb\n", printed(t, "", alone, "a", "b"))
	require.Equal(t, "2> a\n2> b\n", printed(t, "", second, "a", "b"))
	require.Equal(t, "id> a\n", printed(t, "id", alone, "a"))
	require.Equal(t, "id:2> a\n", printed(t, "id", second, "a"))
}

func TestRowsLookAsPrintedByFmt(t *testing.T) {
	alone := sink.Env{Parallelism: 1}
	require.Equal(t, "(to, 2)\n", printed(t, "", alone, wordCount{"to", 2}))
	require.Equal(t, "(to, 2)\n", printed(t, "", alone, &wordCount{"to", 2}))
	require.Equal(t, "<nil>\n", printed[*wordCount](t, "", alone, nil))
	require.Equal(t, "{a 1}\n", printed(t, "", alone, struct {
		S string
		N int
	}{"a", 1}))
	require.Equal(t, "[1 2]\n", printed(t, "", alone, []int{1, 2}))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestBrokenOutput(t *testing.T) {
	w, err := NewSink[string](failing{}, "").NewWriter(ctx, sink.Env{})
	require.NoError(t, err)
	require.ErrorContains(t, w.Write(ctx, column.BatchOf([]string{"x"})), "print sink: broken pipe")
}

func TestLinesOfBatchesDoNotMix(t *testing.T) {
	var out bytes.Buffer
	s := NewSink[string](&out, "")
	var group sync.WaitGroup
	for i := range 4 {
		w, err := s.NewWriter(ctx, sink.Env{Subtask: i, Parallelism: 4})
		require.NoError(t, err)
		group.Go(func() {
			for range 50 {
				if err := w.Write(ctx, column.BatchOf([]string{"x", "y"})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 400)
	for i := 0; i < len(lines); i += 2 {
		require.Equal(t, strings.Replace(lines[i], "x", "y", 1), lines[i+1])
	}
}
