package file

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

// written is what two sub-tasks of a job have prepared: a part with each row, the other one without output.
func written(t *testing.T, s *Sink[string], job string, rows ...string) (all []sink.Committable) {
	t.Helper()
	for subtask := range 2 {
		w, err := s.NewWriter(ctx, sink.Env{JobID: job, Subtask: subtask, Parallelism: 2})
		require.NoError(t, err)
		if subtask == 0 {
			require.NoError(t, w.Write(ctx, column.BatchOf(rows)))
		}
		cs, err := w.Flush(ctx, true)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		all = append(all, cs...)
	}
	return all
}

func TestReplace(t *testing.T) {
	table := freshDir()
	dir := table + "/dt=2026-11-20"
	s, err := NewSink(dir, format.Text{}, SinkOptions[string]{Replace: true, Rolling: Rolling{Records: 1}})
	require.NoError(t, err)
	require.NoError(t, commit(t, s, written(t, s, "first", "a", "b", "c")))
	require.Equal(t, []string{Manifest, "part-0-0", "part-0-1", "part-0-2"}, listing(t, dir))
	again := written(t, s, "second", "d")
	require.Equal(t, []string{"a", "b", "c"}, lines(t, dir), "nothing is replaced before the commit")
	for range 2 {
		require.NoError(t, commit(t, s, again))
		require.Equal(t, []string{Manifest, "part-0-0"}, listing(t, dir))
		require.Equal(t, []string{"d"}, lines(t, dir))
	}
	require.NoError(t, commit(t, s, written(t, s, "third")))
	require.Equal(t, []string{Manifest}, listing(t, dir), "no output replaces, too")
	require.Equal(t, []string{"dt=2026-11-20/" + Manifest}, listing(t, table), "nothing is left beside it")

	for _, bad := range []string{".", "mem://x/", ".."} {
		_, err := NewSink(bad, format.Text{}, SinkOptions[string]{Replace: true})
		require.ErrorContains(t, err, "Replace needs a directory with a name")
	}
}

// A commit that breaks off after any of its steps shows the old or the new, or nothing where directories cannot be exchanged, and is
// completed by the next.
func TestReplaceBrokenOff(t *testing.T) {
	t.Run("renamed", func(t *testing.T) {
		replaceBrokenOff(t, func(fs *memfs.FS, steps int) filesystem.FileSystem { return &breaking{FileSystem: fs, left: steps} }, 0)
	})
	t.Run("exchanged", func(t *testing.T) {
		replaceBrokenOff(t, func(fs *memfs.FS, steps int) filesystem.FileSystem {
			return &exchanging{breaking{FileSystem: fs, left: steps}, fs}
		}, 2)
	})
}

// replaceBrokenOff checks that the directory has at least so many visible files at any time.
func replaceBrokenOff(t *testing.T, breakOff func(*memfs.FS, int) filesystem.FileSystem, least int) {
	for steps := 0; ; steps++ {
		fs := memfs.New(time.Now)
		c := &committer{fs: fs, dir: "/t/dt=1", prefix: "part", whole: true}
		put := func(job string, rows int) (files []sink.Committable) {
			for i := range rows {
				f := committable{whole: true, hidden: fmt.Sprintf("/t/dt=1/.part-0-%d.of-%s.inprogress.0", i, job), target: fmt.Sprintf("/t/dt=1/part-0-%d", i)}
				w, err := fs.Create(ctx, f.hidden)
				require.NoError(t, err)
				_, err = w.Write([]byte(job + "\n"))
				require.NoError(t, err)
				require.NoError(t, w.Close())
				files = append(files, f.encode())
			}
			return files
		}
		require.NoError(t, c.Commit(ctx, put("first", 2)))
		second := put("second", 3)
		err := (&committer{fs: breakOff(fs, steps), dir: c.dir, prefix: c.prefix, whole: true}).Commit(ctx, second)
		if err != nil {
			require.ErrorIs(t, err, errBroken)
		}
		entries, listed := fs.List(ctx, "/t/dt=1")
		visible := 0
		for _, e := range entries {
			if !filesystem.Hidden(e.Name()) {
				visible++
			}
		}
		if !errors.Is(listed, filesystem.ErrNotExist) || least > 0 {
			require.Contains(t, []int{2, 3}, visible, "after %d steps", steps)
		}
		require.NoError(t, c.Commit(ctx, second), "after %d steps", steps)
		entries, err2 := fs.List(ctx, "/t/dt=1")
		require.NoError(t, err2)
		require.Len(t, entries, 4)
		siblings, err2 := fs.List(ctx, "/t")
		require.NoError(t, err2)
		require.Len(t, siblings, 1)
		if err == nil {
			require.Greater(t, steps, 5)
			return
		}
	}
}

var errBroken = errors.New("the process has died")

// breaking does so many renames, removals and creations, and then fails.
type breaking struct {
	filesystem.FileSystem
	left int
}

func (b *breaking) step() error {
	if b.left--; b.left < 0 {
		return errBroken
	}
	return nil
}

// exchanging can exchange directories, too.
type exchanging struct {
	breaking
	fs *memfs.FS
}

func (x *exchanging) Exchange(ctx context.Context, a, b string) error {
	if err := x.step(); err != nil {
		return err
	}
	return x.fs.Exchange(ctx, a, b)
}

func (b *breaking) Rename(ctx context.Context, from, to string) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.FileSystem.Rename(ctx, from, to)
}

func (b *breaking) Remove(ctx context.Context, path string) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.FileSystem.Remove(ctx, path)
}

func (b *breaking) Create(ctx context.Context, path string) (filesystem.Writer, error) {
	if err := b.step(); err != nil {
		return nil, err
	}
	return b.FileSystem.Create(ctx, path)
}
