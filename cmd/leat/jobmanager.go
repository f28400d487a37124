package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/exporter"
	"github.com/leatproject/leat/resourcemanager/standalone"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/driver"
	"github.com/leatproject/leat/scheduler/jobmanager/replication"
	joblog "github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/urfave/cli/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

func jobManagerCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "jobmanager",
		Usage: "run a JobManager in the foreground",
		Description: `It takes jobs by REST (rest.port, 8081), and TaskManagers connect to it (jobmanager.rpc.port, 6123). It ends with SIGTERM.

   leat jobmanager
   leat jobmanager -D cluster.state-dir=/var/lib/leat          jobs outlive its restart
   leat jobmanager -D cluster.secret-file=/etc/leat/secret -D rest.bind-address=0.0.0.0 -D jobmanager.bind-host=0.0.0.0`,
		CustomHelpTemplate: verbHelp,
		Flags:              commonFlags(),
		Action: func(c *cli.Context) error {
			conf, path, err := load(c)
			if err != nil {
				return err
			}
			ctx, stop := interruptible()
			defer stop()
			return (&head{conf: conf}).run(ctx, path, s)
		},
	}
}

// head is a JobManager with its servers while they are put together.
type head struct {
	conf *config.Configuration
	membership
	tls      *tls.Config // of REST
	logger   *slog.Logger
	stateDir string
	control  net.Listener
	beside   []*security.Beside  // what else is spoken over it
	joined   *replication.Member // nil without what outlives all JobManagers
	web      net.Listener
	blobs    *blob.Store
	manager  *jobmanager.JobManager
	programs *driver.Programs
	// application is what the cluster is for, if it is for one, and ended how it has.
	application *ownProgram
	ended       *job.Application
	outcome     error
	// shutdown is closed by a request to end a session, whose end stopped notes.
	shutdown chan struct{}
	stopped  bool
	workers  workers
	// first are the members that begin the generation, if others are added later; running runs beside the rest.
	first   []string
	running func(context.Context)
	readers []netip.Addr // see rest.Options
	cleanup []func()
}

// workers is where TaskManagers come from. The zero value waits for those that others start.
type workers struct {
	// provide makes a Provider when the ports are open.
	provide func(*head) (resourcemanager.Provider, error)
	size    resourcemanager.Size
	// first is how many are asked for before any job wants them.
	first int
	// generation is that of a JobManager that keeps nothing; 0 is made of the time.
	generation uint64
	// stdout and stderr take what drivers print, too.
	stdout, stderr io.Writer
}

func (h *head) later(f func()) { h.cleanup = append(h.cleanup, f) }

func (h *head) close() {
	for i := len(h.cleanup) - 1; i >= 0; i-- {
		h.cleanup[i]()
	}
}

// maxMessage is the largest message of the control protocol in bytes.
const maxMessage = 64 << 20

// run runs until ctx ends, or the application has.
func (h *head) run(ctx context.Context, path string, s streams) error {
	conf := h.conf
	defer h.close()
	logger, files, done, err := openLog(conf, "jobmanager", s.err)
	if err != nil {
		return err
	}
	h.later(done)
	h.logger = logger
	reachFiles(conf, logger)
	if err := h.listen(); err != nil {
		return err
	}
	provider := resourcemanager.Provider(standalone.New())
	if h.workers.provide != nil {
		if provider, err = h.workers.provide(h); err != nil {
			return err
		}
	}
	h.later(func() { _ = provider.Close() })
	if err := h.open(ctx, path, provider); err != nil {
		return err
	}
	info, _ := debug.ReadBuildInfo()
	id := identify(info)
	web, err := rest.New(rest.Options{JobManager: h.manager, Configuration: conf, Secret: h.secret, Readers: h.readers, TLS: h.tls, Hosts: []string{config.Get(conf, config.RestAddress)},
		Submit: config.Get(conf, config.WebSubmit), Cancel: config.Get(conf, config.WebCancel), UploadDir: h.uploadDir(),
		UploadLimit: int64(config.Get(conf, config.MaxContentLength)), Shutdown: h.shutdownByRequest(), Drivers: h.programs, LogFiles: files, Version: id.Version, Commit: id.Commit, Logger: logger})
	if err != nil {
		return err
	}
	report, err := exporter.Start(conf, h.secret, web.Metrics, logger)
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	h.later(report)
	server := grpc.NewServer(grpc.Creds(h.peers.Credentials(h.logger, h.beside...)), grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: config.Get(conf, config.HeartbeatTimeout)}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}))
	rpc.RegisterJobManagerServer(server, h.manager)
	return h.serve(ctx, web, server)
}

