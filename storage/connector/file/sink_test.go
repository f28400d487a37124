package file

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

var ctx = context.Background()

func newWriter[T any](t *testing.T, s *Sink[T], subtask, attempt int) sink.Writer {
	w, err := s.NewWriter(ctx, sink.Env{JobID: "job", Subtask: subtask, Parallelism: 2, Attempt: attempt})
	require.NoError(t, err)
	return w
}

func commit[T any](t *testing.T, s *Sink[T], cs []sink.Committable) error {
	c, err := s.NewCommitter(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	return c.Commit(ctx, cs)
}

// listing returns the names of all files below dir, sorted; hidden ones as their first byte and what they will be.
func listing(t *testing.T, dir string) (names []string) {
	fs, within, err := filesystem.For(ctx, dir)
	require.NoError(t, err)
	var walk func(string)
	walk = func(d string) {
		entries, err := fs.List(ctx, d)
		if err != nil {
			require.ErrorIs(t, err, filesystem.ErrNotExist)
			return
		}
		for _, e := range entries {
			if e.IsDir {
				walk(e.Path)
				continue
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(e.Path, within+"/"), ".inprogress")
			names = append(names, name)
		}
	}
	walk(within)
	return names
}

func lines(t *testing.T, path string) []string {
	got, err := readPath(t, path, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	return got
}

func TestNothingIsVisibleBeforeTheCommit(t *testing.T) {
	dir := freshDir()
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Suffix: ".txt", Compression: format.Gzip, Rolling: Rolling{Records: 2}})
	require.NoError(t, err)
	w := newWriter(t, s, 1, 0)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"a", "b", "c"})))
	cs, err := w.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, []string{".part-1-0.txt.gz.of-job", ".part-1-1.txt.gz.of-job"}, listing(t, dir))
	require.NoError(t, commit(t, s, cs))
	require.NoError(t, commit(t, s, cs), "a commit may be repeated")
	require.Equal(t, []string{"part-1-0.txt.gz", "part-1-1.txt.gz"}, listing(t, dir))
	require.Equal(t, []string{"a", "b", "c"}, lines(t, dir))
}

func TestCleanRemovesWhatKilledWritersHaveLeft(t *testing.T) {
	dir := freshDir()
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Rolling: Rolling{Records: 1}, Bucket: func(row string) string { return row }})
	require.NoError(t, err)
	killed, other := newWriter(t, s, 0, 0), newWriter(t, s, 1, 0)
	other.(*writer[string]).env.JobID = "other"
	for _, w := range []sink.Writer{killed, other} {
		require.NoError(t, w.Write(ctx, column.BatchOf([]string{"", "a", "b/c"})))
	}
	require.Len(t, listing(t, dir), 6)
	c, err := s.NewCommitter(ctx)
	require.NoError(t, err)
	require.NoError(t, c.(sink.Cleaner).Clean(ctx, "job"))
	require.NoError(t, c.(sink.Cleaner).Clean(ctx, "job"))
	require.Len(t, listing(t, dir), 3)
	require.NoError(t, c.(sink.Cleaner).Clean(ctx, "other"))
	require.Empty(t, listing(t, dir))
}

func TestAnAbandonedWriterLeavesNothing(t *testing.T) {
	dir := freshDir()
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Rolling: Rolling{Size: 4}})
	require.NoError(t, err)
	w := newWriter(t, s, 0, 0)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"abc", "d"})))
	require.Len(t, listing(t, dir), 2)
	require.NoError(t, w.Close())
	require.Empty(t, listing(t, dir))

	w = newWriter(t, s, 0, 1)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"x"})))
	cs, err := w.Flush(ctx, false)
	require.NoError(t, err)
	c, err := s.NewCommitter(ctx)
	require.NoError(t, err)
	require.NoError(t, c.Abort(ctx, cs))
	require.NoError(t, c.Abort(ctx, cs))
	require.Empty(t, listing(t, dir))
}

func TestExistingOutputIsKept(t *testing.T) {
	dir := freshDir()
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{})
	require.NoError(t, err)
	write(t, dir+"/part-0-3", "old\n")
	write(t, dir+"/part-0-0.csv", "of another name\n")
	for subtask := range 2 {
		_, err = s.NewWriter(ctx, sink.Env{Subtask: subtask})
		require.ErrorIs(t, err, filesystem.ErrExist)
		require.ErrorContains(t, err, "part-0-3")
		require.ErrorContains(t, err, "Overwrite")
	}

	dir = freshDir()
	s, err = NewSink(dir, format.Text{}, SinkOptions[string]{})
	require.NoError(t, err)
	w := newWriter(t, s, 1, 0)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"late"})))
	cs, err := w.Flush(ctx, true)
	require.NoError(t, err)
	write(t, dir+"/part-1-0", "sooner\n")
	require.ErrorIs(t, commit(t, s, cs), filesystem.ErrExist)
	require.Equal(t, []string{"sooner"}, lines(t, dir+"/part-1-0"))
}

func TestLaterAttemptsUseNewNames(t *testing.T) {
	dir := freshDir()
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{})
	require.NoError(t, err)
	first := newWriter(t, s, 0, 0)
	var committed, pending []sink.Committable
	for i, to := range []*[]sink.Committable{&committed, &pending} {
		require.NoError(t, first.Write(ctx, column.BatchOf([]string{fmt.Sprint(i)})))
		*to, err = first.Flush(ctx, false)
		require.NoError(t, err)
	}
	require.NoError(t, commit(t, s, committed))
	second := newWriter(t, s, 0, 1)
	require.NoError(t, second.Write(ctx, column.BatchOf([]string{"2"})))
	cs, err := second.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, commit(t, s, append(pending, cs...)))
	require.Equal(t, []string{"part-0-0", "part-0-1", "part-0-2"}, listing(t, dir))
	require.Equal(t, []string{"0", "1", "2"}, lines(t, dir))
}

