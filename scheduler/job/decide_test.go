package job

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/checkpoints"
)

// script is a leader that is told by testdata what happens, and shows what it decides.
type script struct {
	*scale
	out strings.Builder
}

// TestDecide runs the scripts of testdata/decide. The verbs:
//
//	taskmanagers n=2 slots=2     register
//	submit job=a [streaming] [full] [checkpointed] [speculative] [restart=fixed-delay] [bytes=100] [most=4]: a vertex a line, as "p=2 group=1 <0 blocking pointwise split"
//	tasks state=FINISHED         reports of tasks, "a/0/1 bytes=5 cause=x lost=0/1", "a/0/1 rival", or "a/0" for all live ones of a vertex
//	sizes edge=a/1/0             of each TaskManager, "1: 10 20 30"
//	host job=a tm=1              who has the coordinators, 0 for nobody
//	lose tm=1 | cancel job=a | advance ms=1000 | leader [generation=2]
//	offer tm=tm0                 the TaskManager comes again with all outputs it has made
//	job job=a                    shows a job
//	exceptions job=a             shows its history of failures
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata/decide", func(t *testing.T, path string) {
		s := &script{scale: newScale(t, 0, 0)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.run(t, d)
			return s.out.String()
		})
	})
}

func (s *script) run(t *testing.T, d *datadriven.TestData) {
	var n, slots, ms, generation int
	var id string
	d.MaybeScanArgs(t, "job", &id)
	switch d.Cmd {
	case "taskmanagers":
		d.ScanArgs(t, "n", &n)
		d.ScanArgs(t, "slots", &slots)
		for range n {
			require.NoError(t, s.o.Register(Registration{Resource: fmt.Sprint("tm", s.s.nextTM+TM(len(s.o.registrations))), Slots: slots}))
		}
	case "submit":
		s.propose(submission(t, d, ID(id)))
	case "tasks":
		s.tasks(t, d)
	case "sizes":
		s.sizes(t, d)
	case "lose":
		d.ScanArgs(t, "tm", &n)
		s.o.Disconnected(TM(n), "connection closed")
	case "offer":
		s.offer(t)
	case "host":
		d.ScanArgs(t, "tm", &n)
		s.o.Hosted(s.s, ID(id), TM(n), s.now)
	case "cancel":
		s.propose(&JobCancelled{ID(id)})
	case "advance":
		d.ScanArgs(t, "ms", &ms)
		s.now += Time(ms)
		for tm := range s.s.TaskManagers {
			s.report(tm.Number)
		}
	case "leader":
		d.MaybeScanArgs(t, "generation", &generation)
		s.propose0(&LeaderElected{max(uint64(generation), s.s.Generation), s.s.Term + 1, "b"})
		s.o = NewObservations(s.s, DefaultOptions(), s.now)
	case "job":
		j, ok := s.s.Job(ID(id))
		require.True(t, ok)
		s.out.WriteString(describe(j))
		return
	case "exceptions":
		j, ok := s.s.Job(ID(id))
		require.True(t, ok)
		for _, e := range j.Exceptions {
			fmt.Fprintf(&s.out, "%d/%d: %s\n", e.Root.Vertex, e.Root.Subtask, e.Root.Message)
			for _, c := range e.Concurrent {
				fmt.Fprintf(&s.out, "  %d/%d: %s\n", c.Vertex, c.Subtask, c.Message)
			}
		}
		return
	default:
		t.Fatalf("unknown verb %s", d.Cmd)
	}
	s.show()
}

func (s *script) propose0(c *LeaderElected) {
	s.s.Apply(s.s.Index+1, Entry{c.Generation, c.Term, s.now, []Command{c}})
}

