package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager/secret"
)

// cluster is three JobManagers that replicate each other and three TaskManagers of two slots.
type cluster struct {
	t            *testing.T
	dir          string
	leat         string // the binaries
	pipeline     string
	members      string // for -m
	flags        []string
	jobManagers  []*host
	taskManagers []*host
	network      *processes.Network // nil where there cannot be one: then all are on loopback
	disks        []*processes.Disk
	hdfs         *processes.Daemons // nil without -hdfs
	storage      string             // of checkpoints, savepoints and files: a folder, or a URL of HDFS
	client       *rest.Client

	job    string                                             // the pipeline
	jobs   []string                                           // and those it has continued
	submit func(parallelism int, rate int64, flags ...string) // starts it
}

// host is a process with a place in the network.
type host struct {
	*processes.Process
	number  int
	control string // address of a JobManager's control port
}

// first is the number of the first host in the network.
const first = 10

// newCluster starts a cluster that reaches the brokers of the topics, if there are some.
func newCluster(t *testing.T, k *topics) *cluster {
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir+"/", "../../cmd/leat", "./pipeline").CombinedOutput()
	require.NoError(t, err, "%s", out)
	c := &cluster{t: t, dir: dir, leat: filepath.Join(dir, "leat"), pipeline: filepath.Join(dir, "pipeline"), storage: filepath.Join(dir, "storage")}
	opt := rest.Options{Patience: patience}
	c.flags = []string{"-D", "heartbeat.timeout=3 s"}
	address := func(int) string { return "127.0.0.1" }
	if c.network, err = processes.NewNetwork(t); err != nil {
		t.Logf("left out: cuts of the network: %v", err)
	} else {
		address = c.network.Address
		file := filepath.Join(dir, "secret")
		opt.Secret, err = secret.Create(file)
		require.NoError(t, err)
		c.flags = append(c.flags, "-D", "cluster.secret-file="+file, "-D", "rest.bind-address=0.0.0.0", "-D", "jobmanager.bind-host=0.0.0.0",
			"-D", "taskmanager.bind-host=0.0.0.0")
	}
	forwarded := slices.Concat(c.useHDFS(), k.ports(t))
	port := processes.FreePorts(t, 9) // of each JobManager control, its replicas and REST
	var control, web []string
	for i := range 3 {
		control = append(control, fmt.Sprint(address(first+i), ":", port+3*i))
		web = append(web, fmt.Sprint(address(first+i), ":", port+3*i+2))
		opt.Members = append(opt.Members, "http://"+web[i])
	}
	c.flags = append(c.flags, "-D", "cluster.control-addresses="+strings.Join(control, ","), "-D", "cluster.masters="+strings.Join(web, ","),
		"-D", "high-availability.type=raft", "-D", "high-availability.storageDir="+c.storage+"/ha")
	c.members = strings.Join(web, ",")
	c.client, err = rest.New(opt)
	require.NoError(t, err)
	for i := range 3 {
		h := c.host(first+i, fmt.Sprint("jobmanager", i), forwarded, "jobmanager", "-D", "jobmanager.rpc.address="+address(first+i), "-D", "rest.address="+address(first+i),
			"-D", fmt.Sprint("jobmanager.rpc.port=", port+3*i), "-D", fmt.Sprint("rest.bind-port=", port+3*i+2),
			"-D", "cluster.state-dir="+c.disk(fmt.Sprint("state", i), "256m"), "-D", "web.upload.dir="+filepath.Join(dir, "uploads"))
		h.control = control[i]
		c.jobManagers = append(c.jobManagers, h)
	}
	for i := range 3 {
		tmp := c.disk(fmt.Sprint("tmp", i), "64m")
		c.taskManagers = append(c.taskManagers, c.host(first+3+i, fmt.Sprint("taskmanager", i), forwarded, "taskmanager",
			"-D", "taskmanager.host="+address(first+3+i), "-D", "taskmanager.numberOfTaskSlots=2", "-D", "io.tmp.dirs="+tmp,
			"-D", "execution.checkpointing.local-backup.dirs="+tmp, "-D", "cluster.work-dir="+c.folder(fmt.Sprint("work", i))))
	}
	if c.hdfs == nil {
		c.disk("storage/checkpoints", "64m")
	}
	c.start()
	return c
}

// host prepares a process at a place in the network, from where ports of this machine can be reached.
func (c *cluster) host(number int, name string, forwarded []int, role string, flags ...string) *host {
	var command []string
	if c.network != nil {
		command = c.network.Add(number)
		for _, port := range forwarded {
			c.network.Forward(number, port)
		}
	}
	command = slices.Concat(command, []string{c.leat, role}, c.flags, flags)
	return &host{Process: processes.New(c.t, filepath.Join(c.dir, name+".log"), command...), number: number}
}

// folder makes one.
func (c *cluster) folder(name string) string {
	dir := filepath.Join(c.dir, name)
	require.NoError(c.t, os.MkdirAll(dir, 0o700))
	return dir
}

// disk is a folder, which can be full if it can have a file system of its own.
func (c *cluster) disk(name, size string) string {
	dir := c.folder(name)
	d, err := processes.NewDisk(c.t, dir, size)
	if err != nil {
		c.t.Logf("left out: %s cannot be full: %v", name, err)
		return dir
	}
	c.disks = append(c.disks, d)
	return dir
}

// hosts are all processes.
func (c *cluster) hosts() []*host { return slices.Concat(c.jobManagers, c.taskManagers) }

// start starts all processes, and returns when all slots are there.
func (c *cluster) start() {
	for _, h := range c.hosts() {
		h.Start()
	}
	ended := ""
	require.Eventually(c.t, func() bool {
		for _, h := range c.hosts() {
			if h.Ended() {
				ended = h.Name
				return true
			}
		}
		o, err := c.client.Overview(c.t.Context())
		return err == nil && o.SlotsTotal == 6
	}, patience, 50*time.Millisecond, "the cluster does not come up")
	require.Empty(c.t, ended, "it has ended")
}

// leader is the JobManager that leads, or any if none does.
func (c *cluster) leader() *host {
	if o, err := c.client.Overview(c.t.Context()); err == nil {
		for _, h := range c.jobManagers {
			if h.control == o.Leader {
				return h
			}
		}
	}
	return c.jobManagers[0]
}

// try runs a verb of leat.
func (c *cluster) try(verb string, args ...string) (string, error) {
	out, err := exec.Command(c.leat, append(append([]string{verb, "-m", c.members}, c.flags...), args...)...).CombinedOutput()
	return string(out), err
}

// run is try for what must succeed.
func (c *cluster) run(verb string, args ...string) string {
	out, err := c.try(verb, args...)
	require.NoError(c.t, err, "leat %s: %s", verb, out)
	return out
}
