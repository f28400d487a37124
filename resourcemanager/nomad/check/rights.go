package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/nomad"
)

// nothing is the id of a job that nobody has: calls about it show rights and change nothing.
const nothing = "leat-check"

// rights tries one call for each capability that workers take.
func (r *run) rights() {
	q, cancel := r.query()
	defer cancel()
	w, done := r.write()
	defer done()
	jobs := r.Client.Jobs()
	missing, has := []string{}, func(err error) bool { return !nomad.Denied(err) }
	try := func(capability string, call func() error) bool {
		err := call()
		if !has(err) {
			missing = append(missing, capability)
		}
		return has(err)
	}
	try("list-jobs", func() error { _, _, err := jobs.List(q); return err })
	try("read-job", func() error { _, _, err := jobs.Info(nothing, q); return err })
	try("dispatch-job", func() error { _, _, err := jobs.Dispatch(nothing, nil, nil, "", w); return err })
	submit := has(r.plan())
	if !submit && !try("scale-job", func() error { _, _, err := jobs.Scale(nothing, "worker", new(0), "", false, nil, w); return err }) {
		missing = append(missing[:len(missing)-1], "submit-job")
	}
	if r.Spec.Secret {
		try("variables write", func() error { return r.variable(w) })
	}
	switch {
	case len(missing) > 0:
		r.Add(findings.Failed, "rights", "the token lacks %s: add to a policy of it what is missing in namespace %q", strings.Join(missing, ", "), r.where())
	case !submit:
		r.Add(findings.Doubtful, "rights", "the token may dispatch and scale jobs, and not submit them: the job %s has to be registered by somebody else, or give it submit-job", r.Spec.JobID(r.Size))
	default:
		r.Add(findings.Fine, "rights", "jobs can be listed, read, submitted and dispatched")
	}
}

// variable writes one and removes it.
func (r *run) variable(w *api.WriteOptions) error {
	v := api.NewVariable("nomad/jobs/" + nothing)
	v.Items["check"] = "of leat nomad check"
	if _, _, err := r.Client.Variables().Update(v, w); err != nil {
		return err
	}
	_, err := r.Client.Variables().Delete(v.Path, w)
	return err
}

// drivers looks for nodes that can run workers.
func (r *run) drivers() {
	q, cancel := r.query()
	defer cancel()
	driver := cmp.Or(r.Spec.Driver, "exec")
	nodes, _, err := r.Client.Nodes().List(q)
	if nomad.Denied(err) {
		r.Add(findings.Doubtful, "drivers", "the token may not see nodes: give it node { policy = \"read\" } to have drivers checked")
		return
	}
	if err != nil {
		r.fail("drivers", err, "nodes could not be listed")
		return
	}
	ready, able, why := 0, 0, ""
	for _, n := range nodes {
		if n.Status != api.NodeStatusReady || n.SchedulingEligibility != api.NodeSchedulingEligible || !r.wanted(n) {
			continue
		}
		ready++
		switch d := n.Drivers[driver]; {
		case d != nil && d.Detected && d.Healthy:
			able++
		case d != nil && why == "":
			why = fmt.Sprintf("; on %s it says: %s", n.Name, cmp.Or(d.HealthDescription, "not detected"))
		}
	}
	switch {
	case ready == 0:
		r.Add(findings.Failed, "drivers", "none of the %d nodes is ready and eligible in the datacenters and the node pool of workers: see nomad node status, and set nomad.datacenters or nomad.node-pool", len(nodes))
	case able == 0:
		r.Add(findings.Failed, "drivers", "none of %d ready nodes has the driver %s%s; enable it in the clients' configuration, or choose another", ready, driver, why)
	default:
		r.Add(findings.Fine, "drivers", "%s on %d of %d ready nodes", driver, able, ready)
	}
}

// wanted tells whether workers may run on a node, by datacenter and pool.
func (r *run) wanted(n *api.NodeListStub) bool {
	pool := cmp.Or(r.Spec.NodePool, api.NodePoolDefault)
	fits := func(pattern string) bool {
		begin, wild := strings.CutSuffix(pattern, "*")
		return pattern == n.Datacenter || wild && strings.HasPrefix(n.Datacenter, begin)
	}
	return (pool == api.NodePoolAll || n.NodePool == "" || n.NodePool == pool) && (len(r.Spec.Datacenters) == 0 || slices.ContainsFunc(r.Spec.Datacenters, fits))
}

// plan asks, without any effect, whether Nomad would place one worker.
func (r *run) plan() error {
	_, err := r.planned()
	return err
}

func (r *run) planned() (*api.JobPlanResponse, error) {
	w, cancel := r.write()
	defer cancel()
	j := r.Spec.Job(r.Size)
	j.ID, j.Name, j.ParameterizedJob = new(nothing), new(nothing), nil
	plan, _, err := r.Client.Jobs().Plan(j, false, w)
	return plan, err
}

func (r *run) room() {
	size := fmt.Sprintf("a worker of %d MB and %d thousandths of a core", r.Size.MemoryBytes>>20, r.Size.MilliCPUs)
	plan, err := r.planned()
	switch {
	case nomad.Denied(err): // rights has told of it
	case err != nil:
		r.fail("room", err, "Nomad does not accept the job of workers; see nomad.node-pool, nomad.constraints and nomad.priority")
	case len(plan.FailedTGAllocs) > 0:
		r.Add(findings.Doubtful, "room", "%s would have to wait: %s; add nodes, or set taskmanager.memory.process.size or nomad.taskmanager.cpu to less", size, nomad.Unplaced(plan.FailedTGAllocs))
	default:
		r.Add(findings.Fine, "room", "%s would be placed at once", size)
	}
}
