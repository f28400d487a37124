package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	hadoop "github.com/leatproject/leat/storage/hadoop/conf"
)

// nomadCluster is a cluster on Nomad, for a command.
type nomadCluster struct {
	conf    *config.Configuration
	client  *api.Client
	spec    nomad.Spec
	notice  func(text string)
	files   *nomad.Files // what nodes fetch from this process; nil if that is nothing
	folder  string       // of what this user keeps of the cluster
	asked   bool         // Nomad may have something of it
	workers []string     // jobs of those that were started with the JobManager
}

// openNomad finds the Nomad that NOMAD_ADDR names. Nothing is called yet.
func openNomad(conf *config.Configuration, cluster string, notice func(string)) (*nomadCluster, error) {
	spec, _, err := nomad.FromConfig(conf, cluster)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	spec.Command, spec.Secret = cmp.Or(config.Get(conf, config.NomadBinary), ownBinary), true
	if err := spec.Check(); err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	client, err := nomad.Connect()
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	path, err := secretPath(spec.MasterID())
	if err != nil {
		return nil, err
	}
	return &nomadCluster{conf: conf, client: client, spec: spec, notice: notice, folder: filepath.Dir(path)}, nil
}

func (n *nomadCluster) close() {
	if n.files != nil {
		_ = n.files.Close()
	}
	n.client.Close()
}

// nomadError is an error of Nomad with the exit code that it asks for.
func nomadError(err error) error {
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, nomad.ErrRefused), nomad.Denied(err):
		return &exitError{code: exitRefused, err: err}
	case nomad.Status(err) == 0, nomad.Status(err) >= http.StatusInternalServerError:
		return &exitError{code: exitUnreachable, err: fmt.Errorf("%w; is NOMAD_ADDR right? leat nomad check says more", err)}
	}
	return &exitError{code: exitRefused, err: err}
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// nameCluster is the id of a cluster that is to be started: the configured one, or one that nobody else has.
func nameCluster(conf *config.Configuration, program string) string {
	if id := config.Get(conf, config.NomadClusterID); id != "" {
		return id
	}
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(program), "-"), "-")
	return strings.Trim(name[:min(len(name), 30)], "-") + "-" + strings.ToLower(rand.Text()[:6])
}

// nomadProgram is what a JobManager on Nomad is for.
type nomadProgram struct {
	Program  string   `json:"program,omitempty"` // empty: for all that are submitted to it
	Digest   string   `json:"digest,omitempty"`  // SHA-256 of its file
	Args     []string `json:"args,omitempty"`
	Binary   string   `json:"binary,omitempty"`   // checksum of the file that all tasks run, unless it is on nodes
	Detached bool     `json:"detached,omitempty"` // nobody waits for the outcome
	Run      string   `json:"run,omitempty"`      // of all clusters with that id: what another has left is not taken over
}

// ownBinary is where this very program is among the files of a task.
const ownBinary = "local/leat"

// programFolder is where the program is among the files of the JobManager's task.
const programFolder = "local/program"

// submit has Nomad start the JobManager of a program or, if that is nil, of a session. What fails leaves nothing behind.
func (n *nomadCluster) submit(ctx context.Context, p *child, detached bool) error {
	err := checkReplicas(n.conf)
	if err == nil {
		err = n.send(ctx, p, detached)
	}
	if err != nil {
		return errors.Join(nomadError(err), n.undo(ctx))
	}
	return nil
}

