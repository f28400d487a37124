package nomadtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/hashicorp/nomad/api"
)

func (c *Cluster) register(w http.ResponseWriter, r *http.Request) {
	var request struct{ Job *api.Job }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Job == nil {
		fail(w, http.StatusBadRequest, fmt.Sprint("Job must be specified: ", err))
		return
	}
	c.add(request.Job)
	c.answer(w, api.JobRegisterResponse{JobModifyIndex: c.index})
}

// Register puts a job there, as an operator does.
func (c *Cluster) Register(j *api.Job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(j)
}

func (c *Cluster) add(j *api.Job) {
	j.ParentID, j.Stop, j.Status = new(""), new(false), new("running")
	c.emit(api.TopicJob, "JobRegistered", *j.ID, nil)
	j.CreateIndex = new(c.index)
	c.jobs[*j.ID] = j
}

func (c *Cluster) info(w http.ResponseWriter, _ *http.Request, id string) {
	if j := c.jobs[id]; j != nil {
		c.answer(w, j)
		return
	}
	fail(w, http.StatusNotFound, "job not found")
}

func (c *Cluster) dispatch(w http.ResponseWriter, r *http.Request, id string) {
	parent := c.jobs[id]
	if parent == nil || *parent.Stop {
		fail(w, http.StatusNotFound, "parameterized job not found")
		return
	}
	var request api.JobDispatchRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	key := r.URL.Query().Get("idempotency_token")
	for _, j := range c.jobs {
		if key != "" && j.DispatchIdempotencyToken != nil && *j.DispatchIdempotencyToken == key && *j.Status != "dead" {
			c.answer(w, api.JobDispatchResponse{DispatchedJobID: *j.ID, JobCreateIndex: *j.CreateIndex})
			return
		}
	}
	child := *parent
	child.ID = new(fmt.Sprintf("%s/dispatch-%s-1790000000-%08x", id, request.IdPrefixTemplate, c.index))
	child.Meta = maps.Clone(parent.Meta)
	maps.Copy(child.Meta, request.Meta)
	child.Dispatched = true
	c.add(&child)
	child.ParentID, child.DispatchIdempotencyToken = &id, &key
	if c.full() {
		child.Status = new("pending")
		c.emit(api.TopicEvaluation, "EvaluationUpdated", "e", map[string]any{"Evaluation": &api.Evaluation{JobID: *child.ID, Status: api.EvalStatusBlocked,
			FailedTGAllocs: map[string]*api.AllocationMetric{"worker": {NodesEvaluated: 1, DimensionExhausted: map[string]int{"memory": 1}}}}})
	} else {
		a := &api.Allocation{ID: fmt.Sprintf("%08x-alloc", c.index), JobID: *child.ID, NodeID: c.Nodes[0].ID, NodeName: c.Nodes[0].Name, TaskGroup: "worker",
			DesiredStatus: api.AllocDesiredStatusRun, ClientStatus: api.AllocClientStatusRunning, CreateIndex: c.index}
		c.allocs = append(c.allocs, a)
		c.tell(a)
	}
	c.answer(w, api.JobDispatchResponse{DispatchedJobID: *child.ID, JobCreateIndex: *child.CreateIndex})
}

func (c *Cluster) full() bool {
	running := 0
	for _, a := range c.allocs {
		if !terminal(a) {
			running++
		}
	}
	return c.Room > 0 && running >= c.Room
}

func (c *Cluster) deregister(w http.ResponseWriter, _ *http.Request, id string) {
	j := c.jobs[id]
	if j == nil {
		fail(w, http.StatusNotFound, "job not found")
		return
	}
	if !*j.Stop {
		j.Stop, j.Status = new(true), new("dead")
		c.emit(api.TopicJob, "JobDeregistered", id, nil)
		for _, a := range c.allocs {
			if a.JobID == id && !terminal(a) {
				a.DesiredStatus, a.DesiredDescription, a.ClientStatus = api.AllocDesiredStatusStop, "alloc not needed due to job update", api.AllocClientStatusComplete
				c.tell(a)
			}
		}
	}
	c.answer(w, map[string]any{"EvalID": "e"})
}

func (c *Cluster) allocations(w http.ResponseWriter, _ *http.Request, id string) {
	all := []*api.AllocationListStub{}
	for _, a := range c.allocs {
		if a.JobID == id {
			all = append(all, a.Stub())
		}
	}
	c.answer(w, all)
}

// plan tells that a worker fits where some node has its driver.
func (c *Cluster) plan(w http.ResponseWriter, r *http.Request, _ string) {
	var request api.JobPlanRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Job == nil {
		fail(w, http.StatusBadRequest, fmt.Sprint("Job must be specified: ", err))
		return
	}
	driver := request.Job.TaskGroups[0].Tasks[0].Driver
	for _, n := range c.Nodes {
		if d := n.Drivers[driver]; d != nil && d.Healthy {
			c.answer(w, api.JobPlanResponse{})
			return
		}
	}
	c.answer(w, api.JobPlanResponse{FailedTGAllocs: map[string]*api.AllocationMetric{"worker": {NodesEvaluated: len(c.Nodes),
		ConstraintFiltered: map[string]int{"missing drivers": len(c.Nodes)}}}})
}
