package checkpoints

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/config"
)

// script is somebody who takes checkpoints as Decide says, of two sources and two tasks behind them.
type script struct {
	settings Settings
	ledger   Ledger
	round    *Round
	vertices []Vertex
	now      Time
	out      strings.Builder
}

var all = []Task{{0, 0}, {0, 1}, {1, 0}, {1, 1}}

// TestDecide runs the scripts of testdata. Each verb changes something, then all that is to be done is done and shown:
//
//	settings interval=100 pause=0 timeout=1000 tolerable=0 retained=1 [all-tasks]
//	advance ms=100
//	tasks running=2,2 finished=0,0      of the two vertices
//	acknowledge                         by a line of tasks as 0/1, "coordinators", or nothing for all
//	fail | miss | written               with the cause as input
//	ask name=x kind=savepoint
//	restart | close ending=failed retention=RETAIN_ON_CANCELLATION | lead
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{vertices: []Vertex{{Subtasks: 2, Running: 2}, {Subtasks: 2, Running: 2, Inputs: []int{0}}}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.run(t, d)
			s.settle()
			return s.out.String()
		})
	})
}

func (s *script) run(t *testing.T, d *datadriven.TestData) {
	var name string
	switch d.Cmd {
	case "settings":
		s.settings = Settings{On: true, Timeout: 1000, Retained: 1, AllTasks: d.HasArg("all-tasks")}
		d.MaybeScanArgs(t, "interval", &s.settings.Interval)
		d.MaybeScanArgs(t, "pause", &s.settings.MinPause)
		d.MaybeScanArgs(t, "timeout", &s.settings.Timeout)
		d.MaybeScanArgs(t, "tolerable", &s.settings.Tolerable)
		d.MaybeScanArgs(t, "retained", &s.settings.Retained)
	case "advance":
		var ms int
		d.ScanArgs(t, "ms", &ms)
		s.now += Time(ms)
	case "tasks":
		d.ScanArgs(t, "running", &s.vertices[0].Running, &s.vertices[1].Running)
		d.ScanArgs(t, "finished", &s.vertices[0].Finished, &s.vertices[1].Finished)
	case "acknowledge":
		s.acknowledge(t, strings.Fields(d.Input))
	case "fail":
		s.round.Fail(d.Input)
	case "miss":
		s.round.Miss(d.Input)
	case "written":
		s.round.Written(Record{ID: s.round.ID, Path: fmt.Sprint("chk-", s.round.ID), Completed: s.now, Size: 10})
	case "ask":
		r := Request{Directory: "there"}
		d.ScanArgs(t, "name", &r.Name)
		if d.MaybeScanArgs(t, "kind", &name); name == "savepoint" {
			r.Kind = Savepoint
		}
		fmt.Fprintf(&s.out, "taken: %v\n", s.ledger.Ask(r))
	case "restart":
		s.ledger.Restart("a task failed", s.now)
		from := "nothing"
		if s.ledger.Restored != nil {
			from = s.ledger.Restored.Path
		}
		fmt.Fprintf(&s.out, "begins with %s\n", from)
	case "lead":
		s.round = nil
	case "close":
		d.ScanArgs(t, "ending", &name)
		var retention string
		d.ScanArgs(t, "retention", &retention)
		s.settings.Retention = RetentionOf(retention)
		s.ledger.Close(&s.settings, map[string]Ending{"finished": Finished, "canceled": Canceled, "failed": Failed}[name], s.now)
		fmt.Fprintf(&s.out, "%d are kept\n", len(s.ledger.Complete))
		s.settings.Interval = 0
	default:
		d.Fatalf(t, "unknown verb %s", d.Cmd)
	}
}

