package operator

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sliceconnector "github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

// shown is a source that is told positions.
type shown struct {
	source.Source
	told chan []source.Split
	err  error
}

func (s shown) CommitPositions(_ context.Context, _ source.Env, splits []source.Split) error {
	s.told <- splits
	return s.err
}

func TestPositionsOfCompleteCheckpointsAreCommitted(t *testing.T) {
	at := func(id, position string) source.Split { return source.Split{ID: id, Data: []byte(position)} }
	var log strings.Builder
	s := shown{sliceconnector.FromSequence(1, 2), make(chan []source.Split), errors.New("no such group")}
	c := newPositionCommitter([]source.Source{sliceconnector.FromSequence(1, 2), s},
		source.Env{Logger: slog.New(slog.NewTextHandler(&log, nil))}, true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.run(ctx) }()
	c.complete(1) // before any barrier
	c.note(0, at("x", "9"))
	c.note(1, at("a", "1"))
	c.note(1, at("ended", "5"))
	c.barrier(2)
	c.note(1, at("a", "2"))
	c.barrier(3)
	c.complete(3)
	require.Equal(t, []source.Split{at("a", "2"), at("ended", "5")}, <-s.told, "the later of two, and the last of those that ended")
	c.note(1, at("a", "3"))
	c.barrier(4)
	c.note(1, at("a", "4"))
	c.barrier(5)
	c.complete(4)
	c.complete(5)
	for got := ""; got != "4"; {
		last := <-s.told
		require.Len(t, last, 1)
		require.NotEqual(t, got, string(last[0].Data))
		got = string(last[0].Data)
	}
	cancel()
	<-ended
	require.Contains(t, log.String(), "no such group")

	idle := newPositionCommitter([]source.Source{s}, source.Env{}, false)
	idle.note(0, at("a", "1"))
	idle.barrier(1)
	idle.complete(1)
	require.False(t, idle.wanted)
	require.Empty(t, idle.pending)
}
