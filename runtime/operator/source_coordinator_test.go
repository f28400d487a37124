package operator

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	connector "github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

func TestResetSubtasksReadTheirSplitsAgain(t *testing.T) {
	c := &SplitCoordinator{Sources: []source.Source{connector.FromSequence(1, 10)}}
	require.NoError(t, c.Start(t.Context(), 2))
	read := func() (splits []string) {
		for subtask := range 2 {
			for {
				reply, err := c.Handle(context.Background(), subtask, splitRequest(0))
				require.NoError(t, err)
				if reply == nil {
					break
				}
				some, err := decodeSplits(reply)
				require.NoError(t, err)
				for _, split := range some {
					splits = append(splits, split.ID)
				}
			}
		}
		return splits
	}
	first := read()
	require.Len(t, first, 2)
	require.Empty(t, read())
	require.NoError(t, c.Reset(t.Context(), "job", 0))
	require.NoError(t, c.Reset(t.Context(), "job", 1))
	require.ElementsMatch(t, first, read())
	require.NoError(t, c.Close())
}

func TestSplitsOfFinishedSubtasksStayTheirs(t *testing.T) {
	sources := []source.Source{connector.FromSequence(1, 10), connector.FromSequence(11, 20)}
	first, second := &SplitCoordinator{Sources: sources}, &SplitCoordinator{Sources: sources}
	require.NoError(t, first.Start(t.Context(), 2))
	defer first.Close()
	take := func(c *SplitCoordinator, subtask, number int) (ids []uint64) {
		for {
			request := splitRequest(number)
			answer, err := c.Handle(t.Context(), subtask, request)
			require.NoError(t, err)
			some := c.Taken(request, answer)
			if some == nil {
				return ids
			}
			ids = append(ids, some...)
			if len(ids) == 1 && number == 0 {
				return ids
			}
		}
	}
	// Sub-task 0 reads one split and then nothing; sub-task 1 is to read the rest.
	mine := take(first, 0, 0)
	require.Len(t, mine, 1)
	second.Resume(0, mine)
	require.NoError(t, second.Start(t.Context(), 2))
	defer second.Close()
	var theirs []uint64
	for {
		next := take(second, 1, 0)
		if next == nil {
			break
		}
		theirs = append(theirs, next...)
	}
	require.NotContains(t, theirs, mine[0])
	require.NotEmpty(t, theirs)
	require.NotEmpty(t, take(second, 1, 1), "the other sub-task does not come any more")
	require.NoError(t, second.Reset(t.Context(), "job", 0))
	require.Equal(t, mine, take(second, 0, 0))
}

// A sub-task that begins anew with a checkpoint gets the splits again that it has begun since, whatever was saved later and given up.
func TestSplitsSinceTheCheckpointAreGivenAgain(t *testing.T) {
	c := &SplitCoordinator{Sources: []source.Source{many{8}}}
	require.NoError(t, c.Start(t.Context(), 2))
	defer c.Close()
	take := func(subtask int) string {
		answer, err := c.Handle(t.Context(), subtask, splitRequest(0))
		require.NoError(t, err)
		splits, err := decodeSplits(answer)
		require.NoError(t, err)
		return splits[0].ID
	}
	// saved tells how many splits each sub-task has begun, and returns what the coordinator has left.
	saved := func(id uint64, begun ...uint64) (left []string) {
		for subtask, n := range begun {
			require.NoError(t, c.barrier(subtask, binary.AppendUvarint(binary.AppendUvarint(nil, id), n)))
		}
		state, err := c.Snapshot(t.Context(), id, []int{0, 1})
		require.NoError(t, err)
		restored := &SplitCoordinator{Sources: c.Sources}
		require.NoError(t, restored.Restore(state))
		require.NoError(t, restored.Start(t.Context(), 2))
		defer restored.Close()
		for _, s := range restored.stages[0].shared {
			left = append(left, s.ID)
		}
		return left
	}
	require.Equal(t, []string{"0", "1"}, []string{take(0), take(0)})
	require.Equal(t, "2", take(1))
	require.Equal(t, []string{"3", "4", "5", "6", "7", "1"}, saved(1, 1, 1), "1 was given, and not begun")
	require.NoError(t, c.Complete(t.Context(), 1))
	require.Equal(t, "3", take(0))
	require.Equal(t, []string{"4", "5", "6", "7"}, saved(2, 3, 1))
	// Checkpoint 2 is given up, and sub-task 0 begins with checkpoint 1: it has 0.
	require.NoError(t, c.Reset(t.Context(), "job", 0))
	require.Equal(t, []string{"1", "3", "4"}, []string{take(0), take(0), take(0)})
	require.Equal(t, "5", take(1))
	require.Equal(t, []string{"6", "7", "4", "5"}, saved(3, 2, 1))
	require.NoError(t, c.Complete(t.Context(), 3))
	require.NoError(t, c.Reset(t.Context(), "job", 1))
	require.Equal(t, "5", take(1), "4 is still with sub-task 0")
}

