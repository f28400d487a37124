package job

import (
	"testing"

	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/stretchr/testify/require"
)

func apply(t *testing.T, m *Machine, index uint64, commands ...Command) []byte {
	t.Helper()
	b, err := Entry{1, 1, Time(index), commands}.Encode()
	require.NoError(t, err)
	facts, err := m.Apply(index, b)
	require.NoError(t, err)
	return facts
}

// twoStages is a plan of two blocking stages whose exchange cannot be repeated.
func twoStages(t *testing.T) *JobSubmitted {
	p := &Plan{Vertices: []PlanVertex{{Parallelism: 1, MaxParallelism: 4},
		{Parallelism: 1, MaxParallelism: 4, Edges: []PlanEdge{{Exchange: Blocking, Unrepeatable: true}}}}}
	require.NoError(t, p.Prepare())
	return &JobSubmitted{Job: "a", Application: "app", Execute: 2, Plan: p, Settings: DefaultSettings()}
}

func TestMachine(t *testing.T) {
	m := NewMachine(New(1))
	apply(t, m, 1, &LeaderElected{1, 1, "x"})
	m.Do(func(_ *State, applied []Effects) { require.Empty(t, applied, "followers keep no effects") })
	m.Lead(true)
	require.NotNil(t, apply(t, m, 2, twoStages(t)), "a submission is a fact")
	require.Nil(t, apply(t, m, 3, &SlotsAwaited{"a", 1}))
	<-m.Applied()
	m.Do(func(s *State, applied []Effects) {
		require.Len(t, applied, 2)
		require.Equal(t, uint64(3), s.Index)
		require.Equal(t, 1, s.SlotsWanted(), "of two stages one can run")
	})
	other := NewMachine(New(2))
	require.NoError(t, other.Restore(m.Snapshot()))
	require.Equal(t, m.Snapshot(), other.Snapshot())
	require.ErrorContains(t, other.Restore([]byte{9}), "version 9, where this release reads version")
	_, err := m.Apply(4, []byte{9})
	require.ErrorContains(t, err, "entry 4")
}

// Facts alone rebuild what has finished, what was restarted since, and what an application was told.
func TestRebuild(t *testing.T) {
	m := NewMachine(New(1))
	var facts [][]byte
	index := uint64(0)
	step := func(commands ...Command) {
		index++
		if f := apply(t, m, index, commands...); f != nil {
			facts = append(facts, f)
		}
	}
	step(&LeaderElected{1, 1, "x"}, &TaskManagerRegistered{Resource: "r", Slots: 2})
	step(twoStages(t), &ProgramAdded{"p", 7})
	step(&TasksDeployed{"a", 0, 0, []SlotRef{{1, 0}}})
	step(&TasksChanged{"a", []Change{{Vertex: 0, Count: 1, State: TaskFinished, Bytes: 5}}})
	step(&TasksDeployed{"a", 1, 0, []SlotRef{{1, 0}}})
	step(&TasksChanged{"a", []Change{{Vertex: 1, Count: 1, State: TaskFinished}}})
	step(&CheckpointReserved{"a", 8}, &CheckpointCompleted{"a", checkpoints.Record{ID: 8, Path: "there"}},
		&CheckpointCompleted{"a", checkpoints.Record{ID: 10, Path: "never reserved"}})

	s, err := Rebuild(1, nil, facts)
	require.NoError(t, err)
	j, _ := s.Job("a")
	require.Equal(t, Reconciling, j.State)
	require.True(t, j.Vertices[0].Subtasks[0].Lost)
	require.Equal(t, TaskFinished, j.Vertices[1].Subtasks[0].State)
	require.False(t, j.Vertices[1].Subtasks[0].Lost, "nobody reads it")
	require.Len(t, j.Checkpoints.Complete, 1)
	require.Equal(t, "there", j.Checkpoints.Complete[0].Path)

	step(&RegionsRestarted{Job: "a", Regions: []Lanes{{0, 0, 1}, {1, 0, 1}}})
	s, err = Rebuild(1, nil, facts)
	require.NoError(t, err)
	j, _ = s.Job("a")
	require.Equal(t, 2, j.in(TaskCreated), "what has read the old output must not be mixed with what reads the new one")

	step(&JobCancelled{"a"}, &JobEnded{Job: "a", State: Canceled, Application: "app", Execute: 2, Program: "p"})
	s, err = Rebuild(1, nil, facts)
	require.NoError(t, err)
	r, ok := s.Result("app", 2)
	require.True(t, ok)
	require.Equal(t, Canceled, r.State)
	s.Apply(index+1, Entry{2, 1, 0, []Command{&LeaderElected{2, 1, "y"}, twoStages(t)}})
	require.Equal(t, 1, s.jobs.len(), "Execute(2) is not run again")
}

// What a deposed leader has proposed changes nothing, and neither do commands that come too late.
func TestStale(t *testing.T) {
	s := New(1)
	s.Apply(1, Entry{1, 5, 0, []Command{&LeaderElected{1, 5, "x"}, twoStages(t), &TaskManagerRegistered{Resource: "r", Slots: 2}}})
	before := s.Snapshot()
	for _, e := range []Entry{
		{1, 4, 0, []Command{&JobCancelled{"a"}}},
		{0, 9, 0, []Command{&JobCancelled{"a"}}},
		{1, 4, 0, []Command{&LeaderElected{1, 4, "old"}, &JobCancelled{"a"}}},
	} {
		require.True(t, s.Apply(1, e).Stale)
		require.Equal(t, before, s.Snapshot())
	}
	late := func(c ...Command) { require.False(t, s.Apply(1, Entry{1, 5, 0, c}).Stale) }
	late(&TasksDeployed{"a", 0, 0, []SlotRef{{9, 0}}}, &TasksDeployed{"a", 0, 0, []SlotRef{{1, 7}}}, &TasksDeployed{"b", 0, 0, nil})
	j, _ := s.Job("a")
	require.Equal(t, 2, j.in(TaskCreated), "there is no such slot")
	late(&TasksDeployed{"a", 0, 0, []SlotRef{{1, 0}}})
	late(&TasksDeployed{"a", 1, 0, []SlotRef{{1, 0}}})
	late(&TasksChanged{"a", []Change{{Vertex: 0, Count: 1, Attempt: 1, State: TaskFinished}}})
	require.Equal(t, TaskDeploying, j.Vertices[0].Subtasks[0].State, "attempt 1 is not the current one")
	late(&TasksChanged{"a", []Change{{Vertex: 0, Count: 1, State: TaskFinished}}})
	late(&TasksChanged{"a", []Change{{Vertex: 0, Count: 1, State: TaskFailed}}})
	require.Equal(t, TaskFinished, j.Vertices[0].Subtasks[0].State, "the first end counts")
	late(&JobEnded{Job: "a", State: Finished})
	require.False(t, j.State.Terminal(), "something runs")
}