// show decides until nothing is left.
func (s *script) show() {
	for {
		commands := Decide(s.s, s.o, s.now)
		for _, c := range commands {
			fmt.Fprintln(&s.out, short(c))
		}
		if len(commands) > 0 {
			s.propose(commands...)
		}
		s.o.Decided(commands)
		if len(commands) == 0 {
			break
		}
	}
	for _, o := range s.o.Orders(s.s, s.now) {
		for _, d := range o.Deploy {
			for _, a := range d.Tasks {
				what := "deploy"
				if d.Abort {
					what = "abort by"
				}
				fmt.Fprintf(&s.out, "-> %d: %s %v#%d in %d, reads %v", o.TM, what, a.Task, a.Number, a.Slot, a.Range)
				if len(d.Broadcast) > 0 {
					fmt.Fprintf(&s.out, ", broadcast %v", d.Broadcast)
				}
				fmt.Fprintln(&s.out)
			}
		}
		for _, a := range o.Cancel {
			fmt.Fprintf(&s.out, "-> %d: cancel %v#%d\n", o.TM, a.Task, a.Number)
		}
		for _, id := range o.Drop {
			fmt.Fprintf(&s.out, "-> %d: drop %s\n", o.TM, id)
		}
	}
}

func short(c Command) string {
	s := fmt.Sprintf("%T", c)
	s = s[strings.LastIndex(s, ".")+1:]
	switch c := c.(type) {
	case *TasksDeployed:
		return fmt.Sprintf("%s %s/%d from %d: %v", s, c.Job, c.Vertex, c.First, c.Slots)
	case *TasksChanged:
		for _, x := range c.Changes {
			s += fmt.Sprintf(" %s/%d/%d+%d#%d %v", c.Job, x.Vertex, x.Subtask, x.Count, x.Attempt, x.State)
		}
		return s
	case *RegionsRestarted:
		return fmt.Sprintf("%s %s %v after %d ms: %s", s, c.Job, c.Regions, c.History.Delay, c.Cause.Message)
	case *JobFailing:
		return fmt.Sprintf("%s %s: %s", s, c.Job, c.Cause.Message)
	case *JobEnded:
		return fmt.Sprintf("%s %s %v", s, c.Job, c.State)
	}
	return fmt.Sprintf("%s %+v", s, c)
}

func submission(t *testing.T, d *datadriven.TestData, id ID) *JobSubmitted {
	settings := DefaultSettings()
	settings.Streaming, settings.FullFailover = d.HasArg("streaming"), d.HasArg("full")
	var strategy string
	d.MaybeScanArgs(t, "restart", &strategy)
	settings.Restart = DefaultStrategy(StrategyType(strategy))
	settings.Restart.Jitter = 0
	settings.Checkpoints = checkpoints.Settings{On: d.HasArg("checkpointed"), Interval: 1000, Timeout: 10_000, Retained: 1}
	d.MaybeScanArgs(t, "bytes", &settings.BytesPerTask)
	d.MaybeScanArgs(t, "most", &settings.MaxParallelism)
	d.MaybeScanArgs(t, "broadcast", &settings.BroadcastBytes)
	d.MaybeScanArgs(t, "failures", &settings.TaskFailures)
	settings.SkewBytes = 3 * settings.BytesPerTask
	if d.HasArg("speculative") {
		settings.Speculation = Speculation{Interval: 1000, Ratio: 750, Multiplier: 1500, LowerBound: 10_000}
	}
	p := &Plan{}
	for line := range strings.Lines(d.Input) {
		v := PlanVertex{MaxParallelism: 8}
		for _, word := range strings.Fields(line) {
			key, value, _ := strings.Cut(word, "=")
			last := len(v.Edges) - 1
			switch key {
			case "p":
				v.Parallelism, _ = strconv.Atoi(value)
			case "group":
				v.Group, _ = strconv.Atoi(value)
			case "repeatable":
				v.Repeatable = true
			case "blocking":
				v.Edges[last].Exchange = Blocking
			case "committed":
				v.Edges[last].Exchange = Committed
			case "pointwise":
				v.Edges[last].Pattern = Pointwise
			case "replicate":
				v.Edges[last].Pattern = Replicate
			case "replicable":
				v.Edges[last].Pattern = Replicable
			case "split":
				v.Edges[last].Split = true
			case "unrepeatable":
				v.Edges[last].Unrepeatable = true
			default:
				number, err := strconv.Atoi(strings.TrimPrefix(word, "<"))
				require.NoError(t, err)
				v.Edges = append(v.Edges, PlanEdge{From: number})
			}
		}
		p.Vertices = append(p.Vertices, v)
	}
	require.NoError(t, p.Prepare())
	return &JobSubmitted{Job: id, Name: string(id), Application: "app-" + string(id), Plan: p, Settings: settings}
}

