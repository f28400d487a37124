package blocking

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type row struct {
	Producer, Number int
	Key              uint64
	Text             string
}

// byKey puts a row into sub-partition Key modulo their number.
type byKey struct{}

func (byKey) Select(b *column.Batch, channels []uint32, n int) error {
	for i, r := range column.Rows[row](b) {
		channels[i] = uint32(r.Key % uint64(n))
	}
	return nil
}

func task(subtask, attempt int) wire.Task {
	return wire.Task{Vertex: "map", Subtask: subtask, Attempt: attempt}
}

func newStore(t testing.TB, opt Options) (*Store, string) {
	dir := t.TempDir()
	if opt.Files == nil {
		opt.Files = Directories{dir}
	}
	opt.Logger = slog.New(slog.DiscardHandler)
	s, err := New(opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, dir
}

// fill writes rows from to to of a producer, in batches, waiting for room.
func fill(t require.TestingT, w *Writer, producer, from, to, size int) {
	woken := make(chan struct{}, 1)
	for from < to {
		n := min(to-from, 100)
		rows := make([]row, n)
		for i := range rows {
			k := from + i
			rows[i] = row{producer, k, uint64(k) * 0x9e3779b97f4a7c15, fmt.Sprintf("%0*d", size, k)}
		}
		for !w.Room(func() { woken <- struct{}{} }) {
			<-woken
		}
		w.Send(shuffle.Element{Batch: column.BatchOf(rows)})
		from += n
	}
}

func write(t require.TestingT, st *Stage, producer, attempt, rows, size int) {
	w, err := st.Writer(task(producer, attempt), byKey{}, func(err error) { require.NoError(t, err) })
	require.NoError(t, err)
	fill(t, w, producer, 0, rows, size)
	w.Send(shuffle.Element{Kind: shuffle.End})
	require.EqualValues(t, rows, w.Output().Rows)
}

// read reads a request and checks that each producer's rows of a sub-partition come in order.
func read(t require.TestingT, s *Store, q Request, subpartitions int) (got []row, err error) {
	gate := shuffle.NewGate(nil, func() {})
	ch := gate.Connect(0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Deliver(ctx, q, column.NewBatch[row](), ch) }()
	last := map[[2]uint64]int{}
	for err == nil {
		_, e, ok := gate.Receive()
		if !ok {
			select {
			case err = <-done:
				done <- err
			default:
			}
			continue
		}
		if e.Kind == shuffle.End {
			return got, <-done
		}
		for _, r := range column.Rows[row](e.Batch) {
			sub := r.Key % uint64(subpartitions)
			require.True(t, int(sub) >= q.From && int(sub) < q.To)
			k := [2]uint64{uint64(r.Producer), sub}
			if before, seen := last[k]; seen {
				require.Greater(t, r.Number, before)
			}
			last[k] = r.Number
			got = append(got, r)
		}
		e.Batch.Release()
	}
	return got, err
}

func files(t require.TestingT, dir string) (names []string) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	return found
}

func TestRandomStages(t *testing.T) {
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprint("lz4=", compress), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				producers, subs := rapid.IntRange(1, 5).Draw(rt, "producers"), rapid.IntRange(1, 40).Draw(rt, "subpartitions")
				memory := rapid.SampledFrom([]int64{1, 100_000, 1 << 30}).Draw(rt, "memory")
				s, dir := newStore(t, Options{MemoryBytes: memory, Compress: compress, FilesPerStage: rapid.IntRange(1, 3).Draw(rt, "files"), ReadBuffers: 1})
				st, err := s.Stage("v1", subs)
				require.NoError(rt, err)
				var tasks []wire.Task
				total := 0
				for p := range producers {
					n := rapid.IntRange(0, 3000).Draw(rt, "rows")
					write(rt, st, p, 0, n, 20)
					tasks = append(tasks, task(p, 0))
					total += n
				}
				if rapid.Bool().Draw(rt, "persist") {
					require.NoError(rt, st.Persist())
				}
				got := 0
				for from := 0; from < subs; {
					to := min(subs, from+rapid.IntRange(1, 10).Draw(rt, "range"))
					rows, err := read(rt, s, Request{Stage: "v1", From: from, To: to, Tasks: tasks}, subs)
					require.NoError(rt, err)
					got += len(rows)
					from = to
				}
				require.Equal(rt, total, got)
				require.LessOrEqual(rt, len(files(rt, dir)), 4)
				require.NoError(rt, st.Remove())
				require.Empty(rt, files(rt, dir))
				require.Zero(rt, s.MemoryUsed())
			})
		})
	}
}

