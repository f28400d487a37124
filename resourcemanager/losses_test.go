package resourcemanager

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLosses(t *testing.T) {
	l := NewLosses()
	for i := range 1000 { // nobody reads yet
		l.Tell(Name(1, 1, uint64(i)), fmt.Sprint(i))
	}
	for i := range 999 {
		require.Equal(t, Loss{Name: Name(1, 1, uint64(i)), Cause: fmt.Sprint(i)}, <-l.Lost())
	}
	l.Warn("leaving", "why")
	<-l.Lost()
	require.Equal(t, Loss{Name: "leaving", Cause: "why", Soon: true}, <-l.Lost())
	l.Close()
	l.Close()
	l.Tell("late", "")
	for range l.Lost() {
		require.Fail(t, "what was not read before Close is not told")
	}
}