func (s *script) acknowledge(t *testing.T, words []string) {
	if len(words) == 0 {
		s.round.Coordinators = false
		for _, x := range all {
			s.round.Acknowledge(x)
		}
	}
	for _, w := range words {
		if w == "coordinators" {
			s.round.Coordinators = false
			continue
		}
		var x Task
		_, err := fmt.Sscanf(w, "%d/%d", &x.Vertex, &x.Subtask)
		require.NoError(t, err)
		if !s.round.Acknowledge(x) {
			fmt.Fprintf(&s.out, "%s was not awaited\n", w)
		}
	}
	if s.round.Write() {
		fmt.Fprintln(&s.out, "write the metadata")
	}
}

// settle does what is to be done.
func (s *script) settle() {
	for {
		a := Decide(&s.settings, &s.ledger, s.round, Obstacle(&s.settings, s.vertices), s.now)
		switch a.Do {
		case Wait:
			if why := Obstacle(&s.settings, s.vertices); why != "" && s.ledger.Pending == nil {
				fmt.Fprintln(&s.out, "cannot begin:", why)
			} else if a.At > 0 {
				fmt.Fprintf(&s.out, "wait until %d\n", a.At)
			}
			return
		case Reserve:
			s.ledger.Reserve(a.ID, 1, s.now)
			s.round = NewRound(a.ID, all)
			fmt.Fprintf(&s.out, "begin %v %d\n", s.ledger.Pending.Kind, a.ID)
		case Finish:
			s.ledger.Finish(a.Record)
			fmt.Fprintf(&s.out, "%d is complete\n", a.ID)
		case Abort:
			s.ledger.Abort(a.ID, a.Cause, a.Counts, s.now)
			fmt.Fprintf(&s.out, "%d is given up: %s (counts: %v)\n", a.ID, a.Cause, a.Counts)
		case Drop:
			s.ledger.Drop(a.ID)
			fmt.Fprintf(&s.out, "%d is dropped\n", a.ID)
		case GiveUp:
			fmt.Fprintln(&s.out, "the job fails:", a.Cause)
			return
		}
	}
}

// Whatever happens, ids grow, the newest complete checkpoint is what tasks begin with, and no more are kept than are retained.
func TestLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings := Settings{On: true, Interval: 10, Timeout: 50, Tolerable: rapid.IntRange(0, 3).Draw(t, "tolerable"), Retained: rapid.IntRange(1, 3).Draw(t, "retained")}
		var l Ledger
		var round *Round
		last, newest, now := int64(0), int64(0), Time(0)
		for range 100 {
			a := Decide(&settings, &l, round, "", now)
			switch a.Do {
			case Reserve:
				require.Greater(t, a.ID, last)
				last = a.ID
				require.True(t, l.Reserve(a.ID, 1, now))
				round = NewRound(a.ID, all)
			case Finish:
				require.True(t, l.Finish(a.Record))
				newest = a.ID
			case Abort:
				require.True(t, l.Abort(a.ID, a.Cause, a.Counts, now))
			case Drop:
				require.True(t, l.Drop(a.ID))
			case GiveUp:
				require.Greater(t, l.Failures, settings.Tolerable)
				l.Restart("failed", now)
			case Wait:
				require.LessOrEqual(t, len(l.Complete), settings.Retained)
			}
			r, ok := l.Newest()
			require.Equal(t, newest > 0, ok)
			require.Equal(t, newest, r.ID)
			switch rapid.IntRange(0, 6).Draw(t, "event") {
			case 0:
				now += Time(rapid.IntRange(1, 60).Draw(t, "ms"))
			case 1:
				l.Restart("a task failed", now)
			case 2:
				round = nil
			case 3:
				if round != nil {
					round.Fail("broken")
				}
			default:
				if round != nil {
					round.Written(Record{ID: round.ID, Completed: now})
				}
			}
		}
	})
}

func TestOneCheckpointAtATime(t *testing.T) {
	conf := config.New()
	require.NoError(t, CheckConcurrent(conf))
	require.NoError(t, conf.Set("execution.checkpointing.max-concurrent-checkpoints", "2"))
	require.ErrorContains(t, CheckConcurrent(conf), "execution.checkpointing.max-concurrent-checkpoints is 2, and must be 1")
}
