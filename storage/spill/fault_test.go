package spill_test

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// pipeline passes rows through a consumer and returns what comes out, in an order that depends on the input alone.
type pipeline func(f *fixture, codec spill.Codec[word], in []*column.Batch) (out []stamped, err error)

func throughSorter(f *fixture, codec spill.Codec[word], in []*column.Batch) (out []stamped, err error) {
	s := spill.NewSorter(f.mem, f.dir, codec, spill.SortOptions[word]{Prefix: textPrefix, Compare: byText, ByTime: true, FanIn: 3})
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, b := range in {
		if err := s.Add(b); err != nil {
			return nil, err
		}
	}
	it, err := s.Sort(context.Background())
	if err != nil {
		return nil, err
	}
	return readAll(it)
}

func throughQueue(f *fixture, codec spill.Codec[word], in []*column.Batch) (out []stamped, err error) {
	q := spill.NewQueue(f.mem, f.dir, codec, 0)
	defer func() { err = errors.Join(err, q.Close()) }()
	for _, b := range in {
		if err := q.Push(b.Copy()); err != nil {
			return nil, err
		}
	}
	return popAll(q)
}

func popAll(q *spill.Queue[word]) (out []stamped, err error) {
	for {
		b, err := q.Pop()
		if b == nil {
			return out, err
		}
		out = append(out, unpack(b)...)
		b.Release()
	}
}

func throughPartitions(f *fixture, codec spill.Codec[word], in []*column.Batch) (out []stamped, err error) {
	p, err := spill.NewPartitions(f.mem, f.dir, codec, 2, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	for _, b := range in {
		if err := p.Add(b); err != nil {
			return nil, err
		}
	}
	if err := p.Finish(); err != nil {
		return nil, err
	}
	for i := range p.Len() {
		rows, err := popAll(p.Partition(i))
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// throughPages reads all pages twice, the first time from behind.
func throughPages(f *fixture, codec spill.Codec[word], in []*column.Batch) (out []stamped, err error) {
	p := spill.NewPages(f.mem, f.dir)
	defer func() { err = errors.Join(err, p.Close()) }()
	for _, b := range in {
		if err := p.Append(codec.AppendBatch(nil, column.Rows[word](b))); err != nil {
			return nil, err
		}
	}
	for i := p.Len() - 1; i >= 0; i-- {
		if _, err := p.Read(i); err != nil {
			return nil, err
		}
	}
	for i := range p.Len() {
		data, err := p.Read(i)
		if err != nil {
			return nil, err
		}
		rows, err := codec.DecodeBatch(data, nil)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, stamped{word: r})
		}
	}
	return out, nil
}

var pipelines = map[string]pipeline{"sorter": throughSorter, "queue": throughQueue, "partitions": throughPartitions, "pages": throughPages}

// TestFaultsAreReportedAndCleanedUp: with a fault at any place, the result is right or a typed error, and nothing is left.
func TestFaultsAreReportedAndCleanedUp(t *testing.T) {
	codec := codecOf[word](t)
	for name, run := range pipelines {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			rapid.Check(t, func(t *rapid.T) {
				lz4, budget := rapid.Bool().Draw(t, "lz4"), int64(rapid.SampledFrom([]int{0, 1000}).Draw(t, "budget"))
				in := batches(t, drawRows(t, 60), true, true)
				f := newFixture(t, base, budget, lz4)
				want, err := run(f, codec, in)
				require.NoError(t, err)
				written, read := f.dir.BytesSpilled(), f.fs.Read()
				f.done(t)

				f = newFixture(t, base, budget, lz4)
				kind := spill.Corrupt
				at := func(size int64) int64 { return rapid.Int64Range(0, max(0, size-1)).Draw(t, "at") }
				switch rapid.SampledFrom([]string{"full", "flip", "truncate", "open"}).Draw(t, "fault") {
				case "full":
					f.fs.Space, kind = at(written), spill.NoSpace
				case "flip":
					f.fs.Flip = at(read)
				case "truncate":
					f.fs.Truncate = at(read)
				case "open":
					f.fs.FailOpen, kind = syscall.EACCES, spill.IO
				}
				got, err := run(f, codec, in)
				if written == 0 {
					require.NoError(t, err)
				}
				if err == nil {
					require.Equal(t, want, got)
				} else {
					var e *spill.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, kind, e.Kind, err)
					require.Contains(t, f.roots, e.Dir)
				}
				require.Equal(t, written > 0, err != nil, "a fault within what is written or read is noticed")
				f.done(t)
			})
		})
	}
}

