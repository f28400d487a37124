package compatibility_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/scheduler/compatibility"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// jobOf is a job of two operators in a row.
func jobOf(firstUID, secondUID string) *graph.JobGraph {
	g := &graph.StreamGraph{Nodes: []graph.Node{{ID: 1, Kind: graph.Source, Name: "First", UID: firstUID, Parallelism: 1},
		{ID: 2, Kind: graph.Sink, Name: "Second", UID: secondUID, Parallelism: 1, Inputs: []graph.Input{{From: 1}}}}}
	return graph.Chain(g, true)
}

// savedBy is the metadata of a savepoint of a job.
func savedBy(j *graph.JobGraph) *checkpoint.Metadata {
	m := &checkpoint.Metadata{}
	for _, id := range []int{1, 2} {
		n := j.Node(id)
		m.Operators = append(m.Operators, &checkpoint.Operator{Uid: j.OperatorID(id), Given: n.UID, Name: n.Name, MaxParallelism: 128,
			Subtasks: []*checkpoint.Subtask{{Parallelism: 1, Indexes: []*checkpoint.Handle{{}}}}})
	}
	return m
}

func TestOperators(t *testing.T) {
	old := savedBy(jobOf("a", ""))
	r := compatibility.Operators(jobOf("a", ""), "/sp", old, false)
	require.NoError(t, r.Err())
	require.False(t, r.Lines[0].Differs() || r.Lines[1].Differs())

	// The place of the second one is behind the first, whose uid has changed: both ids have.
	r = compatibility.Operators(jobOf("b", ""), "/sp", old, false)
	err := r.Err()
	require.ErrorIs(t, err, compatibility.ErrIncompatible)
	require.ErrorContains(t, err, "/sp")
	require.ErrorContains(t, err, `refused   operator "First" (uid a): the program has no operator with this uid; to begin without this state use --allowNonRestoredState`)
	require.ErrorContains(t, err, `operator "Second" (uid derived: `)
	require.ErrorContains(t, err, "its id was derived from its place in the graph")
	require.ErrorContains(t, err, `new       operator "Second"`)
	require.ErrorContains(t, err, "give operators a uid")

	r = compatibility.Operators(jobOf("b", "c"), "/sp", old, true)
	require.NoError(t, r.Err())
	require.Equal(t, compatibility.Dropped, r.Lines[0].Outcome)

	old.Operators[1].Subtasks = nil // without state nothing is lost
	require.NoError(t, compatibility.Operators(jobOf("a", "c"), "/sp", old, false).Err())
}

func TestStates(t *testing.T) {
	section := func(name string, row column.Kind) state.Section {
		return state.Section{Name: name, Kind: "value", Key: &column.Schema{Kind: column.KindString}, Row: &column.Schema{Kind: row}}
	}
	stored := []state.Section{section("same", column.KindInt32), section("wider", column.KindInt32), section("gone", column.KindInt32)}
	declared := []state.Section{section("same", column.KindInt32), section("wider", column.KindInt64), section("more", column.KindBool)}
	r := &compatibility.Report{Path: "/sp"}
	r.States("id", "a", "First", stored, declared, true)
	require.NoError(t, r.Err())
	var outcomes []compatibility.Outcome
	for _, l := range r.Lines {
		outcomes = append(outcomes, l.Outcome)
	}
	require.Equal(t, []compatibility.Outcome{compatibility.Fits, compatibility.Migrates, compatibility.Dropped, compatibility.New}, outcomes)

	r = &compatibility.Report{Path: "/sp"}
	r.States("id", "a", "First", stored, declared, false)
	require.ErrorContains(t, r.Err(), `state "gone": the program does not declare it any more`)
	r = &compatibility.Report{Path: "/sp"}
	r.States("id", "a", "First", stored[1:2], []state.Section{section("wider", column.KindInt8)}, false)
	require.ErrorContains(t, r.Err(), "wider is int8 and was int32: old values may not fit")
}
