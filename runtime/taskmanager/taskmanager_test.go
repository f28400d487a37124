package taskmanager

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
)

// counts is what the word count prints, in order.
var counts = []string{"be 1000", "is 500", "not 500", "or 500", "question 500", "that 500", "the 500", "to 1000"}

func sorted(printed string) []string {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	slices.Sort(lines)
	return lines
}

// prints waits for what the workers of the job print, which may come after the end of their tasks.
func (m *member) prints(lines []string, tms ...uint32) {
	m.c.t.Helper()
	require.Eventually(m.c.t, func() bool { return slices.Equal(lines, sorted(m.printed(tms...))) }, patience, 20*time.Millisecond)
}

func TestWordCountOverTwoTaskManagers(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, nil)
	c.manager("b", m.address, nil)
	c.registered(2)
	m.start("words", 0, 1, 2)
	c.await("the end", c.all(4, rpc.TaskState_FINISHED))
	m.prints(counts, 1, 2)
	c.await("the last metrics", func() bool {
		return c.counted[taskKey{job, 1, 0}]+c.counted[taskKey{job, 1, 1}] == int64(rounds*len(strings.Fields(text)))
	})
	c.update(func() { c.held = 0 })
	c.await("further reports that something is held", func() bool { return c.held > 2 })
	for n := range uint32(2) {
		m.order(n+1, &rpc.Order{Drop: []string{job}})
	}
}

func TestInProcess(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	for _, name := range []string{"a", "b"} {
		c.manager(name, m.address, func(o *Options) {
			o.Launcher = InProcess{func(*rpc.Start) (*worker.Job, error) { return build([]string{"words"}) }}
		})
	}
	c.registered(2)
	m.start("words", 0, 1, 2)
	c.await("the end", c.all(4, rpc.TaskState_FINISHED))
	m.order(1, &rpc.Order{Drop: []string{job}})
	m.order(2, &rpc.Order{Drop: []string{job}})
}

func TestStagesOverTwoTaskManagers(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	a := c.manager("a", m.address, nil)
	c.registered(1)
	b := c.manager("b", m.address, nil)
	c.registered(2)
	m.deploy("batch", 0, 0, 1, 2)
	c.await("the first stage", c.all(2, rpc.TaskState_FINISHED))
	c.await("its sizes", func() bool {
		a, b := c.sizes[1], c.sizes[2]
		return a != nil && b != nil && a.Tasks+b.Tasks == 2 && len(a.Bytes) == 128
	})
	// The workers die; their outputs do not, also not with a new leader.
	for _, tm := range []*TaskManager{a, b} {
		var w *supervised
		tm.call(func() { w = tm.workers[job]; w.handle.Kill() })
		<-w.gone
	}
	second := c.lead(1, 2)
	for _, tm := range []*TaskManager{a, b} {
		tm.call(func() { tm.masters = []string{second.address} })
	}
	c.update(func() { clear(c.sizes); clear(c.addresses); c.reports = 0 })
	m.server.Stop()
	c.registered(2)
	c.await("the sizes again", func() bool { return c.sizes[1] != nil && c.sizes[2] != nil })
	second.deploy("batch", 1, 0, 1, 2)
	c.await("the second stage", c.all(4, rpc.TaskState_FINISHED))
	second.prints(counts, 1, 2)

	second.order(1, &rpc.Order{Keep: []*rpc.HeldVertex{{Job: job, Vertex: 0, Outputs: []*rpc.Producer{{Generation: 1}, {Subtask: 7, Generation: 1}}}}})
	c.await("what is missing", func() bool {
		return len(c.lost) == 1 && len(c.lost[0].Outputs) == 1 && c.lost[0].Outputs[0].Subtask == 7
	})

	// A new generation is offered what there is.
	third := c.lead(2, 1)
	c.update(func() { c.registers = nil; clear(c.addresses); c.reports = 0 })
	for _, tm := range []*TaskManager{a, b} {
		tm.call(func() { tm.masters = []string{third.address} })
	}
	second.server.Stop()
	c.registered(2)
	offered := map[string]int32{}
	c.update(func() {
		for _, r := range c.registers {
			offered[r.Resource] = r.Outputs[0].Outputs[0].Subtask
		}
	})
	require.Equal(t, map[string]int32{"a": 0, "b": 1}, offered)
	third.order(1, &rpc.Order{Keep: []*rpc.HeldVertex{{Job: job, Vertex: 0}}})
	third.order(2, &rpc.Order{Drop: []string{job}})
	c.await("reports that nothing is held", func() bool { return c.sizes[1].Tasks == 0 })
	for _, tm := range []*TaskManager{a, b} {
		c.await("no files", func() bool {
			left, err := filepath.Glob(filepath.Join(tm.opt.Dir, outputsPrefix+"*"))
			return err == nil && len(left) == 0
		})
	}
}
