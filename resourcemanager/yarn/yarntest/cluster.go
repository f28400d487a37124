package yarntest

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	hadoop "github.com/leatproject/leat/storage/hadoop/wire"
)

// Granularity is what the memory of containers is rounded up to, in MiB.
const Granularity = 128

const clusterTimestamp = 1732190000000

// Fault is what goes wrong with a call.
type Fault int

// The faults.
const (
	None        Fault = iota
	LoseRequest       // the connection breaks before the call is carried out
	LoseAnswer        // and after
)

// Cluster is a fake YARN. Its fields are set before it is used.
type Cluster struct {
	Maximum *wire.Resource
	// Fault is asked before each call; nil: none.
	Fault func(method string) Fault
	// Start decides about each container that is to be started on a host; its error refuses it. nil: all start.
	Start func(host, id string, launch *wire.ContainerLaunchContext) error
	// Queues are answers to questions about queues.
	Queues []*wire.QueueInfo

	mu         sync.Mutex
	hosts      []string
	dead       map[string]bool
	placed     int // containers that were placed, for taking hosts in turn
	epoch      int64
	active     int // index of the ResourceManager
	managers   []*ipctest.Server
	schedulers []*ipctest.Server
	nodes      map[string]*ipctest.Server
	apps       map[int32]*App
	attempt    attempt
	containers map[string]*Container
}

// Container is one that was allocated and has not ended.
type Container struct {
	*wire.Container
	Launch *wire.ContainerLaunchContext // nil until it is started
}

// attempt is what the ResourceManager knows of the running attempt.
type attempt struct {
	number     int32
	registered bool
	over       bool
	last       int32
	answer     *wire.AllocateResponse
	asks       map[askKey]*wire.ResourceRequest
	blacklist  map[string]bool
	tokens     map[string]bool // hosts whose NMToken was told
	ended      []*wire.ContainerStatus
	told       []*wire.ContainerStatus // ended, in the last answer: NodeManagers keep them until the next heartbeat
	preempt    *wire.PreemptionMessage
	nodes      []*wire.NodeReport
	roll       string // identifier of a new AMRMToken
	surplus    int
	hold       bool
	final      wire.FinalApplicationStatus
	finishing  int
}

type askKey struct {
	priority int32
	name     string
	id       int64
}

// New makes a cluster of two ResourceManagers, of which the first is active, and a NodeManager on each host.
func New(hosts ...string) *Cluster {
	c := &Cluster{
		Maximum: &wire.Resource{Memory: proto.Int64(8192), VirtualCores: proto.Int32(4)},
		hosts:   hosts, dead: map[string]bool{}, nodes: map[string]*ipctest.Server{}, apps: map[int32]*App{}, containers: map[string]*Container{},
		attempt: attempt{number: 1},
	}
	c.forget()
	c.serve()
	return c
}

// forget makes the ResourceManager know nothing of the attempt.
func (c *Cluster) forget() {
	a := &c.attempt
	c.attempt = attempt{number: a.number, over: a.over, hold: a.hold, final: a.final, asks: map[askKey]*wire.ResourceRequest{}, blacklist: map[string]bool{}, tokens: map[string]bool{}}
}

// Restart restarts the ResourceManager: it recovers containers that were started, and forgets all others and all asks. With
// failOver another one becomes active.
func (c *Cluster) Restart(failOver bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if failOver {
		c.active = 1 - c.active
	}
	ended := slices.Concat(c.attempt.told, c.attempt.ended)
	c.forget()
	c.attempt.ended = ended
	for name, k := range c.containers {
		if k.Launch == nil {
			delete(c.containers, name)
		}
	}
}

// NextAttempt is the death of the ApplicationMaster: containers that were started stay for the next attempt.
func (c *Cluster) NextAttempt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempt.number++
	c.forget()
	for name, k := range c.containers {
		if k.Launch == nil {
			delete(c.containers, name)
		}
	}
}

// Over ends the attempt behind its back.
func (c *Cluster) Over() { c.set(func(a *attempt) { a.over = true }) }

// Hold lets asks wait, or be answered again.
func (c *Cluster) Hold(hold bool) { c.set(func(a *attempt) { a.hold = hold }) }

