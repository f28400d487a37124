package nomad

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
)

// Names in metadata of jobs; workers see them as NOMAD_META_leat_worker and so on.
const (
	MetaCluster = "leat_cluster" // whose workers they are
	MetaWorker  = "leat_worker"  // the worker's name
	metaSlots   = "leat_slots"
	metaMemory  = "leat_memory" // bytes
	metaCPU     = "leat_cpu"    // thousandths of a core
)

// SecretFile is where tasks find the cluster's secret, ConfigurationFile where they find the item "config".
const (
	SecretFile        = "${NOMAD_SECRETS_DIR}/" + secretName
	ConfigurationFile = "${NOMAD_SECRETS_DIR}/" + ConfigItem
)

// Names of files in folders of tasks.
const (
	secretName  = "leat-secret"
	mastersName = "masters" // control addresses of JobManagers, a line each
	restName    = "rest"    // the addresses of their REST servers
)

// Names inside of a worker's job, and of items of Variables.
const (
	groupName  = "worker"
	secretItem = "secret"
	ConfigItem = "config.yaml"
)

// nobody is the user that the exec driver runs tasks as.
const nobody = 65534

// Spec is what the jobs of a cluster's workers have in common. Command is needed, and Image for docker.
type Spec struct {
	Cluster     string // letters, digits and dashes; at most 40
	Region      string // empty: the client's
	Namespace   string // empty: the client's
	Datacenters []string
	NodePool    string
	Priority    int // 1 to 100; 0: Nomad's default
	Constraints []Constraint
	Driver      string // exec, raw_exec or docker; empty: exec
	Image       string // of docker
	User        string // that tasks run as; empty: the driver's
	// UID is the number of User, who is to own the file with the secret. Needed with User.
	UID *int
	// Command and Args may use Nomad's variables: ${NOMAD_META_leat_worker}, ${NOMAD_PORT_data}, SecretFile.
	Command     string
	Args        []string
	Environment map[string]string
	Artifacts   []Artifact
	Ports       []string // labels of dynamic ports
	// MHz is what Nomad counts a core as; 0: 1000.
	MHz         int
	DiskMB      int           // 0: Nomad's default
	KillTimeout time.Duration // between SIGINT and SIGKILL; 0: 10 s
	Secret      bool          // whether the cluster has one
	// Items are further ones of the Variable, each of which tasks find as a file of that name beside the secret.
	Items []string
	// Masters is whether workers look for JobManagers that have moved among Nomad's services.
	Masters bool
}

// Constraint is on nodes: Attribute such as ${attr.kernel.name}, Operator such as =, !=, regexp or version.
type Constraint struct{ Attribute, Operator, Value string }

// Artifact is a file that nodes fetch before a worker starts.
type Artifact struct {
	Source      string // URL
	Checksum    string // sha256:hex
	Destination string // the file's path in the task's directory, such as local/leat
}

