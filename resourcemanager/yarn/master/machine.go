package master

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Machine is the state of one attempt; NewMachine makes one. It is not safe for concurrent use.
type Machine struct {
	maximum *wire.Resource
	last    int32                 // response id of the last answer
	sent    *wire.AllocateRequest // whose answer is not known

	asks    map[int64]*Ask               // not answered by a container
	held    map[string]*wire.Container   // by id
	leaving map[string]*wire.ContainerId // released, and their end not heard of
	release map[string]*wire.ContainerId // of them, those that the ResourceManager has not been told of
	avoided map[string]bool              // hosts
	tokens  map[string]*credentials.Token

	told  view // what the ResourceManager knows
	after view // what it knows when it has read sent
}

// view is what the ResourceManager knows of asks and hosts.
type view struct {
	asks    map[int64]*Ask
	avoided map[string]bool
}

func (v view) clone() view { return view{maps.Clone(v.asks), maps.Clone(v.avoided)} }

// Events are what an answer of the ResourceManager brings.
type Events struct {
	Allocated  []*wire.Container       // one for each ask that is answered
	Recovered  []*wire.Container       // of an earlier attempt; they are held now
	Ended      []*wire.ContainerStatus // containers that were held and not released
	Refused    []Refusal
	Preempting []Preemption
	Nodes      []*wire.NodeReport // whose state has changed
	NodeCount  int                // of the cluster; 0 if it was not told
	Token      *credentials.Token // the AMRMToken to log in by from now on, or nil
	Resync     bool               // register again
	Shutdown   bool               // end without unregistering
}

// Refusal is an ask that no container will answer.
type Refusal struct {
	ID  int64
	Err error
}

// Preemption is a container that YARN wants back, by its id.
type Preemption struct {
	ID     string
	Strict bool // that very one, and not only as much as it has
}

// NewMachine is an attempt that has not registered.
func NewMachine() *Machine {
	return &Machine{
		asks: map[int64]*Ask{}, held: map[string]*wire.Container{}, leaving: map[string]*wire.ContainerId{},
		release: map[string]*wire.ContainerId{}, avoided: map[string]bool{}, tokens: map[string]*credentials.Token{},
		told: view{map[int64]*Ask{}, map[string]bool{}},
	}
}

// Ask asks for a container. Asking again for the same ID does nothing. ErrTooLarge if there can be none.
func (m *Machine) Ask(a Ask) error {
	if err := a.check(m.maximum); err != nil {
		return err
	}
	if _, known := m.asks[a.ID]; !known {
		m.asks[a.ID] = &a
	}
	return nil
}

// Withdraw takes an ask back. If its container is on the way, it is given back when it comes.
func (m *Machine) Withdraw(id int64) { delete(m.asks, id) }

// Release gives a container back.
func (m *Machine) Release(id *wire.ContainerId) {
	name := id.Text()
	if _, ok := m.held[name]; ok {
		delete(m.held, name)
		m.giveBack(id)
	}
}

func (m *Machine) giveBack(id *wire.ContainerId) {
	m.leaving[id.Text()] = id
	m.release[id.Text()] = id
}

// Avoid tells whether containers may be placed on a host.
func (m *Machine) Avoid(host string, avoid bool) {
	if avoid {
		m.avoided[host] = true
	} else {
		delete(m.avoided, host)
	}
}

// NodeToken is the newest token for a NodeManager; nil if there is none.
func (m *Machine) NodeToken(node *wire.NodeId) *credentials.Token { return m.tokens[node.Text()] }

// Waiting tells whether asks are outstanding.
func (m *Machine) Waiting() bool { return len(m.asks) > 0 }

// Dirty tells whether there is something that the ResourceManager may not know.
func (m *Machine) Dirty() bool {
	return m.sent != nil || len(m.release) > 0 || !maps.Equal(m.asks, m.told.asks) || !maps.Equal(m.avoided, m.told.avoided)
}

// Next is the heartbeat that is due: the last one again if nothing became known of it.
func (m *Machine) Next() *wire.AllocateRequest {
	if m.sent != nil {
		return m.sent
	}
	r := &wire.AllocateRequest{ResponseId: proto.Int32(m.last), Progress: proto.Float32(0)}
	for _, id := range missing(m.told.asks, m.asks) {
		r.Ask = append(r.Ask, m.told.asks[id].requests(0)...)
	}
	for _, id := range missing(m.asks, m.told.asks) {
		r.Ask = append(r.Ask, m.asks[id].requests(1)...)
	}
	for _, name := range slices.Sorted(maps.Keys(m.release)) {
		r.Release = append(r.Release, m.release[name])
	}
	if !maps.Equal(m.avoided, m.told.avoided) {
		r.BlacklistRequest = &wire.ResourceBlacklistRequest{
			BlacklistAdditions: missing(m.avoided, m.told.avoided), BlacklistRemovals: missing(m.told.avoided, m.avoided),
		}
	}
	m.sent, m.after = r, view{m.asks, m.avoided}.clone()
	return r
}