// Surplus lets the next answer have so many more containers than were asked for.
func (c *Cluster) Surplus(n int) { c.set(func(a *attempt) { a.surplus = n }) }

// Roll tells the attempt a new AMRMToken, by its identifier, in every answer.
func (c *Cluster) Roll(identifier string) { c.set(func(a *attempt) { a.roll = identifier }) }

// Preempt asks a container back.
func (c *Cluster) Preempt(id string, strict bool) {
	c.set(func(a *attempt) {
		k := c.containers[id]
		if k == nil {
			return
		}
		p := []*wire.PreemptionContainer{{Id: k.Id}}
		if a.preempt = (&wire.PreemptionMessage{Contract: &wire.PreemptionContract{Container: p}}); strict {
			a.preempt = &wire.PreemptionMessage{StrictContract: &wire.StrictPreemptionContract{Container: p}}
		}
	})
}

func (c *Cluster) set(f func(*attempt)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.attempt)
}

// Launch is what a NodeManager does when it is asked to start a container.
func (c *Cluster) Launch(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.containers[id]; k != nil {
		k.Launch = &wire.ContainerLaunchContext{}
	}
}

// Exit ends a container.
func (c *Cluster) Exit(id string, status int32, diagnostics string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exit(id, status, diagnostics)
}

func (c *Cluster) exit(id string, status int32, diagnostics string) {
	k := c.containers[id]
	if k == nil {
		return
	}
	delete(c.containers, id)
	c.attempt.ended = append(c.attempt.ended, &wire.ContainerStatus{
		ContainerId: k.Id, State: wire.ContainerState_C_COMPLETE.Enum(), ExitStatus: &status, Diagnostics: &diagnostics,
	})
}

// LoseNode ends a node with all containers on it.
func (c *Cluster) LoseNode(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead[host] = true
	c.attempt.nodes = append(c.attempt.nodes, &wire.NodeReport{NodeId: nodeID(host), NodeState: wire.NodeState_NS_LOST.Enum()})
	for _, name := range slices.Sorted(maps.Keys(c.containers)) {
		if c.containers[name].NodeId.GetHost() == host {
			c.exit(name, -100, "Container released on a *lost* node")
		}
	}
}

// Recover brings back a node that was lost or avoided.
func (c *Cluster) Recover(host string) {
	c.set(func(a *attempt) {
		delete(c.dead, host)
		a.nodes = append(a.nodes, &wire.NodeReport{NodeId: nodeID(host), NodeState: wire.NodeState_NS_RUNNING.Enum()})
	})
}

// Lower makes the largest container smaller, or larger.
func (c *Cluster) Lower(maximum *wire.Resource) { c.set(func(*attempt) { c.Maximum = maximum }) }

// Containers are those that were allocated and have not ended, by id.
func (c *Cluster) Containers() map[string]Container {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]Container{}
	for name, k := range c.containers {
		all[name] = *k
	}
	return all
}

// Asked is how many containers are outstanding, by allocation request id.
func (c *Cluster) Asked() map[int64]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[int64]int{}
	for key, r := range c.attempt.asks {
		if n := int(r.GetNumContainers()); n > 0 && key.name == "*" {
			all[key.id] = n
		}
	}
	return all
}

// Avoided are the hosts that the attempt has blacklisted.
func (c *Cluster) Avoided() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.attempt.blacklist))
}

// Final is how the attempt has unregistered; false if it has not.
func (c *Cluster) Final() (wire.FinalApplicationStatus, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempt.final, c.attempt.finishing > 0
}

func nodeID(host string) *wire.NodeId { return &wire.NodeId{Host: &host, Port: proto.Int32(8041)} }

func token(kind, identifier string) *hadoop.Token {
	return &hadoop.Token{Identifier: []byte(identifier), Password: []byte("password"), Kind: &kind, Service: proto.String("")}
}

// exception is an answer of a server.
func exception(class ipc.Class, format string, arguments ...any) error {
	return &ipc.RemoteException{Class: "org.apache.hadoop.yarn.exceptions." + string(class), Message: fmt.Sprintf(format, arguments...)}
}