var (
	clusterName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,39}$`)
	checksum    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Check says what is wrong with the Spec, with a remedy.
func (s *Spec) Check() error {
	var wrong []error
	add := func(format string, arguments ...any) { wrong = append(wrong, fmt.Errorf(format, arguments...)) }
	if !clusterName.MatchString(s.Cluster) {
		add("the cluster's id %q cannot be part of a Nomad job's: use at most 40 letters, digits and dashes", s.Cluster)
	}
	switch driver := s.driver(); {
	case driver != "exec" && driver != "raw_exec" && driver != "docker":
		add("the driver %q is not supported: use exec, raw_exec or docker", driver)
	case driver == "docker" && s.Image == "":
		add("the docker driver needs an image")
	}
	if s.Command == "" {
		add("there is no command for workers to run")
	}
	if s.Priority < 0 || s.Priority > 100 {
		add("the priority is %d: Nomad's are 1 to 100", s.Priority)
	}
	if s.Secret && s.User != "" && s.UID == nil {
		add("the file with the cluster's secret has to belong to user %q: give the number of that user, too", s.User)
	}
	for _, a := range s.Artifacts {
		if !checksum.MatchString(a.Checksum) {
			add("the artifact %s has no checksum of the form sha256:hex: nodes would run whatever is at that address", a.Source)
		}
	}
	return errors.Join(wrong...)
}

func (s *Spec) driver() string { return cmp.Or(s.Driver, "exec") }

// prefix begins the ids of all jobs of a cluster's workers, and those of clusters whose ids begin alike.
func prefix(cluster string) string { return "leat-" + cluster + "-worker-" }

// JobID is the id of the job for workers of a size.
func (s *Spec) JobID(size resourcemanager.Size) string {
	return fmt.Sprintf("%s%d-%dm-%dc", prefix(s.Cluster), size.Slots, megabytes(size.MemoryBytes), size.MilliCPUs)
}

func megabytes(b int64) int { return int((b + 1<<20 - 1) >> 20) }

// variablePath is where the Variable with the secret for a job is; tasks of that job and its dispatches may read it.
func variablePath(job string) string { return "nomad/jobs/" + job }

// Job makes the parameterised job for workers of a size.
func (s *Spec) Job(size resourcemanager.Size) *api.Job {
	id := s.JobID(size)
	j := &api.Job{
		ID: &id, Name: new(id), Type: new(api.JobTypeBatch), Datacenters: s.Datacenters,
		ParameterizedJob: &api.ParameterizedJobConfig{Payload: "forbidden", MetaRequired: []string{MetaWorker}},
		Meta: map[string]string{MetaCluster: s.Cluster, metaSlots: strconv.Itoa(size.Slots), metaMemory: strconv.FormatInt(size.MemoryBytes, 10),
			metaCPU: strconv.Itoa(size.MilliCPUs)},
		TaskGroups: []*api.TaskGroup{s.group(id, size)},
	}
	s.place(j)
	return j
}

// place says where a job runs, and before what.
func (s *Spec) place(j *api.Job) {
	j.Region, j.Namespace, j.NodePool = given(s.Region), given(s.Namespace), given(s.NodePool)
	j.Priority = given(s.Priority)
	for _, c := range s.Constraints {
		j.Constraints = append(j.Constraints, &api.Constraint{LTarget: c.Attribute, Operand: cmp.Or(c.Operator, "="), RTarget: c.Value})
	}
}

// given is a pointer to what is not the zero value.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// group is the one group of a job. Nomad neither restarts nor replaces its allocation: the scheduler decides.
func (s *Spec) group(id string, size resourcemanager.Size) *api.TaskGroup {
	g := &api.TaskGroup{
		Name: new(groupName), Count: new(1), Tasks: []*api.Task{s.task(id, size)},
		RestartPolicy:    &api.RestartPolicy{Attempts: new(0), Mode: new(api.RestartPolicyModeFail)},
		ReschedulePolicy: &api.ReschedulePolicy{Attempts: new(0), Unlimited: new(false)},
		Disconnect:       &api.DisconnectStrategy{Replace: new(false)},
	}
	if len(s.Ports) > 0 {
		g.Networks = network(s.Ports)
	}
	if s.DiskMB > 0 {
		g.EphemeralDisk = &api.EphemeralDisk{SizeMB: &s.DiskMB}
	}
	return g
}

// network has a dynamic port for each label.
func network(labels []string) []*api.NetworkResource {
	n := &api.NetworkResource{}
	for _, label := range labels {
		n.DynamicPorts = append(n.DynamicPorts, api.Port{Label: label})
	}
	return []*api.NetworkResource{n}
}

func (s *Spec) task(id string, size resourcemanager.Size) *api.Task {
	t := s.process(groupName, s.Args, s.Artifacts, size)
	t.Templates = s.templates(id, s.Items)
	if s.Masters {
		t.Templates = append(t.Templates, s.found(ControlPort, mastersName))
	}
	return t
}

// found renders where the JobManagers are whose service has a port into a file.
func (s *Spec) found(port, file string) *api.Template {
	return &api.Template{
		EmbeddedTmpl: new(`{{ range nomadService "` + s.Service(port) + `" }}{{ .Address }}:{{ .Port }}{{ "\n" }}{{ end }}`),
		DestPath:     new("local/" + file), ChangeMode: new("noop"),
	}
}

// process is a task that runs the command, of a worker or a JobManager.
func (s *Spec) process(name string, args []string, artifacts []Artifact, size resourcemanager.Size) *api.Task {
	t := &api.Task{
		Name: name, Driver: s.driver(), User: s.User, Env: maps.Clone(s.Environment),
		Config:      map[string]any{"command": s.Command},
		KillTimeout: new(cmp.Or(s.KillTimeout, 10*time.Second)),
		Resources:   &api.Resources{CPU: given(size.MilliCPUs * cmp.Or(s.MHz, 1000) / 1000), MemoryMB: given(megabytes(size.MemoryBytes))},
	}
	if len(args) > 0 {
		t.Config["args"] = slices.Clone(args)
	}
	if t.Driver == "docker" {
		t.Config["image"] = s.Image
		t.Config["network_mode"] = "host"
	}
	for _, a := range artifacts {
		t.Artifacts = append(t.Artifacts, &api.TaskArtifact{GetterSource: new(a.Source), GetterMode: new("file"), RelativeDest: new(a.Destination),
			GetterOptions: map[string]string{"checksum": a.Checksum}})
	}
	return t
}

// templates render items of a job's Variable into files that only the task's user can read.
func (s *Spec) templates(job string, items []string) (all []*api.Template) {
	render := func(item, file string) {
		all = append(all, &api.Template{
			EmbeddedTmpl: new(`{{ with nomadVar "` + variablePath(job) + `" }}{{ index . "` + item + `" }}{{ end }}`),
			DestPath:     new("secrets/" + file), Perms: new("0600"), Uid: s.uid(), ChangeMode: new("noop"),
		})
	}
	if s.Secret {
		render(secretItem, secretName)
	}
	for _, item := range items {
		render(item, item)
	}
	return all
}

// uid is who owns the file with the secret; nil: the user of Nomad's client, which docker's tasks and those of raw_exec run as.
func (s *Spec) uid() *int {
	if s.UID == nil && s.driver() == "exec" {
		return new(nobody)
	}
	return s.UID
}

// sizeOf is the reverse of what Job writes into metadata.
func sizeOf(meta map[string]string) resourcemanager.Size {
	slots, _ := strconv.Atoi(meta[metaSlots])
	memory, _ := strconv.ParseInt(meta[metaMemory], 10, 64)
	cpu, _ := strconv.Atoi(meta[metaCPU])
	return resourcemanager.Size{Slots: slots, MemoryBytes: memory, MilliCPUs: cpu}
}

// workerOf is the name of the worker that a job was dispatched for; false if it is no worker's.
func workerOf(job string) (string, bool) {
	_, rest, ok := strings.Cut(job, api.JobDispatchLaunchSuffix)
	fields := strings.SplitN(rest, "-", 5)
	if !ok || len(fields) != 5 {
		return "", false
	}
	name := strings.Join(fields[:4], "-")
	_, _, _, ok = resourcemanager.ParseName(name)
	return name, ok
}
