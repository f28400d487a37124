package state_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	_ "github.com/leatproject/leat/runtime/state/pebble"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
)

type wide struct {
	Count int64
	Rest  [14]int64
}

// BenchmarkCheckpoints updates 5 % of 1,000,000 keys, each a few times from one snapshot to the next, and measures the CPU of the
// thread that owns the state, and of all. It is checkpoint-1gb of integration/bench at an eighth, whatever else the machine does.
func BenchmarkCheckpoints(b *testing.B) {
	backends := map[string]func(b *testing.B) (state.Backend[int64], error){
		"hashmap": func(*testing.B) (state.Backend[int64], error) { return state.NewKeyed[int64]() },
		"pebble": func(b *testing.B) (state.Backend[int64], error) {
			return state.New[int64](state.Options{Backend: "pebble", Memory: state.NewBudget(benchKeys * 128 / 4), Dir: b.TempDir}, 0)
		},
	}
	for name, backend := range backends {
		for _, every := range []int{0, 175_000} {
			b.Run(fmt.Sprint(name, "/every-", every), func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				k, err := backend(b)
				require.NoError(b, err)
				benchmarkCheckpoints(b, k, every)
				require.NoError(b, k.Close())
			})
		}
	}
}

const (
	benchKeys  = 1_000_000
	benchHot   = benchKeys / 20
	benchBatch = 1024
)

func benchmarkCheckpoints(b *testing.B, k state.Backend[int64], every int) {
	k.States().Count()
	v, err := state.NewValue[wide](k.States(), state.Descriptor{Name: "value"})
	require.NoError(b, err)
	k.Follow()
	hash, err := column.Hasher[int64]()
	require.NoError(b, err)
	keys, hashes, slots := make([]int64, benchBatch), make([]uint64, benchBatch), make([]uint32, benchBatch)
	update := func(key func(i int) int64) {
		for i := range keys {
			keys[i] = key(i)
		}
		hash(keys, hashes)
		require.NoError(b, k.Acquire(keys, hashes, slots))
		for i, slot := range slots {
			k.States().SetCurrent(slot)
			c, _ := v.Value()
			c.Count++
			c.Rest[c.Count%14] = keys[i] * c.Count
			v.Update(c)
		}
		k.Sweep()
	}
	for from := 0; from < benchKeys; from += benchBatch {
		update(func(i int) int64 { return int64(from + i) })
	}
	u := &uploader{b: b, dir: b.TempDir()}
	if every > 0 {
		u.begin(k, true)
		for !u.snapshot.Save(1 << 20) {
		}
		u.end()
	}
	var x uint64 = 1
	hot := func() {
		update(func(int) int64 {
			x += 0x9e3779b97f4a7c15
			z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
			return int64(z>>33) % benchHot * 20
		})
	}
	for range 10 * benchHot / benchBatch { // until they are all in memory
		hot()
	}
	first := u.written
	u.sync = 0
	b.ResetTimer()
	thread, all := used(syscall.RUSAGE_THREAD), used(syscall.RUSAGE_SELF)
	n, since := 0, 0
	for range b.N {
		hot()
		n += benchBatch
		since += benchBatch
		switch {
		case every == 0:
		case u.snapshot == nil && since >= every:
			since = 0
			u.begin(k, false)
		case u.snapshot != nil && u.snapshot.Save(2048):
			u.end()
		}
	}
	b.StopTimer()
	b.ReportMetric(float64((used(syscall.RUSAGE_THREAD)-thread).Nanoseconds())/float64(n), "task-ns/record")
	b.ReportMetric(float64((used(syscall.RUSAGE_SELF)-all).Nanoseconds())/float64(n), "all-ns/record")
	b.ReportMetric(float64(u.written-first)/float64(n), "B/record")
	b.ReportMetric(float64(u.sync.Nanoseconds())/1e6, "begin-ms")
	if u.snapshot != nil {
		u.snapshot.Abandon()
	}
}

