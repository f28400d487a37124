package savepoint_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/savepoint"
)

const (
	records = 6000
	keys    = 7
)

// tally and tallyNow are the state of two versions of a program.
type (
	tally struct {
		Count int32
		Note  string
	}
	tallyNow struct {
		Seen  int64 `leat:"Count"`
		Extra []string
	}
)

// counting emits each key's number of records so far. T is its state.
type counting[T any] struct {
	count func(t *T) int64
	value *datastream.Value[T]
	last  *datastream.List[int64]
	tens  *datastream.StateMap[string, int64]
	seen  func()
}

func (c *counting[T]) Open(ctx *datastream.Context) error {
	c.value = datastream.ValueState[T](ctx, datastream.StateDescriptor{Name: "tally"})
	c.last = datastream.ListState[int64](ctx, datastream.StateDescriptor{Name: "last"})
	c.tens = datastream.MapState[string, int64](ctx, datastream.StateDescriptor{Name: "tens"})
	return nil
}

func (c *counting[T]) ProcessElement(ctx *datastream.KeyedContext[int64], n int64, out *datastream.Collector[string]) error {
	if c.seen != nil {
		c.seen()
	}
	v, _ := c.value.Value()
	count := c.count(&v)
	c.value.Update(v)
	if c.last.Len() == 3 {
		c.last.Update(c.last.Get()[1:])
	}
	c.last.Add(n)
	c.tens.Put(strconv.FormatInt(n%10, 10), n)
	out.Collect(fmt.Sprintf("%d:%d", ctx.CurrentKey(), count))
	return nil
}

func countOld(t *tally) int64 { t.Count++; t.Note = "kept"; return int64(t.Count) }

func countNow(t *tallyNow) int64 { t.Seen++; return t.Seen }

// program is a job that counts records by key and writes each count to a folder.
type program[T any] struct {
	folder      string // empty to write nothing
	parallelism int
	count       func(*T) int64
	options     map[string]string
	uid         string
	seen        func()
}

func (p program[T]) build() *datastream.Environment {
	env := datastream.NewEnvironment().SetParallelism(p.parallelism).SetRuntimeMode("STREAMING")
	for k, v := range p.options {
		env.Set(k, v)
	}
	source := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: 6000}}).UID("numbers")
	counts := datastream.KeyedProcessWith(datastream.KeyBy(source, func(n int64) int64 { return n % keys }),
		func() datastream.KeyedProcessFunction[int64, int64, string] {
			return &counting[T]{count: p.count, seen: p.seen}
		}).UID(p.uid)
	if p.folder == "" {
		counts.Discard()
	} else {
		datastream.WriteText(counts, p.folder).UID("out")
	}
	return env
}

// stopped runs a program, stops it with a savepoint when it has made a third of the records, and returns the savepoint's path.
func stopped[T any](t *testing.T, p program[T], drain bool) string {
	third := make(chan struct{})
	var n atomic.Int64
	p.seen = func() {
		if n.Add(1) == records/3 {
			close(third)
		}
	}
	env := p.build()
	done := make(chan error, 1)
	go func() {
		_, err := env.Execute(t.Context(), "counts")
		done <- err
	}()
	<-third
	path, err := env.StopWithSavepoint(t.Context(), t.TempDir(), drain)
	require.NoError(t, err)
	require.NoError(t, <-done)
	return path
}

// counts checks that each count of each key has been written once.
func counts(t *testing.T, folder string) {
	got := map[string]int{}
	for _, line := range lines(t, folder) {
		got[line]++
	}
	for k := range keys {
		for c := 1; c <= (records-1-k)/keys+1; c++ {
			line := fmt.Sprintf("%d:%d", k, c)
			require.Equal(t, 1, got[line], line)
			delete(got, line)
		}
	}
	require.Empty(t, slices.Collect(maps.Keys(got)))
}

// lines are those of all files in a folder; no hidden ones are left.
func lines(t *testing.T, folder string) (all []string) {
	require.NoError(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		require.False(t, strings.HasPrefix(d.Name(), "."), "left behind: %s", path)
		data, err := os.ReadFile(path)
		all = append(all, strings.Fields(string(data))...)
		return err
	}))
	return all
}

var savepoints = map[string]string{"execution.checkpointing.savepoint-dir": "/unused"}

// TestStopAndGoOn: a program is stopped with a savepoint, which is moved; another version of it, with other types and another
// parallelism, goes on. The output of both together is as if nothing had happened.
func TestStopAndGoOn(t *testing.T) {
	out := t.TempDir()
	old := program[tally]{folder: out, parallelism: 2, count: countOld, options: savepoints, uid: "count"}
	path := stopped(t, old, false)
	moved := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.Rename(path, moved))
	inspect(t, moved)
	now := program[tallyNow]{folder: out, parallelism: 3, count: countNow, options: map[string]string{"execution.savepoint.path": moved}, uid: "count"}
	_, err := now.build().Execute(t.Context(), "counts")
	require.NoError(t, err)
	counts(t, out)
	require.FileExists(t, filepath.Join(moved, "_metadata"))
}