func task(t *testing.T, word string) Task {
	parts := strings.Split(word, "/")
	x := Task{Job: ID(parts[0]), Subtask: -1}
	var err error
	x.Vertex, err = strconv.Atoi(parts[1])
	require.NoError(t, err)
	if len(parts) > 2 {
		x.Subtask, err = strconv.Atoi(parts[2])
		require.NoError(t, err)
	}
	return x
}

func (s *script) tasks(t *testing.T, d *datadriven.TestData) {
	var name string
	d.ScanArgs(t, "state", &name)
	state := TaskState(slices.Index(taskStateNames[:], name))
	byTM := map[TM][]TaskReport{}
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		x := task(t, words[0])
		j, ok := s.s.Job(x.Job)
		require.True(t, ok)
		r, rival := TaskReport{Task: x, State: state}, false
		for _, word := range words[1:] {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "rival":
				rival = true
			case "bytes":
				r.Bytes, _ = strconv.ParseInt(value, 10, 64)
			case "result":
				r.Result = []byte(value)
			case "cause":
				r.Cause = value
			case "lost":
				p := task(t, "x/"+value)
				r.Lost = &Producer{p.Vertex, p.Subtask, s.s.Generation, j.Vertices[p.Vertex].Subtasks[p.Subtask].Attempt}
			}
		}
		for i := range j.Vertices[x.Vertex].Subtasks {
			k := &j.Vertices[x.Vertex].Subtasks[i]
			if rival && i == x.Subtask {
				k = k.Rival
			}
			if k.State.Live() && (x.Subtask < 0 || x.Subtask == i) {
				r.Subtask, r.Attempt = i, k.Attempt
				byTM[k.TM] = append(byTM[k.TM], r)
			}
		}
	}
	for tm := range s.s.TaskManagers {
		if len(byTM[tm.Number]) > 0 {
			s.report(tm.Number, byTM[tm.Number]...)
		}
	}
}

func (s *script) sizes(t *testing.T, d *datadriven.TestData) {
	var edge string
	d.ScanArgs(t, "edge", &edge)
	input := task(t, edge)
	j, _ := s.s.Job(input.Job)
	from := j.Plan.Vertices[input.Vertex].Edges[input.Subtask].From
	for line := range strings.Lines(d.Input) {
		number, list, _ := strings.Cut(line, ":")
		tm, err := strconv.Atoi(number)
		require.NoError(t, err)
		r := SizeReport{Job: input.Job, Vertex: input.Vertex, Edge: input.Subtask}
		for _, word := range strings.Fields(list) {
			b, err := strconv.ParseInt(word, 10, 64)
			require.NoError(t, err)
			r.Bytes = append(r.Bytes, b)
		}
		for i := range j.Vertices[from].Subtasks {
			if k := &j.Vertices[from].Subtasks[i]; k.TM == TM(tm) && k.State == TaskFinished && !k.Lost {
				r.Tasks++
			}
		}
		s.sequence[TM(tm)]++
		s.o.Report(Report{TM: TM(tm), Generation: s.s.Generation, Term: s.s.Term, Sequence: s.sequence[TM(tm)], Sizes: []SizeReport{r}}, s.now)
	}
}

// offer registers a new process that holds all finished outputs of all jobs.
func (s *script) offer(t *testing.T) {
	r := Registration{Resource: "again", Slots: 2}
	for j := range s.s.Jobs {
		h := HeldOutputs{Job: j.ID}
		for v := range j.Vertices {
			for i := range j.Vertices[v].Subtasks {
				if k := &j.Vertices[v].Subtasks[i]; k.State == TaskFinished {
					h.Outputs = append(h.Outputs, Producer{v, i, k.Generation, k.Attempt})
				}
			}
		}
		r.Outputs = append(r.Outputs, h)
	}
	require.NoError(t, s.o.Register(r))
}