// missing are the keys of a that b lacks.
func missing[K cmp.Ordered, V any](a, b map[K]V) []K {
	var all []K
	for key := range a {
		if _, ok := b[key]; !ok {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// Resync forgets what the ResourceManager knew: another one, or the same after a restart, is to be told everything.
func (m *Machine) Resync() {
	m.last, m.sent = 0, nil
	m.told = view{map[int64]*Ask{}, map[string]bool{}}
	maps.Copy(m.release, m.leaving)
}

// Registered takes in the answer to a registration, the first or another.
func (m *Machine) Registered(r *wire.RegisterApplicationMasterResponse) Events {
	var e Events
	m.maximum = r.GetMaximumCapability()
	m.learnTokens(r.GetNmTokensFromPreviousAttempts())
	m.recover(r.GetContainersFromPreviousAttempts(), &e)
	for _, id := range slices.Sorted(maps.Keys(m.asks)) {
		if err := m.asks[id].check(m.maximum); err != nil {
			delete(m.asks, id)
			e.Refused = append(e.Refused, Refusal{id, err})
		}
	}
	return e
}

// Accept takes in the answer to the last heartbeat.
func (m *Machine) Accept(r *wire.AllocateResponse) Events {
	e := Events{
		Nodes: r.GetUpdatedNodes(), NodeCount: int(r.GetNumClusterNodes()),
		Resync: r.AmCommand != nil && r.GetAmCommand() == wire.AMCommand_AM_RESYNC, Shutdown: r.GetAmCommand() == wire.AMCommand_AM_SHUTDOWN,
	}
	for _, id := range m.sent.GetRelease() {
		delete(m.release, id.Text())
	}
	m.last, m.sent, m.told = r.GetResponseId(), nil, m.after
	m.learnTokens(r.GetNmTokens())
	if t := r.GetAmRmToken(); t != nil {
		e.Token = credentials.FromProto(t)
	}
	m.recover(r.GetContainersFromPreviousAttempts(), &e)
	for _, c := range r.GetAllocatedContainers() {
		m.allocated(c, &e)
	}
	for _, s := range r.GetCompletedContainerStatuses() {
		name := s.GetContainerId().Text()
		delete(m.leaving, name)
		delete(m.release, name)
		if _, ok := m.held[name]; ok {
			delete(m.held, name)
			e.Ended = append(e.Ended, s)
		}
	}
	e.Preempting = m.preempting(r.GetPreempt())
	return e
}

// allocated matches a container with its ask; one without is given back.
func (m *Machine) allocated(c *wire.Container, e *Events) {
	name, id := c.GetId().Text(), c.GetAllocationRequestId()
	switch _, wanted := m.asks[id]; {
	case m.held[name] != nil || m.leaving[name] != nil:
	case !wanted:
		m.giveBack(c.GetId())
	default:
		delete(m.asks, id)
		delete(m.told.asks, id) // YARN counts down by itself
		m.held[name] = c
		e.Allocated = append(e.Allocated, c)
	}
}

// recover takes over containers of an earlier attempt.
func (m *Machine) recover(containers []*wire.Container, e *Events) {
	for _, c := range containers {
		name := c.GetId().Text()
		if m.held[name] != nil || m.leaving[name] != nil {
			continue
		}
		m.held[name] = c
		e.Recovered = append(e.Recovered, c)
	}
}

func (m *Machine) learnTokens(tokens []*wire.NMToken) {
	for _, t := range tokens {
		m.tokens[t.GetNodeId().Text()] = credentials.FromProto(t.GetToken())
	}
}

func (m *Machine) preempting(p *wire.PreemptionMessage) []Preemption {
	var all []Preemption
	add := func(containers []*wire.PreemptionContainer, strict bool) {
		for _, c := range containers {
			if name := c.GetId().Text(); m.held[name] != nil {
				all = append(all, Preemption{name, strict})
			}
		}
	}
	add(p.GetStrictContract().GetContainer(), true)
	add(p.GetContract().GetContainer(), false)
	return all
}

// Reject takes in that the ResourceManager has refused the last heartbeat as a whole. If that is because of an ask, it does not
// say of which: all new ones are refused, and the rest is sent again. False: nothing in the heartbeat is to blame.
func (m *Machine) Reject(err error) (Events, bool) {
	var e Events
	sent := m.sent
	m.sent = nil
	if errors.Is(err, rm.InvalidContainerReleaseException) {
		for _, id := range sent.GetRelease() {
			delete(m.release, id.Text())
			delete(m.leaving, id.Text())
		}
		return e, len(sent.GetRelease()) > 0
	}
	asked := missing(m.after.asks, m.told.asks)
	for _, id := range asked {
		if _, ok := m.asks[id]; ok {
			delete(m.asks, id)
			e.Refused = append(e.Refused, Refusal{id, fmt.Errorf("the ResourceManager refuses the request: %w", err)})
		}
	}
	if len(asked) == 0 { // what was taken back is; should a container come of it, it is given back
		m.told.asks = m.after.asks
	}
	return e, len(sent.GetAsk()) > 0
}
