package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/taskmanager"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/leatproject/leat/storage/filesystem"
)

// enterAllocation is the configuration of a role in an allocation of Nomad: what was submitted, and what the allocation says.
func enterAllocation(c *cli.Context) (conf *config.Configuration, path string, a *nomad.Allocation, err error) {
	if a, err = nomad.Enter(); err != nil {
		return nil, "", nil, &exitError{code: exitUsage, err: err}
	}
	if conf, path, err = load(c); err != nil {
		return nil, "", nil, err
	}
	set := [][2]string{
		{config.SecretFile.Key, a.SecretFile()}, {config.ClusterID.Key, a.Cluster},
		{config.JobManagerBindHost.Key, everywhere}, {config.RestBindAddress.Key, everywhere}, {config.TaskManagerBindHost.Key, everywhere},
	}
	tmp := filepath.Join(a.Task, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, "", nil, err
	}
	if err := os.Setenv("TMPDIR", tmp); err != nil {
		return nil, "", nil, err
	}
	if _, given := config.Lookup(conf, config.TmpDirs); !given {
		set = append(set, [2]string{config.TmpDirs.Key, tmp})
	}
	return conf, path, a, setAll(conf, set)
}

// setAll sets what the allocation says.
func setAll(conf *config.Configuration, set [][2]string) error {
	for _, s := range set {
		if err := conf.SetFrom("the allocation", s[0], s[1]); err != nil {
			return err
		}
	}
	return nil
}

// nomadMaster is the JobManager of a cluster on Nomad.
type nomadMaster struct {
	conf   *config.Configuration
	place  *nomad.Allocation
	client *api.Client
	spec   nomad.Spec // of workers
	size   resourcemanager.Size
	nomadProgram
	host, control, rest string
	standing            bool // TaskManagers come by themselves
	replicas            int
	files               *nomad.Files
	fail                context.CancelCauseFunc // ends this process
}

// runNomadJobManager runs until the application has ended, or Nomad has ended this process.
func runNomadJobManager(c *cli.Context, s streams) error {
	conf, path, place, err := enterAllocation(c)
	if err != nil {
		return err
	}
	if err := checkReplicas(conf); err != nil {
		return err
	}
	m := &nomadMaster{conf: conf, place: place, replicas: config.Get(conf, config.JobManagerReplicas)}
	if err := m.prepare(); err != nil {
		return err
	}
	interrupted, stop := interruptible()
	defer stop()
	ctx, fail := context.WithCancelCause(interrupted)
	defer fail(nil)
	m.fail = fail
	h := &head{conf: conf, workers: workers{stdout: s.out, stderr: s.err}}
	if !m.standing {
		if m.client, err = nomad.Connect(); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
		defer m.client.Close()
		h.workers.provide, h.workers.size = m.begin, m.size
	}
	if m.Program != "" {
		h.application = m.application()
	}
	if m.replicas > 1 {
		m.replicate(h)
	}
	err = h.run(ctx, path, s)
	if interrupted.Err() == nil && ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	if m.files != nil {
		_ = m.files.Close()
	}
	if m.standing {
		return err
	}
	return m.finish(h, err)
}

// application is the program that this JobManager is for. Each allocation has its file, so it is not stored where it can be run.
func (m *nomadMaster) application() *ownProgram {
	p := &ownProgram{name: m.Program, Driver: rest.Driver{Path: filepath.Join(m.place.Task, "program", m.Program), Args: m.Args}}
	if os.Chmod(p.Path, 0o755) == nil {
		p.digest = m.Digest
	}
	return p
}

// prepare reads what this JobManager is for and where it is.
func (m *nomadMaster) prepare() (err error) {
	if m.spec, m.size, err = nomad.FromConfig(m.conf, m.place.Cluster); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	description, err := m.place.Item(nomad.ProgramItem)
	if err != nil {
		return err
	}
	if m.standing = description == ""; !m.standing {
		if err := json.Unmarshal([]byte(description), &m.nomadProgram); err != nil {
			return fmt.Errorf("reading what the JobManager is for: %w", err)
		}
	}
	if m.Run != "" {
		if err := setAll(m.conf, [][2]string{{config.ClusterID.Key, m.place.Cluster + "-" + m.Run}}); err != nil {
			return err
		}
	}
	var port string
	if m.host, m.control, err = m.place.Address(nomad.ControlPort); err == nil {
		_, port, err = m.place.Address(nomad.RestPort)
	}
	if err != nil {
		return err
	}
	m.rest = net.JoinHostPort(m.host, port)
	set := [][2]string{{config.JobManagerAddress.Key, m.host}, {config.JobManagerPort.Key, m.control}, {config.RestAddress.Key, m.host}, {config.RestPort.Key, port}}
	if m.replicas > 1 || config.Get(m.conf, config.HighAvailabilityDir) == "" { // what stays with the allocation, then
		set = append(set, [2]string{config.StateDir.Key, filepath.Join(m.place.Shared, "leat")})
	}
	return setAll(m.conf, set)
}

// begin makes the Provider of workers.
func (m *nomadMaster) begin(h *head) (resourcemanager.Provider, error) {
	s, err := secret.Load(m.place.SecretFile())
	if err != nil {
		return nil, err
	}
	items := map[string]string{}
	for _, name := range []string{nomad.ConfigItem, nomad.SiteItem} {
		content, err := m.place.Item(name)
		if err != nil {
			return nil, err
		}
		if content != "" {
			items[name] = content
		}
	}
	workersOnNomad(&m.spec, items, "-D", config.JobManagerAddress.Key+"="+m.host, "-D", config.JobManagerPort.Key+"="+m.control)
	if m.spec.Command = config.Get(m.conf, config.NomadBinary); m.spec.Command == "" {
		if err := m.serve(); err != nil {
			return nil, err
		}
	}
	return nomad.New(nomad.Options{Client: m.client, Spec: m.spec, Secret: s, Items: items, Size: m.size,
		MemoryKey: config.TaskManagerProcessSize.Key, Logger: h.logger})
}