// serve runs all parts until ctx or one of them ends.
func (h *head) serve(ctx context.Context, web *rest.Server, server *grpc.Server) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 3)
	go func() { ended <- h.manager.Run(running) }()
	go func() { ended <- web.Serve(running, h.web) }()
	go func() { ended <- server.Serve(h.control) }()
	go func() {
		<-running.Done()
		server.Stop()
	}()
	applied := make(chan struct{})
	go func() {
		defer close(applied)
		if h.application != nil && h.apply(running) || h.application == nil && h.session(running) {
			h.tell(running, web)
			stop()
		}
	}()
	if h.running != nil {
		beside := make(chan struct{})
		go func() {
			defer close(beside)
			h.running(running)
		}()
		defer func() { <-beside }()
	}
	h.logger.Info("JobManager started", "rest", h.manager.Member().REST, "control", h.manager.Member().Control, "version", version)
	var failures []error
	for range 3 {
		if err := <-ended; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			failures = append(failures, err)
		}
		stop()
	}
	<-applied
	h.logger.Info("JobManager stopped")
	return errors.Join(append(failures, h.outcome)...)
}

// shutdownByRequest is what a request to end the cluster does; nil where nobody starts TaskManagers for it.
func (h *head) shutdownByRequest() func() {
	if h.workers.provide == nil || h.application != nil {
		return nil
	}
	h.shutdown = make(chan struct{})
	return sync.OnceFunc(func() { close(h.shutdown) })
}

// session waits for a request to end the cluster and sends the TaskManagers away. It is false if ctx ended first.
func (h *head) session(ctx context.Context) bool {
	select {
	case <-h.shutdown:
	case <-ctx.Done():
		return false
	}
	h.stopped = true
	h.dismiss(ctx)
	return true
}

// listen opens the ports, unless everybody could use them.
func (h *head) listen() (err error) {
	if h.membership, err = loadMembership(h.conf, h.logger); err != nil {
		return err
	}
	controlHost, webHost := config.Get(h.conf, config.JobManagerBindHost), config.Get(h.conf, config.RestBindAddress)
	if err := h.guard("the JobManager", controlHost); err != nil {
		return err
	}
	if h.tls, err = restTLS(h.conf, h.secret, webHost, h.logger); err != nil {
		return err
	}
	port := config.Get(h.conf, config.JobManagerPort)
	if p := config.Get(h.conf, config.JobManagerBindPort); p != 0 {
		port = p
	}
	if h.control, err = listen("the JobManager", controlHost, strconv.Itoa(port), config.JobManagerPort.Key); err != nil {
		return err
	}
	h.later(func() { _ = h.control.Close() })
	ports, set := config.Lookup(h.conf, config.RestBindPort)
	if !set {
		ports = strconv.Itoa(config.Get(h.conf, config.RestPort))
	}
	if h.web, err = listen("REST", webHost, ports, config.RestBindPort.Key); err != nil {
		return err
	}
	h.later(func() { _ = h.web.Close() })
	return nil
}

