package nomadtest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"
)

// Cluster is a Nomad. Set the exported fields before it is used.
type Cluster struct {
	// Fault is asked before each call; nil: none. The call's method and its path are given, such as "PUT /v1/job/a/dispatch".
	Fault func(call string) *Fault
	// Tokens are the capabilities of each ACL token's secret, such as "dispatch-job", or "*" for all; nil: no ACLs.
	Tokens map[string][]string
	Nodes  []*api.NodeListStub
	// Room is how many allocations run at a time; 0: all.
	Room int
	// Buffer is how many events are remembered; 0: all.
	Buffer int

	mu        sync.Mutex
	changed   chan struct{} // closed at the next change
	index     uint64
	jobs      map[string]*api.Job
	allocs    []*api.Allocation
	variables map[string]*api.Variable
	events    []api.Events
	streams   map[int]context.CancelFunc
	streamed  []uint64 // the index that each stream was opened at
	next      int
}

// Fault is what happens to a call instead of, or with Late after, what it asks for.
type Fault struct {
	Status int    // of the answer; 0: the connection breaks
	Body   string // of the answer
	Late   bool   // the call is carried out, and only its answer is this one
}

// New returns a cluster with one node that has all drivers.
func New() *Cluster {
	driver := &api.DriverInfo{Detected: true, Healthy: true}
	return &Cluster{
		changed: make(chan struct{}), index: 10, jobs: map[string]*api.Job{}, variables: map[string]*api.Variable{}, streams: map[int]context.CancelFunc{},
		Nodes: []*api.NodeListStub{{ID: "11111111-node", Name: "n1", Datacenter: "dc1", NodePool: "default", Status: api.NodeStatusReady,
			SchedulingEligibility: api.NodeSchedulingEligible, Drivers: map[string]*api.DriverInfo{"exec": driver, "raw_exec": driver, "docker": driver}}},
	}
}

// Client returns a client that uses a token.
func (c *Cluster) Client(token string) *api.Client {
	client, err := api.NewClient(&api.Config{Address: "http://nomad.test", SecretID: token, HttpClient: &http.Client{Transport: transport{c}}})
	if err != nil {
		panic(err) // there is nothing in it that can be wrong
	}
	return client
}

// Grant gives a token other capabilities than it has.
func (c *Cluster) Grant(token string, capabilities ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Tokens[token] = capabilities
}

// changedNow wakes all that wait; mu is held.
func (c *Cluster) changedNow() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Cluster) emit(topic api.Topic, kind, key string, payload map[string]any) {
	c.index++
	c.events = append(c.events, api.Events{Index: c.index, Events: []api.Event{{Topic: topic, Type: kind, Key: key, Index: c.index, Payload: payload}}})
	if c.Buffer > 0 && len(c.events) > c.Buffer {
		c.events = c.events[len(c.events)-c.Buffer:]
	}
	c.changedNow()
}

// Until waits for what a test expects.
func (c *Cluster) Until(ctx context.Context, what func() bool) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if what() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Running returns the jobs of workers that run, sorted.
func (c *Cluster) Running() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, a := range c.allocs {
		if a.ClientStatus == api.AllocClientStatusRunning {
			all = append(all, a.JobID)
		}
	}
	slices.Sort(all)
	return all
}

// Worker waits until a worker runs and returns its job.
func (c *Cluster) Worker(ctx context.Context, name string) (job string, err error) {
	err = c.Until(ctx, func() bool {
		for _, id := range c.Running() {
			if strings.Contains(id, "/dispatch-"+name+"-") {
				job = id
				return true
			}
		}
		return false
	})
	return job, err
}

// End changes the allocation of a job, and tells of it: of its end, or of what Nomad wants with it.
func (c *Cluster) End(job string, change func(*api.Allocation)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.allocs {
		if a.JobID == job {
			change(a)
			c.tell(a)
		}
	}
}

// tell emits an allocation's event, and keeps its job's status.
func (c *Cluster) tell(a *api.Allocation) {
	if j := c.jobs[a.JobID]; j != nil && terminal(a) {
		j.Status = new("dead")
	}
	as := *a // as it is now
	c.emit(api.TopicAllocation, "AllocationUpdated", a.ID, map[string]any{"Allocation": &as})
}

func terminal(a *api.Allocation) bool {
	return a.ClientStatus != api.AllocClientStatusPending && a.ClientStatus != api.AllocClientStatusRunning
}

// Exit ends the process of a job with an exit code; event may add to what Nomad says of it.
func (c *Cluster) Exit(job string, code int, event func(*api.TaskEvent)) {
	c.End(job, func(a *api.Allocation) {
		e := &api.TaskEvent{Type: api.TaskTerminated, ExitCode: code, Details: map[string]string{"exit_code": fmt.Sprint(code)}}
		if event != nil {
			event(e)
		}
		a.ClientStatus = api.AllocClientStatusFailed
		if code == 0 {
			a.ClientStatus = api.AllocClientStatusComplete
		}
		a.TaskStates = map[string]*api.TaskState{"worker": {State: "dead", Failed: code != 0, Events: []*api.TaskEvent{{Type: api.TaskStarted}, e, {Type: api.TaskNotRestarting}}}}
	})
}

// Drain begins to drain a node, whose tasks are stopped at a deadline.
func (c *Cluster) Drain(node string, deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := &api.Node{ID: node, Name: node, DrainStrategy: &api.DrainStrategy{DrainSpec: api.DrainSpec{Deadline: time.Until(deadline)}, ForceDeadline: deadline}}
	c.emit(api.TopicNode, "NodeDrain", node, map[string]any{"Node": n})
}

// Purge forgets a job, as Nomad's garbage collection does.
func (c *Cluster) Purge(job string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.jobs, job)
	c.allocs = slices.DeleteFunc(c.allocs, func(a *api.Allocation) bool { return a.JobID == job })
	c.index++
	c.changedNow()
}

// Garble tells of an allocation in a way that nobody can read.
func (c *Cluster) Garble(job string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(api.TopicAllocation, "AllocationUpdated", "x", map[string]any{"Allocation": map[string]any{"JobID": job, "ClientStatus": []int{1}}})
}

// Break ends all event streams.
func (c *Cluster) Break() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cancel := range c.streams {
		cancel()
	}
}

// Streamed returns the index that each event stream was opened at.
func (c *Cluster) Streamed() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.streamed)
}

// Jobs returns the ids of all jobs, sorted.
func (c *Cluster) Jobs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.jobs))
}

// Job returns a job; nil if it is not there.
func (c *Cluster) Job(id string) *api.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jobs[id]
}

// Variable returns what a variable holds.
func (c *Cluster) Variable(path string) api.VariableItems {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.variables[path]; v != nil {
		return maps.Clone(v.Items)
	}
	return nil
}