func used(who int) time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type uploader struct {
	b        *testing.B
	dir      string
	number   int
	written  int64
	sync     time.Duration // the longest that a snapshot took to begin
	snapshot *state.Snapshot
	blocks   chan *state.Block
	done     chan struct{}
}

func (u *uploader) begin(k state.Backend[int64], full bool) {
	u.number++
	blocks, done := make(chan *state.Block, 1<<16), make(chan struct{})
	u.blocks, u.done = blocks, done
	w, err := checkpoint.Create(context.Background(), filesystem.Local(), filepath.Join(u.dir, fmt.Sprint(u.number)), checkpoint.None)
	require.NoError(u.b, err)
	go func() {
		defer close(done)
		var buf []byte
		for b := range blocks {
			err := b.Each(func(b *state.Block) error {
				buf = b.Append(buf[:0])
				_, err := w.Append(buf)
				return err
			})
			if err != nil {
				panic(err)
			}
		}
		u.written += w.Size()
		if err := w.Abort(); err != nil {
			panic(err)
		}
	}()
	extent := state.Increment
	if full {
		extent = state.Full
	}
	began := used(syscall.RUSAGE_THREAD)
	u.snapshot, err = k.Snapshot(state.SnapshotOptions{Extent: extent, Range: state.AllKeys, Out: func(b *state.Block) { blocks <- b }})
	u.sync = max(u.sync, used(syscall.RUSAGE_THREAD)-began)
	require.NoError(u.b, err)
}

func (u *uploader) end() {
	close(u.blocks)
	<-u.done
	u.snapshot.Confirm()
	u.snapshot = nil
}

// BenchmarkRestore reads 100,000 keys with values of 1000 bytes: the CPU for each.
func BenchmarkRestore(b *testing.B) {
	const keys, size = 100_000, 1000
	fresh := func() (*state.Keyed[int64], *state.Value[[]byte]) {
		k, err := state.NewKeyed[int64]()
		require.NoError(b, err)
		v, err := state.NewValue[[]byte](k.States(), state.Descriptor{Name: "value"})
		require.NoError(b, err)
		k.Follow()
		return k, v
	}
	from, v := fresh()
	hash, err := column.Hasher[int64]()
	require.NoError(b, err)
	for i := range int64(keys) {
		var sum [1]uint64
		var slot [1]uint32
		hash([]int64{i}, sum[:])
		require.NoError(b, from.Acquire([]int64{i}, sum[:], slot[:]))
		from.SetCurrent(slot[0])
		v.Update(make([]byte, size))
	}
	var blocks [][]byte
	s, err := from.Snapshot(state.SnapshotOptions{Extent: state.Full, Range: state.AllKeys, Out: func(x *state.Block) { blocks = append(blocks, x.Append(nil)) }})
	require.NoError(b, err)
	for !s.Save(keys) {
	}
	var thread, decoding time.Duration
	b.ResetTimer()
	all := used(syscall.RUSAGE_SELF)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range b.N {
		to, _ := fresh()
		for _, data := range blocks {
			began := used(syscall.RUSAGE_THREAD)
			apply, err := to.Restore("value", false, data)
			require.NoError(b, err)
			decoded := used(syscall.RUSAGE_THREAD)
			require.NoError(b, apply(state.AllKeys))
			decoding += decoded - began
			thread += used(syscall.RUSAGE_THREAD) - decoded
		}
		require.Equal(b, keys, to.Len())
	}
	b.StopTimer()
	n := float64(b.N * keys)
	b.ReportMetric(float64(thread.Nanoseconds())/n, "apply-ns/key")
	b.ReportMetric(float64(decoding.Nanoseconds())/n, "decode-ns/key")
	b.ReportMetric(float64((used(syscall.RUSAGE_SELF)-all).Nanoseconds())/n, "all-ns/key")
}
