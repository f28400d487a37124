package savepoint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/savepoint"
	"github.com/leatproject/leat/client/stateprocessor"
)

var update = flag.Bool("update", false, "write the savepoint of testdata anew")

// golden is a savepoint that an earlier build has written, in format version 1. It is never written anew for a change of the format:
// a new version gets another folder, and this one is read for as long as the version is.
const golden = "testdata/v1"

// TestFormatStays: a savepoint of an earlier build is read, restored by an evolved program at another parallelism, and left as it is.
func TestFormatStays(t *testing.T) {
	if *update {
		old := program[tally]{parallelism: 2, count: countOld, options: savepoints, uid: "count"}
		require.NoError(t, os.RemoveAll(golden))
		require.NoError(t, os.CopyFS(golden, os.DirFS(stopped(t, old, false))))
	}
	before := content(t, golden)
	path, err := filepath.Abs(golden)
	require.NoError(t, err)
	out := t.TempDir()
	now := program[tallyNow]{folder: out, parallelism: 3, count: countNow, options: map[string]string{"execution.state-recovery.path": path}, uid: "count"}
	rest := left(t, path)
	require.NoError(t, refusedWith(now))
	rest(out)
	require.Equal(t, before, content(t, golden))
}

// left looks into a savepoint; what it returns checks that a job has written the counts that are missing in it.
func left(t *testing.T, path string) func(out string) {
	s, err := savepoint.Open(t.Context(), path)
	require.NoError(t, err)
	done := map[int64]int64{}
	for v, err := range savepoint.Values[int64, tally](s.Entries(t.Context(), "count", "tally")) {
		require.NoError(t, err)
		done[v.Key] = int64(v.Value.Count)
	}
	require.Len(t, done, keys)
	return func(out string) {
		got := map[string]int{}
		for _, line := range lines(t, out) {
			got[line]++
		}
		for k := range int64(keys) {
			for c := done[k] + 1; c <= (records-1-k)/keys+1; c++ {
				line := fmt.Sprintf("%d:%d", k, c)
				require.Equal(t, 1, got[line], line)
				delete(got, line)
			}
		}
		require.Empty(t, got)
	}
}

func content(t *testing.T, folder string) map[string][]byte {
	all := map[string][]byte{}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		all[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name()))
		require.NoError(t, err)
	}
	return all
}

// TestReadInJob: a job reads the states of a savepoint as bounded streams.
func TestReadInJob(t *testing.T) {
	path, err := filepath.Abs(golden)
	require.NoError(t, err)
	env := datastream.NewEnvironment().SetParallelism(2)
	values := stateprocessor.ReadValues[int64, tallyNow](env, path, "count", "tally")
	entries := stateprocessor.ReadMap[int64, string, int64](env, path, "count", "tens")
	lists := stateprocessor.ReadLists[int64, int64](env, path, "count", "last")
	out := t.TempDir()
	datastream.WriteText(datastream.Map(values, func(v savepoint.Value[int64, tallyNow]) string { return fmt.Sprint("value ", v.Key) }), filepath.Join(out, "values"))
	datastream.WriteText(datastream.Map(entries, func(e savepoint.MapEntry[int64, string, int64]) string {
		return fmt.Sprint("entry ", e.Value%10 == int64(e.Entry[0]-'0'))
	}),
		filepath.Join(out, "entries"))
	datastream.WriteText(datastream.Map(lists, func(v savepoint.Value[int64, []int64]) string { return fmt.Sprint("list ", len(v.Value)) }), filepath.Join(out, "lists"))
	_, err = env.Execute(t.Context(), "read")
	require.NoError(t, err)
	got := map[string]int{}
	for _, line := range lines(t, out) {
		got[line]++
	}
	want := map[string]int{"value": keys, "entry": 10 * keys, "true": 10 * keys, "list": keys, "3": keys + 1}
	for k := range keys {
		if k != 3 {
			want[fmt.Sprint(k)] = 1
		}
	}
	require.Equal(t, want, got)
}
