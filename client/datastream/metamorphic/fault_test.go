package metamorphic

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/spill/spilltest"
)

// trial is a random pipeline on random input that writes files and may not come to its end.
type trial struct {
	variant
	rows  []reading
	build pipeline
	// each is called for each record on its way in, with its number from 1.
	each func(n int64) error
	// spills is where spill files are made.
	spills spill.FS
}

var (
	allPipelines = slices.Sorted(maps.Keys(pipelines))
	// spilling are those that need more than a little memory in BATCH.
	spilling = []string{"nested records", "bounded full outer join", "sortPartition", "process with state and timers", "windows at the end",
		"keyed co-process", "interval join", "coGroup", "distinct"}
)

// drawTrial draws one of the pipelines of those names.
func drawTrial(t *rapid.T, names []string, counts []int) trial {
	name := rapid.SampledFrom(names).Draw(t, "pipeline")
	return trial{variant: drawVariant(t, ""), rows: drawReadings(t, counts), build: pipelines[name], each: func(int64) error { return nil }, spills: spill.OS}
}

// drawRecord returns the number of a record, or one behind the last.
func (x trial) drawRecord(t *rapid.T) int64 {
	return min(rapid.SampledFrom([]int64{1, 2, 40, 1999}).Draw(t, "at"), int64(len(x.rows)+1))
}

// run runs the trial and checks what holds at any end of it: no goroutine and no spill file is left, and outputs are
// visible only if there was no error.
func (x trial) run(ctx context.Context, t *rapid.T, root string) error {
	running := goleak.IgnoreCurrent()
	base, err := os.MkdirTemp(root, "trial")
	require.NoError(t, err)
	out, tmp := filepath.Join(base, "out"), filepath.Join(base, "tmp")
	env := x.environment(datastream.WithSpillFS(x.spills), datastream.WithLogger(slog.New(slog.DiscardHandler))).Set("io.tmp.dirs", tmp)
	var records atomic.Int64
	in := datastream.MapContext(x.input(env, x.rows), func(_ *datastream.Context, r reading) (reading, error) {
		return r, x.each(records.Add(1))
	})
	datastream.WriteText(datastream.Map(x.build(env, in), func(c cell) string { return c.Key + c.Value }), out)
	_, failure := env.Execute(ctx, "trial")
	require.NoError(t, goleak.Find(running))
	require.Empty(t, filesBelow(t, tmp), "spill files")
	if failure != nil {
		require.Empty(t, filesBelow(t, out), "outputs")
	}
	return failure
}

func filesBelow(t *rapid.T, dir string) (files []string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != dir {
			files = append(files, path)
		}
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err)
	}
	return files
}

// TestCancelAtAnyPoint cancels random pipelines at a random record.
func TestCancelAtAnyPoint(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		x := drawTrial(t, allPipelines, []int{300, 2000, 50})
		at := x.drawRecord(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var canceled time.Time
		x.each = func(n int64) error {
			if n == at {
				canceled = time.Now()
				cancel()
			}
			return nil
		}
		switch err := x.run(ctx, t, root); {
		case at > int64(len(x.rows)):
			require.NoError(t, err)
		case err != nil:
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, time.Since(canceled), time.Minute)
		}
	})
}

// TestFailAtAnyPoint has a function fail or panic at a random record: the job reports it, once.
func TestFailAtAnyPoint(t *testing.T) {
	root := t.TempDir()
	broken := errors.New("broken by the test")
	rapid.Check(t, func(t *rapid.T) {
		x := drawTrial(t, allPipelines, anyCount)
		at, panics := x.drawRecord(t), rapid.Bool().Draw(t, "panics")
		x.each = func(n int64) error {
			switch {
			case n != at:
				return nil
			case panics:
				panic(broken)
			}
			return broken
		}
		err := x.run(context.Background(), t, root)
		if at > int64(len(x.rows)) {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, broken)
		require.Equal(t, 1, strings.Count(err.Error(), broken.Error()), "%v", err)
	})
}

// TestSpillDiskFailsAtAnyPoint fills the disk, or damages a byte, under random pipelines with little memory.
func TestSpillDiskFailsAtAnyPoint(t *testing.T) {
	root, hits := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		x := drawTrial(t, spilling, []int{3000})
		x.mode, x.managedMemory, x.parallelism = "BATCH", "64 kb", 1+x.parallelism/3
		disk := spilltest.New()
		full := rapid.Bool().Draw(t, "full")
		at := rapid.Int64Range(0, 100_000).Draw(t, "byte")
		if full {
			disk.Space = at
		} else {
			disk.Flip = at
		}
		x.spills = disk
		err := x.run(context.Background(), t, root)
		require.Zero(t, disk.OpenFiles())
		if err == nil {
			return
		}
		hits++
		var place *spill.Error
		require.ErrorAs(t, err, &place)
		if full {
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.Equal(t, 1, strings.Count(err.Error(), syscall.ENOSPC.Error()), "%v", err)
		}
	})
	if !testing.Short() {
		require.Positive(t, hits, "runs that failed")
	}
}
