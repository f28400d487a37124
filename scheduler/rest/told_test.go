package rest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/job"
)

func TestTold(t *testing.T) {
	x := newTold()
	missing := func(ids ...job.ID) bool {
		some, _ := x.missing(ids)
		return some
	}
	require.False(t, missing())
	_, changed := x.missing([]job.ID{"a", "b"})
	x.add("a")
	<-changed
	x.add("a")
	require.False(t, missing("a"))
	require.True(t, missing("a", "b"))
	x.add("b")
	require.False(t, missing("b", "a"))
}