// workersOnNomad says how workers are started, with those items of their Variable.
func workersOnNomad(s *nomad.Spec, items map[string]string, args ...string) {
	s.Secret, s.Masters, s.Ports, s.Items = true, true, []string{nomad.DataPort}, slices.Sorted(maps.Keys(items))
	s.Args = append([]string{"nomad", "taskmanager", "--config=" + nomad.ConfigurationFile}, args...)
}

// serve gives this binary to the nodes of workers.
func (m *nomadMaster) serve() error {
	host, port, err := m.place.Address(nomad.ArtifactsPort)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(everywhere, port))
	if err != nil {
		return fmt.Errorf("serving the binary to nodes: %w", err)
	}
	if m.files, err = nomad.Serve(l, host); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	m.spec.Command, m.spec.Artifacts = ownBinary, []nomad.Artifact{m.files.AddKnown(self, ownBinary, m.Binary)} // its node has checked it
	return nil
}

// endTimeOnNomad is how long Nomad may take to hear of the end.
const endTimeOnNomad = 20 * time.Second

// finish removes the workers if the cluster has ended, and leaves the outcome where the command that waits finds it. A job that has
// failed is stopped, since Nomad would start it again.
func (m *nomadMaster) finish(h *head, outcome error) error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeOnNomad)
	defer cancel()
	if h.ended == nil && !h.stopped {
		if stopped, err := m.spec.Stopped(ctx, m.client); err != nil || !stopped { // the next process goes on
			return errors.Join(outcome, err)
		}
		_, err := nomad.Remove(ctx, m.client, &m.spec)
		if left, failure := m.spec.Published(ctx, m.client, nomad.ProgramItem); failure == nil && left == "" { // it cannot be started again
			err = errors.Join(err, m.clean(ctx))
		}
		return errors.Join(outcome, err)
	}
	_, err := nomad.Remove(ctx, m.client, &m.spec)
	if m.Program == "" || m.Detached {
		err = errors.Join(err, m.spec.Forget(ctx, m.client))
	} else {
		code, message := codeAndMessage(outcome)
		err = errors.Join(err, m.spec.Leave(ctx, m.client, encodeOutcome(code, message)))
	}
	if outcome != nil || m.Program == "" || m.replicas > 1 {
		err = errors.Join(err, m.spec.End(ctx, m.client, false))
	}
	if m.replicas > 1 {
		wait(ctx, lastWords)
	}
	err = errors.Join(err, m.clean(ctx))
	if err != nil {
		fmt.Fprintf(os.Stderr, "leat: something of the cluster may be left in Nomad: %v\n", nomad.Said(err))
	}
	return outcome
}

// clean removes what the cluster has kept for its JobManagers in the folder that they share. A job that was only stopped keeps it: it
// may be started again.
func (m *nomadMaster) clean(ctx context.Context) error {
	shared := config.Get(m.conf, config.HighAvailabilityDir)
	if m.Run == "" || shared == "" {
		return nil
	}
	fs, dir, err := filesystem.For(ctx, shared)
	if err != nil {
		return err
	}
	return filesystem.RemoveAll(ctx, fs, path.Join(dir, clusterFolder(m.conf)))
}

// runNomadTaskManager runs until the JobManager sends it away.
func runNomadTaskManager(c *cli.Context, s streams) error {
	conf, _, place, err := enterAllocation(c)
	if err != nil {
		return err
	}
	host, port, err := place.Address(nomad.DataPort)
	if err != nil {
		return err
	}
	set := [][2]string{{config.TaskManagerHost.Key, host}, {config.TaskManagerDataPort.Key, port}, {config.ResourceID.Key, place.Worker},
		{config.TaskSlots.Key, cmp.Or(place.Slots, "1")}, {config.WorkDir.Key, os.Getenv("TMPDIR")}}
	ctx, stop := interruptible()
	defer stop()
	masters, err := firstMasters(ctx, conf, place)
	if err != nil {
		return err
	}
	if len(masters) > 0 {
		set = append(set, [2]string{config.ControlAddresses.Key, strings.Join(masters, ",")})
	}
	if memory, err := strconv.ParseInt(place.Memory, 10, 64); err == nil && memory > supervision {
		set = append(set, [2]string{config.TaskManagerProcessSize.Key, strconv.FormatInt((memory-supervision)>>20, 10) + "m"})
	}
	if err := setAll(conf, set); err != nil {
		return err
	}
	return runTaskManager(ctx, conf, s.err, func(o *taskmanager.Options) {
		o.FindMasters = func(context.Context) ([]string, error) { return place.Masters() }
	})
}

// firstMasters are the JobManagers that Nomad's services name. A worker that was started together with the JobManager waits for it.
func firstMasters(ctx context.Context, conf *config.Configuration, place *nomad.Allocation) ([]string, error) {
	_, known := config.Lookup(conf, config.JobManagerAddress)
	for end := time.Now().Add(config.Get(conf, config.ClusterTimeout)); ; {
		masters, err := place.Masters()
		switch {
		case len(masters) > 0 || known:
			return masters, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Now().After(end):
			return nil, fmt.Errorf("no JobManager of cluster %s has come: %w", place.Cluster, cmp.Or(err, errors.New("none is among the services of Nomad")))
		}
		wait(ctx, mastersPeriod)
	}
}

// mastersPeriod is how often a worker looks whether there is a JobManager.
const mastersPeriod = 20 * time.Millisecond