func TestFullDiskSaysWhatToDo(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	f.fs.Space = 20
	s := spill.NewSorter(f.mem, f.dir, codecOf[word](t), spill.SortOptions[word]{Prefix: textPrefix})
	err := s.Add(batchOf([]stamped{{word: word{"text", 1}}}, false, false))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "spill directory "+f.roots[0]+" is full: no space left on device at offset 20 of ")
	require.ErrorContains(t, err, "with 20 bytes of spill files of this process in it: free space there or configure larger")
	require.NoError(t, s.Close())
	f.done(t)
}

func TestCorruptionSaysWhere(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	q := spill.NewQueue(f.mem, f.dir, codecOf[word](t), 0)
	for i := range int64(3) {
		require.NoError(t, q.Push(batchOf([]stamped{{word: word{strings.Repeat("x", 50), i}}}, false, false)))
	}
	f.fs.Flip = frameSize(t) + 40
	b, err := q.Pop()
	require.NoError(t, err)
	b.Release()
	_, err = q.Pop()
	var e *spill.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, frameSize(t), e.Offset)
	require.ErrorContains(t, err, "00000001 is corrupt at offset ")
	require.ErrorContains(t, err, "checksum is ")
	require.NoError(t, q.Close())
	f.done(t)
}

// frameSize is the size of a frame of TestCorruptionSaysWhere.
func frameSize(t *testing.T) int64 {
	const header = 24
	return header + int64(len(codecOf[word](t).AppendBatch(nil, []word{{strings.Repeat("x", 50), 0}})))
}

// stubborn is a row whose encoding fails.
type stubborn struct{ n int }

func (stubborn) MarshalBinary() ([]byte, error) { return nil, errors.New("will not") }
func (*stubborn) UnmarshalBinary([]byte) error  { return nil }

func TestRowsThatCannotBeEncoded(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	s := spill.NewSorter(f.mem, f.dir, codecOf[stubborn](t), spill.SortOptions[stubborn]{
		Prefix: func(rows []stubborn, out []uint64) { clear(out) }})
	err := s.Add(column.BatchOf([]stubborn{{n: 1}}))
	require.ErrorContains(t, err, "will not")
	require.NoError(t, s.Close())
	f.done(t)
}

func TestMissingDirectoryIsNamed(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	for _, root := range f.roots {
		require.NoError(t, os.RemoveAll(root))
	}
	q := spill.NewQueue(f.mem, f.dir, codecOf[word](t), 0)
	err := q.Push(batchOf([]stamped{{}}, false, false))
	var e *spill.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, spill.IO, e.Kind)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "spill directory "+f.roots[0]+" failed")
	require.NoError(t, q.Close())
	require.NoError(t, f.dir.Close())
}

func TestResultDoesNotDependOnBudget(t *testing.T) {
	codec := codecOf[word](t)
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		in := batches(t, drawRows(t, 100), true, true)
		for name, run := range pipelines {
			var first []stamped
			for i, budget := range []int64{math.MaxInt64, 4000, 0} {
				f := newFixture(t, base, budget, i == 1)
				got, err := run(f, codec, in)
				require.NoError(t, err)
				if i == 0 {
					first = slices.Clone(got)
				}
				require.Equal(t, first, got, name)
				f.done(t)
			}
		}
	})
}