// A job that goes on from a savepoint finds the output of the one that has taken it, and adds to it.
func TestRestoredJobsGoOn(t *testing.T) {
	dir := freshDir()
	write(t, dir+"/part-0-3", "sooner\n")
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{})
	require.NoError(t, err)
	env := sink.Env{JobID: "next", Parallelism: 1}
	_, err = s.NewWriter(ctx, env)
	require.ErrorIs(t, err, filesystem.ErrExist)
	env.Restored = true
	w, err := s.NewWriter(ctx, env)
	require.NoError(t, err)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"later"})))
	cs, err := w.Flush(ctx, false)
	require.NoError(t, err)
	require.NoError(t, commit(t, s, cs))
	require.Equal(t, []string{"part-0-3", "part-0-4"}, listing(t, dir))
}

func TestOverwriteReplacesWholeOutput(t *testing.T) {
	dir := freshDir()
	for _, name := range []string{"part-0-0", "part-7-3", "old/part-0-0", "other", "_SUCCESS"} {
		write(t, dir+"/"+name, "old\n")
	}
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Overwrite: true})
	require.NoError(t, err)
	busy, idle := newWriter(t, s, 0, 0), newWriter(t, s, 1, 0)
	require.NoError(t, busy.Write(ctx, column.BatchOf([]string{"new"})))
	cs, err := busy.Flush(ctx, true)
	require.NoError(t, err)
	none, err := idle.Flush(ctx, true)
	require.NoError(t, err)
	require.Equal(t, []string{"old"}, lines(t, dir+"/part-0-0"))
	for range 2 {
		require.NoError(t, commit(t, s, append(cs, none...)))
		require.Equal(t, []string{"_SUCCESS", "other", "part-0-0"}, listing(t, dir))
		require.Equal(t, []string{"new"}, lines(t, dir+"/part-0-0"))
	}
}

func TestBucketsAndIntervals(t *testing.T) {
	dir, virtual := freshDir(), clock.NewVirtual(time.Unix(0, 0))
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{
		Prefix: "out", Rolling: Rolling{Interval: time.Minute}, Clock: virtual,
		Bucket: func(row string) string { return path.Dir(row) },
	})
	require.NoError(t, err)
	w := newWriter(t, s, 0, 0)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"a/1", "a/2", "b/c/3", "a/4"})))
	virtual.Advance(time.Minute)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"a/5"})))
	cs, err := w.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, commit(t, s, cs))
	require.Equal(t, []string{"a/out-0-0", "a/out-0-1", "b/c/out-0-0"}, listing(t, dir))
	require.Equal(t, []string{"a/1", "a/2", "a/4"}, lines(t, dir+"/a/out-0-0"))
	require.ErrorContains(t, w.Write(ctx, column.BatchOf([]string{"../x"})), "bucket \"..\"")
}

func TestFullDisk(t *testing.T) {
	disk, full := faultyDir(memfs.New(time.Now))
	full.LimitSpace(1000)
	s, err := NewSink(disk, format.Text{}, SinkOptions[string]{})
	require.NoError(t, err)
	w := newWriter(t, s, 0, 0)
	big := column.BatchOf([]string{strings.Repeat("x", 100)})
	for err == nil {
		if err = w.Write(ctx, big); err == nil {
			_, err = w.Flush(ctx, false)
		}
	}
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	require.Equal(t, 1, strings.Count(err.Error(), "no space left"), err)
	require.ErrorContains(t, err, "part-0-")
	before := len(listing(t, disk))
	require.NoError(t, w.Close())
	require.Equal(t, before-1, len(listing(t, disk)))
}

func TestSinkOptionsAreChecked(t *testing.T) {
	_, err := NewSink("out", format.Text{}, SinkOptions[string]{Compression: format.Bzip2})
	require.ErrorContains(t, err, `cannot write compression ".bz2"`)
	_, err = NewSink("out", format.Text{}, SinkOptions[string]{Prefix: "_x"})
	require.ErrorContains(t, err, "would hide")
	_, err = NewSink("", format.Text{}, SinkOptions[string]{})
	require.Error(t, err)
	_, err = NewSource(nil, format.Text{}, SourceOptions{})
	require.ErrorContains(t, err, "no path")
}

// TestCommitAfterLostAnswers: a rename that is done but reported as failed is found done when the commit is repeated.
func TestCommitAfterLostAnswers(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		dir, flaky := faultyDir(memfs.New(time.Now))
		s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Rolling: Rolling{Records: 1}, Overwrite: overwrite})
		require.NoError(t, err)
		w := newWriter(t, s, 0, 0)
		require.NoError(t, w.Write(ctx, column.BatchOf([]string{"a", "b", "c"})))
		cs, err := w.Flush(ctx, true)
		require.NoError(t, err)
		flaky.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpRename), After: 1, Times: 1, Err: filesystem.ErrBusy, Lost: true})
		flaky.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpRename), Times: 1, Err: filesystem.ErrBusy})
		failures := 0
		for commit(t, s, cs) != nil {
			failures++
		}
		require.Positive(t, failures)
		require.Equal(t, []string{"part-0-0", "part-0-1", "part-0-2"}, listing(t, dir))
		require.Equal(t, []string{"a", "b", "c"}, lines(t, dir))
	}
}
