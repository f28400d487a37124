package finished

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// A pipeline has finished, and its output is committed, when another one fails. It does not run again with empty state: what it has to
// say at its end it has said.
func TestFinishedTasksDoNotRunAgain(t *testing.T) {
	ended, goesOn := t.TempDir(), t.TempDir()
	env := datastream.NewEnvironment().SetParallelism(2)
	for key, value := range map[string]string{"execution.runtime-mode": "STREAMING", "execution.checkpointing.interval": "20 ms",
		"execution.checkpointing.dir": t.TempDir(), "execution.checkpointing.tolerable-failed-checkpoints": "1000",
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 ms"} {
		env.Set(key, value)
	}
	var opened atomic.Int64
	few := datastream.FromSlice(env, 1, 2, 3, 4, 5)
	counted := datastream.MapWith(few, func() datastream.MapFunction[int, string] { return &opening{&opened} })
	datastream.WriteText(counted, ended)

	var failed atomic.Int64
	many := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: 4000, Rate: datastream.Rate{PerSecond: 2000}})
	numbers := datastream.MapContext(many, func(_ *datastream.Context, n int64) (string, error) {
		if failed.Load() < 2 && len(lines(t, ended)) > 0 {
			failed.Add(1)
			return "", errors.New("failure on purpose")
		}
		return fmt.Sprint(n), nil
	})
	datastream.WriteText(numbers, goesOn)
	_, err := env.Execute(t.Context(), "finished")
	require.NoError(t, err)
	require.Positive(t, failed.Load())
	require.EqualValues(t, 2, opened.Load())
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, lines(t, ended))
	require.Len(t, lines(t, goesOn), 4000)
}

// opening is a function that notes that it is opened.
type opening struct{ opened *atomic.Int64 }

func (o *opening) Open(*datastream.Context) error { o.opened.Add(1); return nil }

func (o *opening) Map(_ *datastream.Context, n int) (string, error) { return fmt.Sprint(n), nil }

// lines are those of the visible files of a folder, sorted.
func lines(t *testing.T, folder string) (all []string) {
	files, err := filepath.Glob(filepath.Join(folder, "part-*"))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		all = append(all, strings.Fields(string(b))...)
	}
	slices.Sort(all)
	return all
}
