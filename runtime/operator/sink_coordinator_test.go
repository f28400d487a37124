package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/sink"
)

// notebook is a sink whose committer notes what it is asked for.
type notebook struct {
	notes []string
	whole bool // cannot be cleaned for one sub-task
}

func (*notebook) NewWriter(context.Context, sink.Env) (sink.Writer, error) { return nil, nil }
func (n *notebook) NewCommitter(context.Context) (sink.Committer, error) {
	if n.whole {
		return struct{ cleaningNotes }{cleaningNotes{notes{n}}}, nil
	}
	return subtaskNotes{cleaningNotes{notes{n}}}, nil
}

type notes struct{ *notebook }

func (n notes) note(verb string, cs []sink.Committable) error {
	for _, c := range cs {
		n.add(verb + " " + string(c))
	}
	return nil
}
func (n *notebook) add(s string) { n.notes = append(n.notes, s) }
func (n notes) Commit(_ context.Context, cs []sink.Committable) error {
	return n.note("commit", cs)
}
func (n notes) Abort(_ context.Context, cs []sink.Committable) error { return n.note("abort", cs) }
func (n notes) Close() error                                         { return nil }

type cleaningNotes struct{ notes }

func (n cleaningNotes) Clean(context.Context, string) error { return errors.New("others are writing") }

type subtaskNotes struct{ cleaningNotes }

func (n subtaskNotes) CleanSubtask(_ context.Context, job string, subtask int) error {
	n.add(fmt.Sprintf("clean %s/%d", job, subtask))
	return nil
}

// A sub-task that begins anew alone prepares again what no complete checkpoint has decided on: the first is aborted, that of others stays.
func TestCommittablesOfARestartedSubtask(t *testing.T) {
	n := &notebook{}
	c := &CommitCoordinator{Sink: n}
	require.NoError(t, c.Start(t.Context(), 2))
	report := func(subtask int, checkpoint uint64, what string) {
		cs := encodeCommittables([]sink.Committable{sink.Committable(what)})
		_, err := c.Handle(t.Context(), subtask, append(binary.AppendUvarint([]byte{CommitAtCheckpoint}, checkpoint), cs...))
		require.NoError(t, err)
	}
	save := func(checkpoint uint64) []sink.Committable {
		state, err := c.Snapshot(t.Context(), checkpoint, []int{0, 1})
		require.NoError(t, err)
		cs, err := decodeCommittables(state)
		require.NoError(t, err)
		return cs
	}
	report(0, 1, "a1")
	report(1, 1, "b1")
	save(1)
	report(0, 2, "a2")
	report(1, 2, "b2")
	save(2)            // is given up
	report(0, 3, "a3") // so is this one
	require.NoError(t, c.Complete(t.Context(), 1))
	require.NoError(t, c.Reset(t.Context(), "job", 0))
	require.Equal(t, []string{"commit a1", "commit b1", "abort a2", "abort a3", "clean job/0"}, n.notes)
	report(0, 4, "a4")
	report(1, 4, "b4")
	require.Equal(t, []sink.Committable{sink.Committable("b2"), sink.Committable("a4"), sink.Committable("b4")}, save(4))
	n.notes = nil
	require.NoError(t, c.Complete(t.Context(), 4))
	require.Equal(t, []string{"commit b2", "commit a4", "commit b4"}, n.notes)

	n.whole = true
	require.Error(t, c.Reset(t.Context(), "job", 1), "all are to begin anew")
}