func (n *nomadCluster) send(ctx context.Context, p *child, detached bool) error {
	st, _, err := n.spec.Look(ctx, n.client, 0, 0)
	if err != nil {
		return err
	}
	if st.Allocation != "" && !st.Ended {
		return &exitError{code: exitRefused, err: fmt.Errorf("the cluster %s runs already: stop it, or set %s to another", n.spec.Cluster, config.NomadClusterID.Key)}
	}
	if err := nomad.Purge(ctx, n.client, &n.spec); err != nil {
		return err
	}
	artifacts, err := n.artifacts(ctx, p)
	if err != nil {
		return err
	}
	if n.files != nil && detached && config.Get(n.conf, config.HighAvailabilityDir) != "" {
		n.notice(fmt.Sprintf("this command serves the JobManager's files only while it runs: set %s, or the loss of its node ends the cluster", config.NomadArtifacts.Key))
	}
	if err := os.MkdirAll(n.folder, 0o700); err != nil {
		return fmt.Errorf("keeping the secret of the cluster: %w", err)
	}
	n.asked = true
	if err := os.RemoveAll(n.secretFile()); err != nil {
		return err
	}
	s, err := secret.Create(n.secretFile())
	if err != nil {
		return err
	}
	description := nomadProgram{Detached: detached, Run: strings.ToLower(rand.Text()[:8])}
	if p != nil {
		description.Program, description.Args = filepath.Base(p.program.path), p.args
		description.Digest = strings.TrimPrefix(artifacts[len(artifacts)-1].Checksum, "sha256:")
	}
	for _, a := range artifacts {
		if a.Destination == ownBinary {
			description.Binary = a.Checksum
		}
	}
	encoded, _ := json.Marshal(description) // texts always can be
	shared, err := n.items()
	if err != nil {
		return err
	}
	items := maps.Clone(shared)
	items[nomad.SecretItem], items[nomad.ProgramItem] = string(s.Bytes()), string(encoded)
	master := nomad.Master{Session: p == nil, Replicas: config.Get(n.conf, config.JobManagerReplicas), Durable: config.Get(n.conf, config.HighAvailabilityDir) != "",
		Artifacts: artifacts,
		Args:      []string{"nomad", "jobmanager", "--config=" + nomad.ConfigurationFile}, Items: append(slices.Sorted(maps.Keys(shared)), nomad.ProgramItem), Size: n.masterSize()}
	if token := nomad.Token(); token != "" {
		items[nomad.TokenItem] = token
		master.Items = append(master.Items, nomad.TokenItem)
	}
	if err := n.spec.Publish(ctx, n.client, items); err != nil {
		return err
	}
	began := time.Now()
	if err := n.spec.Register(ctx, n.client, master); err != nil {
		return err
	}
	n.notice(fmt.Sprintf("job %s was accepted after %s", n.spec.MasterID(), time.Since(began).Round(time.Millisecond)))
	if p != nil {
		n.startWorkers(ctx, s, artifacts, shared)
	}
	return nil
}

// items are what all tasks of the cluster are told: this host may be the only one that knows.
func (n *nomadCluster) items() (map[string]string, error) {
	items := map[string]string{nomad.ConfigItem: string(n.conf.YAML(notOnNomad))}
	site, err := hadoop.Load("", nil)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	if len(site) > 0 {
		items[nomad.SiteItem] = string(site.Site())
	}
	return items, nil
}

// mostAhead is how many workers are started before the JobManager asks for them.
const mostAhead = 16

// startWorkers starts the workers that a program will need together with its JobManager, which asks for those that are missing.
func (n *nomadCluster) startWorkers(ctx context.Context, s secret.Secret, artifacts []nomad.Artifact, items map[string]string) {
	spec, size, err := nomad.FromConfig(n.conf, n.spec.Cluster)
	if err != nil {
		return
	}
	spec.Command = n.spec.Command
	for _, a := range artifacts {
		if a.Destination == spec.Command {
			spec.Artifacts = []nomad.Artifact{a}
		}
	}
	workersOnNomad(&spec, items)
	provider, err := nomad.New(nomad.Options{Client: n.client, Spec: spec, Secret: s, Items: items, Size: size})
	if err != nil {
		return
	}
	defer provider.Close()
	slots := max(1, size.Slots)
	n.workers, err = provider.Ahead(ctx, min(mostAhead, (config.Get(n.conf, config.DefaultParallelism)+slots-1)/slots))
	if err != nil && ctx.Err() == nil {
		n.notice(fmt.Sprintf("the JobManager will have to ask for workers by itself: %v", nomad.Said(err)))
	}
}

// fetched waits until nodes have fetched what workers run that were started with the JobManager, if this process serves it.
func (n *nomadCluster) fetched(ctx context.Context) error {
	for _, job := range n.workers {
		for n.files != nil && ctx.Err() == nil {
			if begun, err := n.spec.Begun(ctx, n.client, job); begun || err != nil {
				break // the JobManager asks for another if it has not come to be
			}
			wait(ctx, jobsPeriod)
		}
	}
	return ctx.Err()
}

func (n *nomadCluster) secretFile() string { return filepath.Join(n.folder, secretName) }

// masterMemory is that of a JobManager where none is configured.
const masterMemory = 1536 << 20

func (n *nomadCluster) masterSize() resourcemanager.Size {
	return resourcemanager.Size{MemoryBytes: cmp.Or(int64(config.Get(n.conf, config.JobManagerProcessSize)), masterMemory),
		MilliCPUs: max(1, int(1000*config.Get(n.conf, config.NomadMasterCPU)))}
}

