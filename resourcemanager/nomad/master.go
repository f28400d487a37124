package nomad

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
)

// Labels of ports of JobManagers: of the control protocol, of REST, and of the binary for workers.
const (
	ControlPort   = "control"
	RestPort      = "rest"
	ArtifactsPort = "artifacts"
	DataPort      = "data" // of workers
)

// Items of the Variable of a JobManager, beside ConfigItem and the secret.
const (
	TokenItem   = "nomad-token"      // what it calls Nomad with; none without ACLs
	ProgramItem = "application.json" // what it runs
	SiteItem    = "core-site.xml"    // how Hadoop is reached; none without it
	OutcomeItem = "outcome"          // how the program has ended: the JobManager leaves this alone in the Variable
)

const masterName = "jobmanager"

// ErrRefused is what will be refused again.
var ErrRefused = errors.New("refused by Nomad")

// Master is the job of a cluster's JobManager.
type Master struct {
	// Session is a cluster for many programs, a service job. Else there is one program, whose end is that of a batch job.
	Session bool
	// Replicas is how many agree on what happens; 0: one.
	Replicas int
	// Durable is whether a JobManager on another node can go on where this one was.
	Durable   bool
	Artifacts []Artifact
	Args      []string
	Items     []string // of its Variable
	Size      resourcemanager.Size
}

// MasterID is the id of the job of the JobManager.
func (s *Spec) MasterID() string { return "leat-" + s.Cluster }

// Service is the name of the service of one of the JobManager's ports.
func (s *Spec) Service(port string) string { return s.MasterID() + "-" + port }

// Master makes the job of the JobManager. Its process is restarted where it was, with the files that it has kept; it is replaced on
// another node only if it finds there what it needs to go on. Several are on nodes of their own where Nomad has so many.
func (s *Spec) Master(m Master) *api.Job {
	id, kind := s.MasterID(), api.JobTypeBatch
	if m.Session {
		kind = api.JobTypeService
	}
	replaced, replicas := m.Durable || m.Session, max(1, m.Replicas)
	t := s.process(masterName, m.Args, m.Artifacts, m.Size)
	t.Templates = s.templates(id, m.Items)
	t.Identity = &api.WorkloadIdentity{Env: true}
	g := &api.TaskGroup{
		Name: new(masterName), Count: &replicas, Tasks: []*api.Task{t},
		Networks:         network([]string{ControlPort, RestPort, ArtifactsPort}),
		EphemeralDisk:    &api.EphemeralDisk{Sticky: new(true), Migrate: new(true)},
		RestartPolicy:    &api.RestartPolicy{Attempts: new(5), Interval: new(5 * time.Minute), Delay: new(time.Second), Mode: new(api.RestartPolicyModeFail)},
		ReschedulePolicy: &api.ReschedulePolicy{Attempts: new(0), Unlimited: new(false)},
		Disconnect:       &api.DisconnectStrategy{Replace: &replaced},
	}
	if replaced {
		g.ReschedulePolicy = &api.ReschedulePolicy{Attempts: new(0), Interval: new(time.Duration(0)), Unlimited: new(true), Delay: new(5 * time.Second), DelayFunction: new("exponential"), MaxDelay: new(time.Minute)}
	}
	if replicas > 1 {
		t.Templates = append(t.Templates, s.found(ControlPort, mastersName), s.found(RestPort, restName))
		g.Spreads = []*api.Spread{{Attribute: "${node.unique.id}", Weight: new(int8(100))}}
	}
	for _, port := range []string{ControlPort, RestPort} {
		g.Services = append(g.Services, &api.Service{Name: s.Service(port), PortLabel: port, Provider: "nomad"})
	}
	j := &api.Job{ID: &id, Name: new(id), Type: &kind, Datacenters: s.Datacenters, Meta: map[string]string{MetaCluster: s.Cluster}, TaskGroups: []*api.TaskGroup{g}}
	if m.Session {
		j.Update = &api.UpdateStrategy{MaxParallel: new(0)} // no deployments, which would hold up nomad job scale
	}
	s.place(j)
	return j
}

