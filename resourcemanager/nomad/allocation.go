package nomad

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Allocation is what Nomad tells a process that it has started.
type Allocation struct {
	Job     string // its id
	Secrets string // the folder that only its user can read
	Task    string // the folder of the task's files
	Shared  string // the folder that stays with the allocation, and moves with it where it can
	Cluster string
	Worker  string // its name, if it is one
	Slots   string // of a worker
	Memory  string // of a worker, in bytes
}

// ErrNoAllocation is a process that Nomad has not started.
var ErrNoAllocation = errors.New("this process runs in no allocation of Nomad, which starts it: use leat run -t nomad-application or leat nomad session")

// Enter reads what Nomad has told this process. Hadoop's configuration becomes that of who has submitted it, if there is one.
func Enter() (*Allocation, error) {
	meta := func(key string) string { return os.Getenv("NOMAD_META_" + key) }
	a := &Allocation{Job: os.Getenv("NOMAD_JOB_ID"), Secrets: os.Getenv("NOMAD_SECRETS_DIR"), Task: os.Getenv("NOMAD_TASK_DIR"), Cluster: meta(MetaCluster),
		Worker: meta(MetaWorker), Slots: meta(metaSlots), Memory: meta(metaMemory)}
	if a.Job == "" || a.Secrets == "" || a.Task == "" || a.Cluster == "" {
		return nil, ErrNoAllocation
	}
	if _, err := os.Stat(filepath.Join(a.Secrets, SiteItem)); err == nil {
		if err := os.Setenv("HADOOP_CONF_DIR", a.Secrets); err != nil {
			return nil, err
		}
	}
	a.Shared = filepath.Join(os.Getenv("NOMAD_ALLOC_DIR"), "data")
	return a, nil
}

// Address is the host and the port that Nomad has given to a label.
func (a *Allocation) Address(label string) (host, port string, err error) {
	host, port = os.Getenv("NOMAD_IP_"+label), os.Getenv("NOMAD_PORT_"+label)
	if host == "" || port == "" {
		return "", "", fmt.Errorf("job %s has no port with the label %s: its network needs port %q {}", a.Job, label, label)
	}
	return host, port, nil
}

// SecretFile is the file with the cluster's secret.
func (a *Allocation) SecretFile() string { return filepath.Join(a.Secrets, secretName) }

// Item is the content of an item of the job's Variable; empty if there is none.
func (a *Allocation) Item(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(a.Secrets, name))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(content), err
}

// Masters are the control addresses that JobManagers have now, as Nomad's services say.
func (a *Allocation) Masters() ([]string, error) { return a.addresses(mastersName) }

// Rest are the addresses of the REST servers of JobManagers.
func (a *Allocation) Rest() ([]string, error) { return a.addresses(restName) }

func (a *Allocation) addresses(file string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(a.Task, file))
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(content)) {
		if host, port, err := net.SplitHostPort(strings.TrimSpace(line)); err == nil {
			all = append(all, net.JoinHostPort(host, port))
		}
	}
	return all, nil
}

// NodeAddress is the address of the node for a task whose job has a network with a port; empty elsewhere.
func NodeAddress() string {
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "NOMAD_IP_") {
			return value
		}
	}
	return ""
}
