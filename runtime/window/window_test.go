package window

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// TestAlignedIsTimeWindows checks slices against the definition: the windows from First to Last of a slice are those of each
// timestamp in it, in order.
func TestAlignedIsTimeWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slide := rapid.Int64Range(1, 30).Draw(t, "slide")
		size := slide + rapid.Int64Range(0, 60).Draw(t, "more")
		offset := rapid.Int64Range(-slide+1, slide-1).Draw(t, "offset")
		at := rapid.Int64Range(-1000, 1000).Draw(t, "at")
		assigner := Sliding(millis(size), millis(slide), millis(offset), true)
		want, err := assigner.Assign(nil, nil, at, 0)
		require.NoError(t, err)
		slices.Reverse(want)
		slice := assigner.Slice(at)
		require.True(t, slice <= at && at < slice+assigner.Width())
		require.Zero(t, size%assigner.Width()+slide%assigner.Width())
		got := []Window{assigner.First(slice)}
		for got[len(got)-1] != assigner.Last(slice) {
			next := assigner.Next(got[len(got)-1])
			require.Equal(t, got[len(got)-1], assigner.Previous(next))
			got = append(got, next)
		}
		require.Equal(t, want, got)
	})
}

func TestCumulative(t *testing.T) {
	a := Aligned{Size: 6, Slide: 2, Cumulative: true}
	require.NoError(t, a.Validate())
	require.EqualValues(t, 2, a.Width())
	w := a.First(a.Slice(9))
	require.Equal(t, Window{6, 10}, w)
	require.Equal(t, Window{6, 12}, a.Last(8))
	require.Equal(t, Window{6, 12}, a.Next(w))
	require.Equal(t, Window{12, 14}, a.Next(Window{6, 12}))
	require.Equal(t, Window{6, 12}, a.Previous(Window{12, 14}))
	require.Equal(t, w, a.Previous(Window{6, 12}))
}

func TestStartOf(t *testing.T) {
	for _, c := range [][4]int64{{0, 0, 7, 0}, {-1, 0, 7, -7}, {-7, 0, 7, -7}, {10, 3, 7, 10}, {9, 3, 7, 3}, {2, 3, 7, -4}, {2, -5, 7, 2}} {
		require.Equal(t, c[3], StartOf(c[0], c[1], c[2]), c)
	}
}

func TestCleanupTime(t *testing.T) {
	w := Window{0, 10}
	require.EqualValues(t, 14, CleanupTime(w, true, 5))
	require.EqualValues(t, 9, CleanupTime(w, false, 5), "processing time knows no lateness")
	require.EqualValues(t, Global.MaxTimestamp(), CleanupTime(Global, true, 5), "no overflow")
	require.EqualValues(t, Global.MaxTimestamp(), CleanupTime(w, true, 1<<63-1))
}

func TestStagger(t *testing.T) {
	for range 100 {
		n := RandomStagger.offset(123, 50)
		require.True(t, n >= 0 && n < 50)
	}
	require.EqualValues(t, 23, NaturalStagger.offset(123, 50))
	require.Zero(t, AlignedStagger.offset(123, 50))
	a := Tumbling(millis(50), 0, false).Staggered(NaturalStagger)
	one, two := a.ForSubtask(), a.ForSubtask()
	w, err := one.Assign(nil, nil, NoTime, 123)
	require.NoError(t, err)
	require.Equal(t, []Window{{123, 173}}, w)
	w, _ = one.Assign(nil, nil, NoTime, 180)
	require.Equal(t, []Window{{173, 223}}, w, "drawn once")
	w, _ = two.Assign(nil, nil, NoTime, 110)
	require.Equal(t, []Window{{110, 160}}, w, "for each sub-task")
}

func TestMistakes(t *testing.T) {
	bad := func(part any, text string) {
		t.Helper()
		require.ErrorContains(t, Check[int](part), text)
	}
	bad(Tumbling(0, 0, true), "at least 1 ms")
	bad(Tumbling(10, 0, true), "at least 1 ms") // nanoseconds
	bad(Sliding(millis(10), millis(5), millis(5), true), "offset of 5 ms")
	bad(Sliding(millis(10), millis(5), millis(-5), true), "less than 5 ms")
	bad(Session(0, true), "gap must be at least 1 ms")
	bad(CountTrigger{}, "at least 1")
	bad(ContinuousEventTime(0), "at least 1 ms")
	bad(ProcessingTimeout(CountTrigger{Count: 1}, 0), "at least 1 ms")
	bad(PurgingTrigger{CountTrigger{}}, "at least 1")
	bad(DynamicSession(func(string) time.Duration { return 1 }, true), "takes records of type string, not int")
	bad(PurgingTrigger{Delta(1, func(_, _ string) float64 { return 0 })}, "takes records of type string, not int")
	bad(DeltaEvictor(1, func(_, _ string) float64 { return 0 }), "takes records of type string, not int")
	require.NoError(t, Check[int](DynamicSession(func(int) time.Duration { return 1 }, true)))
	_, err := Tumbling(millis(5), 0, true).Assign(nil, nil, NoTime, 0)
	require.ErrorContains(t, err, "timestamp assigner")
	v := 3
	_, err = DynamicSession(func(int) time.Duration { return 0 }, true).Assign(nil, &v, 1, 0)
	require.ErrorContains(t, err, "gap of 0 ms")
}
