package master_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
)

// simulation drives a Machine against a YARN that misbehaves, and keeps count.
type simulation struct {
	cluster    *yarntest.Cluster
	machine    *master.Machine
	registered bool
	next       int64
	wanted     map[int64]bool
	answered   map[int64]string // containers by ask
	held       map[string]*wire.Container
}

func newSimulation() *simulation {
	return &simulation{
		cluster: yarntest.New("n1", "n2", "n3"), machine: master.NewMachine(),
		wanted: map[int64]bool{}, answered: map[int64]string{}, held: map[string]*wire.Container{},
	}
}

func (s *simulation) ask(t require.TestingT) {
	s.next++
	require.NoError(t, s.machine.Ask(master.Ask{ID: s.next, MemoryMB: 1024 + s.next, VCores: 1, Priority: int32(s.next % 2)}))
	s.wanted[s.next] = true
}

func (s *simulation) withdraw(id int64) {
	s.machine.Withdraw(id)
	delete(s.wanted, id)
}

func (s *simulation) release(name string) {
	s.machine.Release(s.held[name].Id)
	delete(s.held, name)
}

// step is what a Master does at a heartbeat.
func (s *simulation) step(t require.TestingT) {
	if !s.registered {
		answer, err := s.cluster.Register(context.Background(), &wire.RegisterApplicationMasterRequest{})
		if err != nil && !errors.Is(err, rm.InvalidApplicationMasterRequest) {
			return
		}
		s.machine.Resync()
		s.registered = true
		if answer != nil {
			s.take(t, s.machine.Registered(answer))
		}
	}
	answer, err := s.cluster.Allocate(context.Background(), s.machine.Next())
	switch {
	case err == nil:
		s.take(t, s.machine.Accept(answer))
	case errors.Is(err, rm.ApplicationMasterNotRegisteredException):
		s.registered = false
	default:
		require.NotErrorIs(t, err, rm.InvalidApplicationMasterRequest)
	}
}

func (s *simulation) take(t require.TestingT, e master.Events) {
	require.Empty(t, e.Refused)
	require.Empty(t, e.Recovered, "there was no attempt before")
	for _, c := range e.Allocated {
		name, id := c.GetId().Text(), c.GetAllocationRequestId()
		require.True(t, s.wanted[id], "ask %d is answered that was withdrawn or answered before", id)
		require.GreaterOrEqual(t, c.GetResource().GetMemory(), 1024+id)
		require.NotNil(t, s.machine.NodeToken(c.GetNodeId()))
		delete(s.wanted, id)
		s.answered[id], s.held[name] = name, c
		s.cluster.Launch(name)
	}
	for _, status := range e.Ended {
		name := status.GetContainerId().Text()
		require.Contains(t, s.held, name, "an end is told of once, and not of what was released")
		delete(s.held, name)
	}
}

func (s *simulation) settle(t require.TestingT) {
	s.cluster.Fault = nil
	s.cluster.Hold(false)
	for range 20 {
		s.step(t)
	}
	require.False(t, s.machine.Waiting())
	require.False(t, s.machine.Dirty())
	require.Empty(t, s.wanted)
	require.Empty(t, s.cluster.Asked(), "nothing is asked for that nobody wants")
	require.ElementsMatch(t, slices.Collect(maps.Keys(s.held)), slices.Collect(maps.Keys(s.cluster.Containers())), "YARN has what is held, and no more")
}

func TestEachAskIsAnsweredOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation()
		faults := rapid.SampledFrom([]yarntest.Fault{yarntest.None, yarntest.None, yarntest.LoseAnswer, yarntest.LoseRequest})
		s.cluster.Fault = func(string) yarntest.Fault { return faults.Draw(t, "fault") }
		pick := func(t *rapid.T, names []string) string {
			if len(names) == 0 {
				t.Skip("there is none")
			}
			slices.Sort(names)
			return rapid.SampledFrom(names).Draw(t, "container")
		}
		heartbeat := func(t *rapid.T) { s.step(t) }
		t.Repeat(map[string]func(*rapid.T){
			"heartbeat":  heartbeat,
			"heartbeat2": heartbeat,
			"heartbeat3": heartbeat,
			"ask":        func(t *rapid.T) { s.ask(t) },
			"ask2":       func(t *rapid.T) { s.ask(t) },
			"withdraw": func(t *rapid.T) {
				if len(s.wanted) == 0 {
					t.Skip("there is none")
				}
				s.withdraw(rapid.SampledFrom(slices.Sorted(maps.Keys(s.wanted))).Draw(t, "ask"))
			},
			"release": func(t *rapid.T) { s.release(pick(t, slices.Collect(maps.Keys(s.held)))) },
			"exit": func(t *rapid.T) {
				s.cluster.Exit(pick(t, slices.Collect(maps.Keys(s.cluster.Containers()))), 1, "")
			},
			"restart": func(t *rapid.T) { s.cluster.Restart(false) },
			"hold":    func(t *rapid.T) { s.cluster.Hold(rapid.Bool().Draw(t, "hold")) },
			"surplus": func(*rapid.T) { s.cluster.Surplus(2) },
			"avoid": func(t *rapid.T) {
				s.machine.Avoid(rapid.SampledFrom([]string{"n1", "n2"}).Draw(t, "host"), rapid.Bool().Draw(t, "avoid"))
			},
		})
		s.settle(t)
	})
}

