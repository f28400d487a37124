package backfill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Summary is what has come of a backfill.
type Summary struct {
	Skipped   int // had succeeded before
	Succeeded int
	Left      int // not begun
	Failures  []Record
	Took      time.Duration
}

// someFailed is the exit code of a backfill of which intervals have failed.
const someFailed = 6

// Code is the exit code: 0 if all is done, else 6; or that of all failures if they are the same that no run can help, such as a
// cluster that cannot be reached, and nothing has succeeded.
func (s *Summary) Code() int {
	if len(s.Failures) == 0 {
		return 0
	}
	first := s.Failures[0].Code
	other := slices.ContainsFunc(s.Failures, func(r Record) bool { return r.Code != first })
	if !other && s.Succeeded == 0 && hopeless[first] {
		return first
	}
	return someFailed
}

// shown is how many failures are named.
const shown = 5

// String is the summary in one line.
func (s *Summary) String() string {
	parts := []string{fmt.Sprintf("%d succeeded", s.Succeeded)}
	if s.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d done before", s.Skipped))
	}
	if n := len(s.Failures); n > 0 {
		failures := slices.SortedFunc(slices.Values(s.Failures), func(a, b Record) int {
			return cmp.Or(a.Interval.Start.Compare(b.Interval.Start), cmp.Compare(a.Attempt, b.Attempt))
		})
		var names []string
		for _, f := range failures[:min(n, shown)] {
			names = append(names, f.Interval.String())
		}
		if n > shown {
			names = append(names, "...")
		}
		parts = append(parts, fmt.Sprintf("%d failed (%s)", n, strings.Join(names, ", ")))
	}
	if s.Left > 0 {
		parts = append(parts, fmt.Sprintf("%d not begun", s.Left))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(", in %s", s.Took.Round(100*time.Millisecond))
}
