package datastream_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/collect"
)

func TestWordCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("to be or not to be\nthat is the question\n", 1000)), 0o644))
	for _, mode := range []string{"BATCH", "STREAMING"} {
		for _, p := range []int{1, 2, 5} {
			env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(p)
			words := datastream.FlatMap(datastream.ReadTextFile(env, path), func(line string, out *datastream.Collector[string]) {
				for w := range strings.FieldsSeq(line) {
					out.Collect(w)
				}
			})
			counts := datastream.Count(datastream.KeyBy(words, func(w string) string { return w }))
			var mu sync.Mutex
			got, rows := map[string]int64{}, 0
			counts.WriteTo(collect.NewSink(func(_ context.Context, cs []datastream.KeyCount[string]) error {
				mu.Lock()
				defer mu.Unlock()
				for _, c := range cs {
					got[c.Key] = c.Count
					rows++
				}
				return nil
			}), "Collect")
			_, err := env.Execute(context.Background(), "Word Count")
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"to": 2000, "be": 2000, "or": 1000, "not": 1000, "that": 1000, "is": 1000, "the": 1000, "question": 1000}, got)
			if mode == "BATCH" {
				require.Equal(t, 8, rows)
			} else {
				require.Equal(t, 10000, rows)
			}
		}
	}
}