// open opens what is kept: the log and the blobs.
func (h *head) open(ctx context.Context, path string, provider resourcemanager.Provider) error {
	h.stateDir = config.Get(h.conf, config.StateDir)
	form, err := h.form()
	if err != nil {
		return err
	}
	if h.stateDir == "" {
		if h.stateDir, err = os.MkdirTemp("", "leat-jobmanager-"); err != nil {
			return fmt.Errorf("making a temporary folder: %w", err)
		}
		h.later(func() { _ = os.RemoveAll(h.stateDir) })
	}
	if err := os.MkdirAll(h.stateDir, 0o700); err != nil {
		return fmt.Errorf("making the JobManager's folder: %w (%s)", err, config.StateDir.Key)
	}
	generation, openLog, err := h.openLog(ctx, form)
	if err != nil {
		return err
	}
	if h.blobs, err = blob.Open(ctx, h.blobDir(), int64(config.Get(h.conf, config.MaxContentLength))); err != nil {
		return err
	}
	if h.application != nil && h.application.digest != "" {
		h.blobs.Lend(h.application.digest, h.application.Path)
	}
	drivers, err := driver.New(driver.Options{Environ: os.Environ(), Configuration: h.conf, File: path, Dir: h.stateDir, Blobs: h.blobs, Logger: h.logger, Stdout: h.workers.stdout, Stderr: h.workers.stderr})
	if err != nil {
		return err
	}
	h.manager, err = jobmanager.New(jobmanager.Options{Cluster: config.Get(h.conf, config.ClusterID), Member: h.member(),
		Masters: controlAddresses(h.conf), Generation: generation, OpenLog: openLog, Seed: seedOf(config.Get(h.conf, config.ClusterID)), Blobs: h.blobs, Provider: provider, WorkerSize: h.workers.size, FirstWorkers: h.workers.first, WorkerIdle: config.Get(h.conf, config.WorkerIdle),
		Drivers: drivers, DriverAttempts: config.Get(h.conf, config.DriverAttempts),
		Heartbeat: config.Get(h.conf, config.HeartbeatInterval), Lease: config.Get(h.conf, config.HeartbeatTimeout),
		Expiry: config.Get(h.conf, config.JobExpiry), CheckpointDir: config.Get(h.conf, config.CheckpointDir), Logger: h.logger})
	if err != nil {
		return err
	}
	h.programs = &driver.Programs{Launcher: drivers, JobManager: h.manager}
	h.later(func() {
		if err := h.manager.Close(); err != nil {
			h.logger.Warn("the log did not close", "error", err)
		}
	})
	return nil
}

// openLog chooses the form of the log and the generation that it belongs to.
func (h *head) openLog(ctx context.Context, form replication.Form) (generation uint64, open func(joblog.Machine) (joblog.Log, error), err error) {
	switch {
	case config.Get(h.conf, config.HighAvailabilityDir) != "":
		m, err := h.join(ctx, form)
		if err != nil {
			return 0, nil, err
		}
		h.joined = m
		return m.Generation, m.OpenLog, nil
	case form == replication.Alone:
		return 1, func(m joblog.Machine) (joblog.Log, error) {
			return joblog.OpenFile(joblog.FileOptions{Dir: filepath.Join(h.stateDir, "log")}, m)
		}, nil
	}
	// TaskManagers of the JobManager before this one must start anew
	return cmp.Or(h.workers.generation, uint64(time.Now().Unix())), func(m joblog.Machine) (joblog.Log, error) { return joblog.NewMemory(m), nil }, nil
}

// member is where others reach this JobManager: its configured names, with the ports that it has got.
func (h *head) member() jobmanager.Member {
	scheme := "http://"
	if h.tls != nil {
		scheme = "https://"
	}
	return jobmanager.Member{Control: net.JoinHostPort(config.Get(h.conf, config.JobManagerAddress), portOf(h.control)),
		REST: scheme + net.JoinHostPort(config.Get(h.conf, config.RestAddress), portOf(h.web))}
}

// seedOf makes the jitter of restarts, which all members must agree on.
func seedOf(cluster string) uint64 {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, cluster)
	return hash.Sum64()
}

// blobDir is the folder of what is too large for the log: that which all members share, if there is one.
func (h *head) blobDir() string {
	if shared := config.Get(h.conf, config.HighAvailabilityDir); shared != "" {
		return strings.TrimRight(shared, "/") + "/" + clusterFolder(h.conf) + "/blobs"
	}
	return filepath.Join(h.stateDir, "blobs")
}

func (h *head) uploadDir() string {
	if dir := config.Get(h.conf, config.WebUploadDir); dir != "" {
		return dir
	}
	return filepath.Join(h.stateDir, "uploads")
}

// controlAddresses are where TaskManagers find JobManagers.
func controlAddresses(conf *config.Configuration) []string {
	if all := config.Get(conf, config.ControlAddresses); len(all) > 0 {
		return all
	}
	return []string{net.JoinHostPort(config.Get(conf, config.JobManagerAddress), strconv.Itoa(config.Get(conf, config.JobManagerPort)))}
}