func TestFailedAttemptIsNotRead(t *testing.T) {
	s, _ := newStore(t, Options{MemoryBytes: 200_000})
	st, err := s.Stage("v1", 8)
	require.NoError(t, err)
	w, err := st.Writer(task(0, 0), byKey{}, nil)
	require.NoError(t, err)
	fill(t, w, 7, 0, 20_000, 20)
	_, err = s.Open(Request{Stage: "v1", To: 8, Tasks: []wire.Task{task(0, 0)}})
	require.ErrorContains(t, err, "map/0#0")
	w.Abort()
	write(t, st, 0, 1, 100, 20)
	require.Positive(t, s.BytesSpilled())
	got, err := read(t, s, Request{Stage: "v1", To: 8, Tasks: []wire.Task{task(0, 1)}}, 8)
	require.NoError(t, err)
	require.Len(t, got, 100)
	require.Zero(t, got[0].Producer)
	_, err = s.Open(Request{Stage: "v1", To: 8, Tasks: []wire.Task{task(0, 0), task(0, 1)}})
	var lost *LostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, []wire.Task{task(0, 0)}, lost.Producers)
	_, err = s.Open(Request{Stage: "v2", To: 8, Tasks: []wire.Task{task(3, 0)}})
	require.ErrorAs(t, err, &lost)
	require.Equal(t, []wire.Task{task(3, 0)}, lost.Producers)
}

// damage changes a byte of the only data file, at some distance behind the beginning of a frame of producer 1.
func damage(t *testing.T, dir string, behind int) {
	path := filepath.Join(dir, "v1", "data-0")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := 0; at < len(data); {
		h, err := wire.ParseHeader(data[at:])
		require.NoError(t, err)
		if h.Channel == 1 {
			data[at+behind] ^= 1
			break
		}
		at += h.Size()
	}
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

func TestDamageNamesWhoMustRunAgain(t *testing.T) {
	for name, c := range map[string]struct {
		behind int
		want   []wire.Task
	}{
		"body":   {wire.HeaderSize + 5, []wire.Task{task(1, 0)}},
		"header": {1, []wire.Task{task(0, 0), task(1, 0), task(2, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t, Options{FilesPerStage: 1})
			st, err := s.Stage("v1", 4)
			require.NoError(t, err)
			all := []wire.Task{task(0, 0), task(1, 0), task(2, 0)}
			for p := range 3 {
				write(t, st, p, 0, 100, 20)
			}
			require.NoError(t, st.Persist())
			damage(t, dir, c.behind)
			_, err = read(t, s, Request{Stage: "v1", To: 4, Tasks: all}, 4)
			var lost *LostError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, c.want, lost.Producers)
			others, err := read(t, s, Request{Stage: "v1", To: 4, Tasks: []wire.Task{task(0, 0), task(2, 0)}}, 4)
			if name == "body" {
				require.NoError(t, err, "whoever does not want the damaged output reads on")
				require.Len(t, others, 200)
			}
		})
	}
}

func TestPersistedStageIsServedByAnotherStore(t *testing.T) {
	first, dir := newStore(t, Options{MemoryBytes: 50_000, Sync: true, Keep: true})
	st, err := first.Stage("v1", 16)
	require.NoError(t, err)
	unfinished, err := st.Writer(task(9, 0), byKey{}, func(error) {})
	require.NoError(t, err)
	for p := range 3 {
		write(t, st, p, 0, 1000, 30)
	}
	require.NoError(t, st.Persist())
	require.Len(t, files(t, dir), 4)

	second, err := New(Options{Files: Directories{dir}, Keep: true})
	require.NoError(t, err)
	require.NoError(t, second.Adopt("v1"))
	all := []wire.Task{task(0, 0), task(1, 0), task(2, 0)}
	got, err := read(t, second, Request{Stage: "v1", From: 3, To: 16, Tasks: all}, 16)
	require.NoError(t, err)
	rest, err := read(t, second, Request{Stage: "v1", To: 3, Tasks: all}, 16)
	require.NoError(t, err)
	require.Len(t, append(got, rest...), 3000)
	_, err = second.Stage("v1", 16)
	require.ErrorContains(t, err, "another process")
	require.ErrorContains(t, first.Adopt("v1"), "written here")

	// The writer goes on, and dies within a record.
	write(t, st, 3, 0, 10, 30)
	require.NoError(t, st.Persist())
	fill(t, unfinished, 9, 0, 10_000, 10)
	unfinished.Abort()
	require.NoError(t, first.Close())
	index := filepath.Join(dir, "v1", "index")
	data, err := os.ReadFile(index)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(index, append(data, 200, 0, 0), 0o600))
	var lost *LostError
	_, err = second.Open(Request{Stage: "v1", To: 16, Tasks: []wire.Task{task(3, 0)}})
	require.ErrorAs(t, err, &lost)
	require.NoError(t, second.Adopt("v1"))
	got, err = read(t, second, Request{Stage: "v1", To: 16, Tasks: []wire.Task{task(0, 0), task(3, 0)}}, 16)
	require.NoError(t, err)
	require.Len(t, got, 1010)
	_, err = second.Open(Request{Stage: "v1", To: 16, Tasks: []wire.Task{task(9, 0)}})
	require.ErrorAs(t, err, &lost)

	data[len(data)-1] ^= 1
	require.NoError(t, os.WriteFile(index, data, 0o600))
	third, err := New(Options{Files: Directories{dir}})
	require.NoError(t, err)
	require.ErrorIs(t, third.Adopt("v1"), wire.ErrCorrupt)
	require.NoError(t, second.Close())
	require.NotEmpty(t, files(t, dir))
	require.NoError(t, third.Close())
	require.Empty(t, files(t, dir))
}

