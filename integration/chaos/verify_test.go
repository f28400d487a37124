package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verify compares the files that the job has committed with what it should have.
func (c *cluster) verify(w Workload) {
	countedOnce(c.t, w, c.lines("out/counts"))
	_, windows, timers := w.Expected()
	for name, want := range map[string]map[string]bool{"windows": windows, "timers": timers} {
		got := map[string]bool{}
		var wrong []string
		for _, line := range c.lines("out/" + name) {
			if !want[line] {
				wrong = append(wrong, "not to be there: "+line)
			} else if got[line] {
				wrong = append(wrong, "there twice: "+line)
			}
			got[line] = true
		}
		for line := range want {
			if !got[line] {
				wrong = append(wrong, "lost: "+line)
			}
		}
		slices.Sort(wrong)
		assert.Empty(c.t, wrong, "%s: %d wrong", name, len(wrong))
	}
	c.t.Logf("%d events, %d windows, %d timers: each once", w.Records, len(windows), len(timers))
}

// nothingLeft waits until the checkpoints of all jobs are removed.
func (c *cluster) nothingLeft() {
	var left string
	removed := assert.Eventually(c.t, func() bool {
		left = ""
		for _, job := range c.jobs {
			files, err := c.list("checkpoints/" + job)
			for _, f := range files {
				left += " " + f.Path
			}
			if err != nil {
				left += " " + err.Error()
			}
		}
		return left == ""
	}, patience, time.Second, "checkpoints of jobs that have ended are left")
	if !removed {
		c.t.Fatal(left)
	}
}

// countedOnce requires that there is one line for each event, with a count of its own.
func countedOnce(t *testing.T, w Workload, lines []string) {
	events, _, _ := w.Expected()
	seen, nth := make([]bool, w.Records), map[[2]int64]bool{}
	for _, line := range lines {
		var x Counted
		_, err := fmt.Sscanf(line, "%d %d %d", &x.Index, &x.Key, &x.Nth)
		require.NoError(t, err, line)
		require.False(t, seen[x.Index], "event %d is there twice", x.Index)
		require.Equal(t, w.Event(x.Index).Key, x.Key, line)
		require.False(t, nth[[2]int64{x.Key, x.Nth}], "count %d of key %d is there twice", x.Nth, x.Key)
		require.LessOrEqual(t, x.Nth, events[x.Key], "key %d was counted too often", x.Key)
		seen[x.Index], nth[[2]int64{x.Key, x.Nth}] = true, true
	}
	for i, s := range seen {
		require.True(t, s, "event %d is lost", i)
	}
}