// Publish writes the Variable of the JobManager's job.
func (s *Spec) Publish(ctx context.Context, client *api.Client, items map[string]string) error {
	v := api.NewVariable(variablePath(s.MasterID()))
	maps.Copy(v.Items, items)
	if _, _, err := client.Variables().Update(v, s.write(ctx)); err != nil {
		return fmt.Errorf("writing the variable %s: %w", v.Path, s.variableRight(err))
	}
	return nil
}

// SecretItem is the item of the secret for Publish.
const SecretItem = secretItem

// Published returns an item of the Variable of the JobManager's job; empty if there is none.
func (s *Spec) Published(ctx context.Context, client *api.Client, item string) (string, error) {
	v, _, err := client.Variables().Peek(variablePath(s.MasterID()), s.query(ctx))
	if err != nil || v == nil {
		return "", err
	}
	return v.Items[item], nil
}

func (s *Spec) variableRight(err error) error {
	if !Denied(err) {
		return err
	}
	return fmt.Errorf("%w: its token has no right to: %s; give it variables { path \"nomad/jobs/leat-*\" { capabilities = [\"read\", \"write\", \"destroy\"] } } in the namespace",
		ErrRefused, Said(err))
}

// Register submits the JobManager's job.
func (s *Spec) Register(ctx context.Context, client *api.Client, m Master) error {
	_, _, err := client.Jobs().Register(s.Master(m), s.write(ctx))
	switch {
	case Denied(err):
		return fmt.Errorf("%w: job %s: its token has no right to register jobs: %s; give it the capability submit-job in the namespace", ErrRefused, s.MasterID(), Said(err))
	case final(err):
		return fmt.Errorf("%w: job %s: %s", ErrRefused, s.MasterID(), Said(err))
	}
	return err
}

// End stops the JobManager's job and its workers; forget also removes its Variable. What is gone is no error.
func (s *Spec) End(ctx context.Context, client *api.Client, forget bool) error {
	if _, _, err := client.Jobs().Deregister(s.MasterID(), false, s.write(ctx)); err != nil && !Absent(err) {
		return err
	}
	if _, err := Remove(ctx, client, s); err != nil {
		return err
	}
	if forget {
		return s.Forget(ctx, client)
	}
	return nil
}

// Forget removes the Variable of the JobManager's job.
func (s *Spec) Forget(ctx context.Context, client *api.Client) error {
	if _, err := client.Variables().Delete(variablePath(s.MasterID()), s.write(ctx)); err != nil && !Absent(err) {
		return s.variableRight(err)
	}
	return nil
}

// Stopped tells whether somebody has stopped the JobManager's job, as against its process alone.
func (s *Spec) Stopped(ctx context.Context, client *api.Client) (bool, error) {
	j, _, err := client.Jobs().Info(s.MasterID(), s.query(ctx))
	if Absent(err) {
		return true, nil
	}
	return err == nil && j.Stop != nil && *j.Stop, err
}

// Leave replaces the Variable of the JobManager's job by how the program has ended. If it is gone or has changed, another JobManager
// has left that, and whoever waited may know it.
func (s *Spec) Leave(ctx context.Context, client *api.Client, outcome string) error {
	v, _, err := client.Variables().Peek(variablePath(s.MasterID()), s.query(ctx))
	if err != nil || v == nil {
		return err
	}
	v.Items = map[string]string{OutcomeItem: outcome}
	_, _, err = client.Variables().CheckedUpdate(v, s.write(ctx))
	if _, changed := errors.AsType[api.ErrCASConflict](err); changed {
		return nil
	}
	return err
}