// artifacts are the files that the JobManager's node fetches.
func (n *nomadCluster) artifacts(ctx context.Context, p *child) ([]nomad.Artifact, error) {
	type local struct{ path, destination string }
	var files []local
	if config.Get(n.conf, config.NomadBinary) == "" {
		if runtime.GOOS != "linux" {
			return nil, wrongUsage("tasks of Nomad run this very program, which is built for %s: submit from a host with Linux, or set %s", runtime.GOOS, config.NomadBinary.Key)
		}
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding the binary for tasks: %w", err)
		}
		files = append(files, local{self, ownBinary})
	}
	if p != nil {
		files = append(files, local{p.program.path, programFolder + "/" + filepath.Base(p.program.path)})
	}
	if len(files) == 0 {
		return nil, nil
	}
	add := func(f local) (nomad.Artifact, error) {
		return nomad.Store{URL: config.Get(n.conf, config.NomadArtifacts), Client: http.DefaultClient}.Add(ctx, f.path, f.destination)
	}
	if config.Get(n.conf, config.NomadArtifacts) == "" {
		if err := n.serve(); err != nil {
			return nil, err
		}
		add = func(f local) (nomad.Artifact, error) { return n.files.Add(f.path, f.destination) }
	}
	all, failures := make([]nomad.Artifact, len(files)), make([]error, len(files))
	var adding sync.WaitGroup
	for i, f := range files {
		adding.Go(func() {
			if all[i], failures[i] = add(f); failures[i] != nil {
				failures[i] = fmt.Errorf("artifact %s: %w", filepath.Base(f.path), failures[i])
			}
		})
	}
	adding.Wait()
	return all, errors.Join(failures...)
}

// serve begins to serve files at the address from which this host reaches Nomad. A task, which reaches it by a socket, takes the
// address of its node.
func (n *nomadCluster) serve() error {
	u, err := url.Parse(n.client.Address())
	if err != nil {
		return err
	}
	host := nomad.NodeAddress()
	if u.Scheme != "unix" || host == "" {
		probe, err := net.Dial("udp", net.JoinHostPort(cmp.Or(u.Hostname(), "127.0.0.1"), cmp.Or(u.Port(), "4646"))) // nothing is sent
		if err != nil {
			return &exitError{code: exitUnreachable, err: fmt.Errorf("NOMAD_ADDR %s: %w", n.client.Address(), err)}
		}
		host, _, err = net.SplitHostPort(probe.LocalAddr().String())
		_ = probe.Close()
		if err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("serving files to nodes: %w; set %s", err, config.NomadArtifacts.Key)
	}
	n.files, err = nomad.Serve(l, host)
	return err
}

// notOnNomad tells which keys are about this host, or about a cluster that stands already.
func notOnNomad(key string) bool {
	prefixes := []string{"yarn.", "jobmanager.rpc.", "rest.", "security.ssl."}
	keys := []string{config.SecretFile.Key, config.ExecutionTarget.Key, config.ExecutionAttached.Key, config.JobManagerBindHost.Key, config.TaskManagerHost.Key,
		config.TaskManagerBindHost.Key, config.Masters.Key, config.ControlAddresses.Key, config.StateDir.Key, config.WorkDir.Key, config.LogFile.Key,
		config.ClusterID.Key, config.HighAvailability.Key, config.ResourceID.Key}
	return slices.Contains(keys, key) || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// undo ends the cluster and forgets it.
func (n *nomadCluster) undo(ctx context.Context) error {
	if !n.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(n.spec.End(ctx, n.client, true), os.RemoveAll(n.folder))
}

// running waits until the JobManager runs, and says why it does not.
func (n *nomadCluster) running(ctx context.Context) (st nomad.State, err error) {
	waiting := patientText{since: time.Now()}
	var index uint64
	for {
		if st, index, err = n.spec.Look(ctx, n.client, index, reportPeriod); err != nil {
			return st, nomadError(err)
		}
		switch {
		case st.Running:
			return st, nil
		case st.Ended:
			return st, &exitError{code: exitFailed, err: fmt.Errorf("the JobManager has ended: %s; nomad alloc logs -stderr %s says more", st.Why, st.Allocation)}
		}
		waiting.explain(cmp.Or(st.Why, "Nomad is starting the JobManager"), n.notice)
		if err := ctx.Err(); err != nil {
			return st, err
		}
	}
}