func inspect(t *testing.T, path string) {
	s, err := savepoint.Open(t.Context(), path)
	require.NoError(t, err)
	require.True(t, s.IsSavepoint)
	require.Equal(t, "counts", s.JobName)
	o, err := s.Operator("count")
	require.NoError(t, err)
	require.Equal(t, 2, o.Parallelism)
	st, err := o.State("tally")
	require.NoError(t, err)
	require.EqualValues(t, keys, st.Rows)
	seen := 0
	for v, err := range savepoint.Values[int64, tallyNow](s.Entries(t.Context(), "count", "tally")) {
		require.NoError(t, err)
		require.Positive(t, v.Value.Seen)
		seen++
	}
	require.Equal(t, keys, seen)
	for v, err := range savepoint.Lists[int64, int64](s.Entries(t.Context(), "count", "last")) {
		require.NoError(t, err)
		require.Len(t, v.Value, 3)
		require.Equal(t, v.Key, v.Value[2]%keys)
	}
	seen = 0
	for e, err := range savepoint.MapEntries[int64, string, int64](s.Entries(t.Context(), "count", "tens")) {
		require.NoError(t, err)
		require.Equal(t, e.Entry, fmt.Sprint(e.Value%10))
		seen++
	}
	require.Equal(t, 10*keys, seen)
	for e, err := range s.Entries(t.Context(), "count", "tally") {
		require.NoError(t, err)
		b, err := e.MarshalJSON()
		require.NoError(t, err)
		require.Regexp(t, `^\{"key":\d,"value":\{"Count":\d+,"Note":"kept"\}\}$`, string(b))
	}
	for _, err := range savepoint.Values[string, tallyNow](s.Entries(t.Context(), "count", "tally")) {
		require.ErrorContains(t, err, "keys: the type has changed")
	}
}

// refusedWith is the error of a program that begins with a savepoint.
func refusedWith[T any](p program[T]) error {
	env := p.build()
	_, err := env.Execute(context.Background(), "counts")
	return err
}

// TestRefused: what does not fit the program is said before it begins, all at once.
func TestRefused(t *testing.T) {
	old := program[tally]{folder: t.TempDir(), parallelism: 1, count: countOld, options: savepoints, uid: "count"}
	path := stopped(t, old, false)
	with := map[string]string{"execution.savepoint.path": path}
	never := func(*string) int64 { return 0 }

	err := refusedWith(program[string]{folder: t.TempDir(), parallelism: 1, count: never, options: with, uid: "count"})
	require.ErrorContains(t, err, "the program does not fit the savepoint "+path)
	require.ErrorContains(t, err, `refused   operator "`)
	require.ErrorContains(t, err, `state "tally": tally.Value is string and was savepoint_test.tally`)
	require.ErrorContains(t, err, `fits      operator`)
	require.Equal(t, 2, datastream.ExitCode(err))

	renamed := program[tally]{folder: t.TempDir(), parallelism: 1, count: countOld, options: with, uid: "other"}
	require.ErrorContains(t, refusedWith(renamed), "the program has no operator with this uid; to begin without this state use --allowNonRestoredState")

	legacy := renamed
	legacy.options = map[string]string{"execution.savepoint.path": path, "execution.savepoint-restore-mode": "LEGACY"}
	require.ErrorContains(t, refusedWith(legacy), "LEGACY: nobody would own the savepoint's files")

	require.NoError(t, os.WriteFile(filepath.Join(path, "_claim"), []byte("0123"), 0o600))
	same := program[tally]{folder: t.TempDir(), parallelism: 1, count: countOld, options: with, uid: "count"}
	require.ErrorContains(t, refusedWith(same), "it is claimed by job 0123")
	require.NoError(t, os.Remove(filepath.Join(path, "_claim")))

	missing := same
	missing.options = map[string]string{"execution.savepoint.path": filepath.Join(path, "nowhere")}
	require.ErrorContains(t, refusedWith(missing), "it has no file _metadata")

	state := filepath.Join(path, "state")
	whole, err := os.ReadFile(state)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(state, whole[:len(whole)/2], 0o600))
	require.ErrorContains(t, refusedWith(same), state)
	flipped := slices.Clone(whole)
	for i := range 64 {
		flipped[len(flipped)/2-i] ^= 1
	}
	require.NoError(t, os.WriteFile(state, flipped, 0o600))
	require.ErrorContains(t, refusedWith(same), state)
	newer := slices.Clone(whole)
	newer[6]++
	require.NoError(t, os.WriteFile(state, newer, 0o600))
	require.ErrorContains(t, refusedWith(same), state+": its format has version 2, this program reads version 1")
	require.NoError(t, os.Remove(state))
	require.ErrorContains(t, refusedWith(same), state)
	require.NoError(t, os.WriteFile(state, whole, 0o600))
	require.NoError(t, refusedWith(same), "nothing of this has changed the savepoint")
}

// TestLeftOut: with --allowNonRestoredState a program begins without the state of an operator that it does not have any more.
func TestLeftOut(t *testing.T) {
	old := program[tally]{folder: t.TempDir(), parallelism: 2, count: countOld, options: savepoints, uid: "count"}
	path := stopped(t, old, false)
	out := t.TempDir()
	with := map[string]string{"execution.state-recovery.path": path, "execution.state-recovery.ignore-unclaimed-state": "true"}
	require.NoError(t, refusedWith(program[tally]{folder: out, parallelism: 1, count: countOld, options: with, uid: "other"}))
	require.Contains(t, lines(t, out), "0:1")
}
