package operator

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
)

// TestTimers checks Timers against a sorted slice.
func TestTimers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timers := NewTimers(new(state.Slots))
		var want []Timer
		compare := func(a, b Timer) int {
			if a.before(b) {
				return -1
			} else if b.before(a) {
				return 1
			}
			return 0
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			x := Timer{Time: rapid.Int64Range(-20, 200).Draw(t, "time"), Slot: rapid.Uint32Range(0, 3).Draw(t, "slot"), Namespace: rapid.Uint32Range(0, 1).Draw(t, "namespace")}
			at, found := slices.BinarySearchFunc(want, x, compare)
			switch rapid.IntRange(0, 5).Draw(t, "operation") {
			case 0, 1, 2:
				earliest := timers.Register(x)
				if !found {
					want = slices.Insert(want, at, x)
					require.False(t, at == 0 && !earliest)
				}
			case 3, 4:
				timers.Delete(x)
				if found {
					want = slices.Delete(want, at, at+1)
				}
			case 5:
				until := rapid.Int64Range(-20, 30).Draw(t, "until")
				got, ok := timers.Take(until)
				require.Equal(t, len(want) > 0 && want[0].Time <= until, ok)
				if ok {
					require.Equal(t, want[0], got)
					want = want[1:]
				}
			}
			require.Equal(t, len(want), timers.Len())
			next, ok := timers.Next()
			require.Equal(t, len(want) > 0, ok)
			if ok {
				require.Equal(t, want[0], next)
			}
		}
	})
}

// TestDeletedTimers deletes as many timers as it registers: what is deleted does not pile up.
func TestDeletedTimers(t *testing.T) {
	timers := NewTimers(new(state.Slots))
	for i := range 100_000 {
		timers.Register(Timer{Time: int64(i) + 1<<40})
		timers.Delete(Timer{Time: int64(i) - 10 + 1<<40})
		require.LessOrEqual(t, len(timers.heap), 100)
	}
	require.Equal(t, 10, timers.Len())
}

func TestTimersAllDeleted(t *testing.T) {
	for n := range 200 {
		slots := new(state.Slots)
		timers := NewTimers(slots)
		for i := range n {
			timers.Register(Timer{Time: int64(i)})
		}
		for i := range n {
			timers.Delete(Timer{Time: int64(i)})
		}
		_, ok := timers.Next()
		require.False(t, ok)
	}
}