func TestHeartbeatIsRepeatedAsItWas(t *testing.T) {
	s := newSimulation()
	s.step(t)
	s.ask(t)
	fault := yarntest.LoseAnswer
	s.cluster.Fault = func(string) yarntest.Fault { return fault }
	s.step(t)
	s.ask(t) // the repeated heartbeat must not carry it: the ResourceManager would not read it
	request := s.machine.Next()
	require.Len(t, request.GetAsk(), 1)
	fault = yarntest.None
	s.step(t)
	require.Len(t, s.answered, 1)
	s.step(t)
	require.Len(t, s.answered, 2)
	s.settle(t)
}

func TestLocality(t *testing.T) {
	m := master.NewMachine()
	require.NoError(t, m.Ask(master.Ask{ID: 7, MemoryMB: 1024, VCores: 1, Priority: 3, NodeLabel: "gpu", Hosts: []string{"n2"}, Racks: []string{"/r1"}, Strict: true}))
	var lines []string
	for _, r := range m.Next().GetAsk() {
		require.Equal(t, wire.ExecutionType_GUARANTEED, r.GetExecutionTypeRequest().GetExecutionType())
		require.NotNil(t, r.ExecutionTypeRequest, "some ResourceManagers fail without")
		lines = append(lines, fmt.Sprintf("%s relax=%t label=%s n=%d id=%d priority=%d", r.GetResourceName(), r.GetRelaxLocality(), r.GetNodeLabelExpression(),
			r.GetNumContainers(), r.GetAllocationRequestId(), r.GetPriority().GetPriority()))
	}
	require.Equal(t, []string{
		"n2 relax=true label= n=1 id=7 priority=3", "/r1 relax=false label= n=1 id=7 priority=3", "* relax=false label=gpu n=1 id=7 priority=3",
	}, lines)
	m.Withdraw(7)
	m.Accept(&wire.AllocateResponse{ResponseId: proto.Int32(1)})
	require.Len(t, m.Next().GetAsk(), 3, "it is taken back at all levels")
	require.Zero(t, m.Next().GetAsk()[0].GetNumContainers())
}

func TestTooLarge(t *testing.T) {
	m := master.NewMachine()
	require.NoError(t, m.Ask(master.Ask{ID: 1, MemoryMB: 9000, VCores: 1}), "the limit is not known before the registration")
	e := m.Registered(&wire.RegisterApplicationMasterResponse{MaximumCapability: &wire.Resource{Memory: proto.Int64(8192), VirtualCores: proto.Int32(4)}})
	require.Len(t, e.Refused, 1)
	require.ErrorIs(t, e.Refused[0].Err, master.ErrTooLarge)
	require.ErrorContains(t, m.Ask(master.Ask{ID: 2, MemoryMB: 9000, VCores: 1}), "9000 MB are asked for, and yarn.scheduler.maximum-allocation-mb is 8192")
	require.ErrorContains(t, m.Ask(master.Ask{ID: 3, MemoryMB: 1024, VCores: 5}), "5 vcores are asked for, and yarn.scheduler.maximum-allocation-vcores is 4")
}

func TestRefusedHeartbeat(t *testing.T) {
	s := newSimulation()
	s.ask(t)
	s.step(t)
	s.cluster.Hold(true)
	s.ask(t)
	s.step(t)
	s.cluster.Maximum = &wire.Resource{Memory: proto.Int64(512), VirtualCores: proto.Int32(1)} // an operator has lowered it
	s.ask(t)
	s.withdraw(2)
	s.release(s.answered[1])
	_, err := s.cluster.Allocate(t.Context(), s.machine.Next())
	require.ErrorIs(t, err, rm.InvalidResourceRequestException)
	e, ok := s.machine.Reject(err)
	require.True(t, ok)
	require.Len(t, e.Refused, 1)
	require.Equal(t, int64(3), e.Refused[0].ID)
	request := s.machine.Next()
	require.Len(t, request.GetAsk(), 1, "what else was in it is sent again")
	require.Zero(t, request.GetAsk()[0].GetNumContainers())
	require.Len(t, request.GetRelease(), 1)

	_, ok = s.machine.Reject(rm.InvalidContainerReleaseException)
	require.True(t, ok)
	require.Empty(t, s.machine.Next().GetRelease())
	_, ok = s.machine.Reject(rm.InvalidContainerReleaseException)
	require.False(t, ok, "there is no release to blame")
}

func TestPreemption(t *testing.T) {
	s := newSimulation()
	s.ask(t)
	s.step(t)
	for _, strict := range []bool{true, false} {
		s.cluster.Preempt(s.answered[1], strict)
		answer, err := s.cluster.Allocate(t.Context(), s.machine.Next())
		require.NoError(t, err)
		require.Equal(t, []master.Preemption{{ID: s.answered[1], Strict: strict}}, s.machine.Accept(answer).Preempting)
	}
}

func TestNextAttemptFindsContainers(t *testing.T) {
	s := newSimulation()
	s.ask(t)
	s.ask(t)
	s.step(t)
	s.cluster.NextAttempt()
	next := newSimulation()
	next.cluster = s.cluster
	answer, err := s.cluster.Register(t.Context(), &wire.RegisterApplicationMasterRequest{})
	require.NoError(t, err)
	e := next.machine.Registered(answer)
	require.Len(t, e.Recovered, 2)
	for _, c := range e.Recovered {
		require.Equal(t, s.answered[c.GetAllocationRequestId()], c.GetId().Text())
		require.NotNil(t, next.machine.NodeToken(c.GetNodeId()))
		next.machine.Release(c.GetId())
	}
	require.Empty(t, next.machine.Registered(answer).Recovered, "they are on their way out")
	next.registered = true
	next.settle(t)
}