// State is what Nomad knows of the JobManagers of a cluster.
type State struct {
	Allocation string   // the id of the newest; empty while there is none
	Running    bool     // at least one
	Rest       []string // addresses of the REST servers of those that run
	// Ended is that there will be no other, with the exit code of the last process, or -1.
	Ended   bool
	Code    int
	Stopped bool   // somebody has stopped its job
	Why     string // it does not run
}

// Look asks Nomad about the JobManagers, and waits for news for at most wait if index is that of the last answer.
func (s *Spec) Look(ctx context.Context, client *api.Client, index uint64, wait time.Duration) (State, uint64, error) {
	q := s.query(ctx)
	q.WaitIndex, q.WaitTime = index, wait
	all, meta, err := client.Jobs().Allocations(s.MasterID(), true, q)
	if err != nil {
		return State{}, index, err
	}
	var newest *api.AllocationListStub
	st := State{Code: -1}
	for _, a := range all {
		if newest == nil || a.CreateIndex > newest.CreateIndex {
			newest = a
		}
		if a.ClientStatus == api.AllocClientStatusRunning {
			rest, err := s.address(ctx, client, a.ID)
			if err != nil {
				return st, index, err
			}
			st.Running, st.Rest = true, append(st.Rest, rest)
		}
	}
	if newest == nil {
		st.Why = s.waits(ctx, client)
		return st, meta.LastIndex, nil
	}
	st.Allocation = newest.ID
	st.Why, _ = Explain(newest, "jobmanager.memory.process.size")
	if !st.Running && slices.Contains([]string{api.AllocClientStatusComplete, api.AllocClientStatusFailed, api.AllocClientStatusLost}, newest.ClientStatus) {
		st.Code = exitCode(newest)
		if err := s.ended(ctx, client, newest, &st); err != nil {
			return st, index, err
		}
	}
	slices.Sort(st.Rest)
	return st, meta.LastIndex, nil
}

// ended tells whether Nomad puts no other allocation in the place of one that has ended.
func (s *Spec) ended(ctx context.Context, client *api.Client, a *api.AllocationListStub, st *State) error {
	j, _, err := client.Jobs().Info(s.MasterID(), s.query(ctx))
	if Absent(err) {
		st.Ended, st.Stopped = true, true
		return nil
	}
	if err != nil {
		return err
	}
	st.Stopped = j.Stop != nil && *j.Stop
	policy := j.TaskGroups[0].ReschedulePolicy
	again := policy != nil && policy.Unlimited != nil && *policy.Unlimited
	if a.ClientStatus == api.AllocClientStatusComplete { // by itself, or to be moved, as from a node that is drained
		again = a.DesiredStatus != api.AllocDesiredStatusRun
	}
	st.Ended = st.Stopped || !again
	return nil
}

// exitCode is that of the last process of an allocation; -1 if there was none.
func exitCode(a *api.AllocationListStub) int {
	task := a.TaskStates[masterName]
	if task == nil {
		return -1
	}
	code := -1
	for _, e := range task.Events {
		if e.Type == api.TaskTerminated {
			code = e.ExitCode
		}
	}
	return code
}

// waits says why a JobManager has no allocation.
func (s *Spec) waits(ctx context.Context, client *api.Client) string {
	all, _, err := client.Jobs().Evaluations(s.MasterID(), s.query(ctx))
	if err != nil {
		return ""
	}
	for _, e := range all {
		if text := Unplaced(e.FailedTGAllocs); text != "" {
			return text
		}
	}
	return ""
}

// address is that of an allocation's REST server.
func (s *Spec) address(ctx context.Context, client *api.Client, allocation string) (string, error) {
	a, _, err := client.Allocations().Info(allocation, s.query(ctx))
	if err != nil {
		return "", err
	}
	if a.AllocatedResources != nil {
		for _, p := range a.AllocatedResources.Shared.Ports {
			if p.Label == RestPort {
				return net.JoinHostPort(p.HostIP, strconv.Itoa(p.Value)), nil
			}
		}
	}
	return "", fmt.Errorf("allocation %s has no port %s", short(allocation), RestPort)
}