// full is a disk on which nothing fits.
type full struct{ Directories }

func (f full) Create(name string) (Writable, error) {
	w, err := f.Directories.Create(name)
	return fullFile{w}, err
}

type fullFile struct{ Writable }

func (fullFile) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestFullDiskFailsWriters(t *testing.T) {
	s, _ := newStore(t, Options{MemoryBytes: 100_000, Files: full{Directories{t.TempDir()}}})
	st, err := s.Stage("v1", 4)
	require.NoError(t, err)
	var failure error
	w, err := st.Writer(task(0, 0), byKey{}, func(err error) { failure = err })
	require.NoError(t, err)
	fill(t, w, 0, 0, 20_000, 100)
	require.ErrorIs(t, failure, syscall.ENOSPC)
	require.ErrorContains(t, failure, "stage v1")
}

func TestManyTasksAndPartitionsStayWithinMemory(t *testing.T) {
	const tasks, subs, memory = 300, 2000, 4 << 20
	s, dir := newStore(t, Options{MemoryBytes: memory})
	st, err := s.Stage("v1", subs)
	require.NoError(t, err)
	var all []wire.Task
	for p := range tasks {
		write(t, st, p, 0, 300, 50)
		require.LessOrEqual(t, s.MemoryUsed(), int64(memory+memory/4))
		all = append(all, task(p, 0))
	}
	require.LessOrEqual(t, len(files(t, dir)), 3)
	got, err := read(t, s, Request{Stage: "v1", From: 100, To: 200, Tasks: all}, subs)
	require.NoError(t, err)
	require.InDelta(t, tasks*300/20, len(got), tasks*300/40)
}

func TestRequestsOfManyTasksAreShort(t *testing.T) {
	var q Request
	for i := range 2000 {
		q.Tasks = append(q.Tasks, task(3+100*i, 0))
	}
	require.Less(t, len(q.Append(nil)), 50)
	rapid.Check(t, func(t *rapid.T) {
		q := Request{Stage: "s", From: 1, To: 2}
		for range rapid.IntRange(0, 20).Draw(t, "tasks") {
			q.Tasks = append(q.Tasks, task(rapid.IntRange(0, 5).Draw(t, "subtask"), rapid.IntRange(0, 1).Draw(t, "attempt")))
		}
		back, err := ParseRequest(q.Append(nil))
		require.NoError(t, err)
		require.Equal(t, q, back)
	})
}

func TestRequestIsChecked(t *testing.T) {
	q := Request{Stage: "v1", From: 3, To: 9, Tasks: []wire.Task{task(1, 2), task(3, 4)}}
	enc := q.Append(nil)
	back, err := ParseRequest(enc)
	require.NoError(t, err)
	require.Equal(t, q, back)
	require.Len(t, q.Append(nil), len(enc))
	for n := range enc {
		if cut, err := ParseRequest(enc[:n]); err != nil {
			require.ErrorIs(t, err, wire.ErrCorrupt)
		} else {
			require.Less(t, len(cut.Tasks), len(q.Tasks), "what follows says of which tasks")
		}
	}
	_, err = ParseRequest(binary.AppendUvarint([]byte{0, 1, 2, 0, 1, 1, 1}, 1<<30))
	require.ErrorIs(t, err, wire.ErrCorrupt)
	s, _ := newStore(t, Options{})
	for _, name := range []string{"", "../x", "a/b", ".hidden"} {
		_, err := s.Stage(name, 1)
		require.Error(t, err)
	}
	_, err = s.Stage("v1", 3)
	require.NoError(t, err)
	_, err = s.Open(Request{Stage: "v1", From: 1, To: 4})
	require.ErrorContains(t, err, "which has 3")
}