// many is a source of so many splits, which are numbers.
type many struct{ n int }

func (m many) Boundedness() source.Boundedness { return source.Bounded }
func (m many) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	return &manyEnumerator{n: m.n}, nil
}
func (m many) NewReader(context.Context, source.Env) (source.Reader, error) { return nil, nil }

type manyEnumerator struct {
	n    int
	done bool
}

func (e *manyEnumerator) Next(context.Context) (splits []source.Split, err error) {
	for i := 0; i < e.n && !e.done; i++ {
		splits = append(splits, source.Split{ID: fmt.Sprint(i)})
	}
	e.done = true
	return splits, source.ErrDone
}
func (e *manyEnumerator) Snapshot() ([]byte, error) { return []byte{1}, nil }
func (e *manyEnumerator) Restore([]byte) error      { e.done = true; return nil }
func (e *manyEnumerator) Close() error              { return nil }

// parted is a source of splits that are bound to readers if it says so.
type parted struct {
	source.Source
	bounded, bound bool
	splits         int
	reader         func() source.Reader
}

func (p parted) Boundedness() source.Boundedness {
	if p.bounded {
		return source.Bounded
	}
	return source.Unbounded
}

func (p parted) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	e := &partedEnumerator{parted: p}
	if p.bound {
		return boundEnumerator{e}, nil
	}
	return e, nil
}

func (p parted) NewReader(context.Context, source.Env) (source.Reader, error) { return p.reader(), nil }

type partedEnumerator struct {
	parted
	told bool
}

func (e *partedEnumerator) Next(ctx context.Context) (splits []source.Split, err error) {
	if e.told {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	e.told = true
	for i := range e.splits {
		splits = append(splits, source.Split{ID: string(rune('a' + i))})
	}
	if e.bounded {
		err = source.ErrDone
	}
	return splits, err
}

func (*partedEnumerator) Snapshot() ([]byte, error) { return nil, nil }
func (e *partedEnumerator) Restore([]byte) error    { e.told = true; return nil }
func (*partedEnumerator) Close() error              { return nil }

type boundEnumerator struct{ *partedEnumerator }

func (boundEnumerator) Assign(s source.Split, readers int) int { return (readers - 1) * int(s.ID[0]&1) }

func TestWhichSplitsAnAnswerHas(t *testing.T) {
	for _, x := range []struct {
		name   string
		source parted
		want   []string // by sub-task that asks: 0, 1, 0
	}{
		{"bounded: one after another", parted{bounded: true}, []string{"a", "b", "c"}},
		{"bound: all of the sub-task", parted{bounded: true, bound: true}, []string{"bd", "ace", ""}},
		{"unbounded: dealt out", parted{}, []string{"ace", "bd"}},
		{"unbounded and bound", parted{bound: true}, []string{"bd", "ace"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.source.splits = 5
			c := &SplitCoordinator{Sources: []source.Source{x.source}}
			require.NoError(t, c.Start(t.Context(), 2))
			for i, want := range x.want {
				reply, err := c.Handle(t.Context(), i%2, splitRequest(0))
				require.NoError(t, err)
				splits, err := decodeSplits(reply)
				require.NoError(t, err)
				got := ""
				for _, s := range splits {
					got += s.ID
				}
				require.Equal(t, want, got)
			}
			require.NoError(t, c.Close())
		})
	}
}
