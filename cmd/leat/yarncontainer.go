package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/taskmanager"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/leatproject/leat/storage/clock"
	hadoop "github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/urfave/cli/v2"
)

// everywhere is what containers listen on: whoever has the cluster's secret may come from any node.
const everywhere = "0.0.0.0"

// enterContainer is the configuration of a role in a container of YARN: what was submitted, and what the container says.
func enterContainer(c *cli.Context, role string) (conf *config.Configuration, path string, container *application.Container, d application.Description, err error) {
	if container, err = application.Enter(); err != nil {
		return nil, "", nil, d, &exitError{code: exitUsage, err: err}
	}
	if d, err = container.Description(); err != nil {
		return nil, "", nil, d, err
	}
	if conf, path, err = load(c); err != nil {
		return nil, "", nil, d, err
	}
	secret, err := container.WriteSecret()
	if err != nil {
		return nil, "", nil, d, err
	}
	log, err := container.LogFile(role + ".log")
	if err != nil {
		return nil, "", nil, d, err
	}
	set := [][2]string{
		{config.SecretFile.Key, secret}, {config.ClusterID.Key, container.Application().Text()},
		{config.JobManagerBindHost.Key, everywhere}, {config.RestBindAddress.Key, everywhere}, {config.TaskManagerBindHost.Key, everywhere},
		{config.TaskManagerHost.Key, container.Host}, {config.LogFile.Key, log},
	}
	if _, given := config.Lookup(conf, config.TmpDirs); !given && len(container.TmpDirs) > 0 {
		set = append(set, [2]string{config.TmpDirs.Key, strings.Join(container.TmpDirs, ",")})
	}
	for _, s := range set {
		if err := conf.SetFrom("the container", s[0], s[1]); err != nil {
			return nil, "", nil, d, err
		}
	}
	return conf, path, container, d, nil
}

// applicationMaster is the JobManager of an application on YARN.
type applicationMaster struct {
	conf      *config.Configuration
	container *application.Container
	site      hadoop.Conf
	spec      submission.Spec
	stage     submission.Stage
	application.Description
	attempt *application.Attempt
	running context.Context         // ends with this process
	abandon context.CancelCauseFunc // ends it
}

// enterMaster reads what a JobManager in a container is told.
func enterMaster(c *cli.Context) (m *applicationMaster, path string, err error) {
	conf, path, container, d, err := enterContainer(c, "jobmanager")
	if err != nil {
		return nil, "", err
	}
	m = &applicationMaster{conf: conf, container: container, stage: stageOf(conf), Description: d}
	if m.site, err = hadoop.Load("", nil); err != nil {
		return nil, "", err
	}
	if m.spec, err = submission.FromConfig(conf, m.Program); err != nil {
		return nil, "", err
	}
	for key, value := range map[string]string{
		config.JobManagerAddress.Key: container.Host, config.JobManagerPort.Key: "0",
		config.HighAvailabilityDir.Key: cmp.Or(config.Get(conf, config.HighAvailabilityDir), m.stage.Application(container.Application().Text())+"/ha"),
		config.RestAddress.Key:         container.Host, config.RestPort.Key: "0", config.RestBindPort.Key: config.Get(conf, config.YarnMasterPort),
	} {
		if err := conf.SetFrom("the container", key, value); err != nil {
			return nil, "", err
		}
	}
	return m, path, nil
}

// head is the JobManager of the application.
func (m *applicationMaster) head(s streams) *head {
	h := &head{conf: m.conf, readers: m.proxies(m.running), workers: workers{generation: m.container.Attempt(), size: m.size(), stdout: s.out, stderr: s.err}}
	if m.Program != "" {
		h.application = &ownProgram{name: m.Program, digest: m.Digest, Driver: rest.Driver{Path: filepath.Join(m.container.Dir, application.ProgramFolder, m.Digest), Args: m.Args}}
		slots := h.workers.size.Slots
		h.workers.first = (config.Get(m.conf, config.DefaultParallelism) + slots - 1) / slots
	}
	return h
}

// runYARNJobManager runs until the application has ended, or YARN has ended this attempt.
func runYARNJobManager(c *cli.Context, s streams) error {
	m, path, err := enterMaster(c)
	if err != nil {
		return err
	}
	interrupted, stop := interruptible()
	defer stop()
	ctx, abandon := context.WithCancelCause(interrupted)
	defer abandon(nil)
	m.running, m.abandon = ctx, abandon
	h := m.head(s)
	h.workers.provide = m.begin
	err = h.run(ctx, path, s)
	if cause := context.Cause(ctx); cause != nil && h.ended == nil && !h.stopped { // the next attempt goes on
		return errors.Join(cause, err)
	}
	return m.finish(h, err)
}

// size is that of a TaskManager.
func (m *applicationMaster) size() resourcemanager.Size {
	return resourcemanager.Size{Slots: max(1, config.Get(m.conf, config.TaskSlots)), MemoryBytes: m.spec.Worker.MemoryMB << 20, MilliCPUs: int(m.spec.Worker.VCores) * 1000}
}

// proxies are the addresses of those who show the pages of applications to whom they let in.
func (m *applicationMaster) proxies(ctx context.Context) (all []netip.Addr) {
	proxies, err := m.site.WebProxies()
	if err != nil {
		return nil
	}
	for _, p := range proxies {
		host, _, err := net.SplitHostPort(p)
		if err != nil {
			continue
		}
		found, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host) // a proxy without an address shows nothing
		for _, a := range found {
			all = append(all, a.Unmap())
		}
	}
	return all
}

// fixPorts writes the ports that were opened into the configuration, and returns where this JobManager is.
func (m *applicationMaster) fixPorts(h *head) (own application.Member, err error) {
	web := portOf(h.web)
	for key, value := range map[string]string{config.JobManagerPort.Key: portOf(h.control), config.RestPort.Key: web} {
		if err := m.conf.SetFrom("the container", key, value); err != nil {
			return own, err
		}
	}
	return application.Member{Control: h.member().Control, REST: net.JoinHostPort(m.container.Host, web)}, nil
}

// begin registers with YARN when the ports are open.
func (m *applicationMaster) begin(h *head) (resourcemanager.Provider, error) {
	own, err := m.fixPorts(h)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(m.running, announcePatience)
	defer cancel()
	if err := m.renew(ctx, h); err != nil {
		return nil, err
	}
	options := application.Options{Conf: m.site, Container: m.container, Description: m.Description, Command: m.command,
		Environment: containerEnvironment(os.Getenv("HADOOP_USER_NAME")), Size: m.size(), NodeLabel: m.spec.Worker.NodeLabel,
		MemoryKey: config.TaskManagerProcessSize.Key, Port: config.Get(m.conf, config.RestPort), TrackingURL: h.member().REST,
		Heartbeat:     time.Duration(config.Get(m.conf, config.YarnHeartbeat)) * time.Second,
		BusyHeartbeat: config.Get(m.conf, config.YarnRequestHeartbeat), Logger: h.logger}
	if m.spec.Replicas > 1 {
		if err := m.replicate(ctx, h, own); err != nil {
			return nil, err
		}
		m.standbys(&options)
	}
	if m.spec.Replicas > 1 || m.container.Attempt() > 1 {
		if err := m.container.Announce(ctx, m.stage, own); err != nil {
			return nil, err
		}
	}
	if m.attempt, err = application.Begin(options); err != nil {
		return nil, err
	}
	go func() {
		if err := <-m.attempt.Ended(); err != nil {
			m.abandon(err)
		}
	}()
	m.askEarly(h)
	return m.attempt, nil
}

// askEarly asks for the first workers before this JobManager leads, by the names that it would give them: then it finds them.
func (m *applicationMaster) askEarly(h *head) {
	if m.container.Attempt() > 1 {
		return
	}
	for n := range h.workers.first {
		w := resourcemanager.Worker{Name: resourcemanager.Name(1, 1, uint64(n+1)), Size: m.size()}
		if err := m.attempt.Request(m.running, w); err != nil {
			h.logger.Warn("a worker was not asked for yet", "worker", w.Name, "error", err)
		}
	}
}

// announcePatience is how long HDFS may take.
const announcePatience = time.Minute

// supervision is what a TaskManager itself needs of its container's memory.
const supervision = 128 << 20

// command starts a TaskManager.
func (m *applicationMaster) command(w resourcemanager.Worker, memory int64) []string {
	set := []string{
		config.ResourceID.Key + "=" + w.Name,
		config.JobManagerAddress.Key + "=" + config.Get(m.conf, config.JobManagerAddress),
		config.JobManagerPort.Key + "=" + strconv.Itoa(config.Get(m.conf, config.JobManagerPort)),
		config.TaskSlots.Key + "=" + strconv.Itoa(w.Size.Slots),
		config.TaskManagerProcessSize.Key + "=" + strconv.FormatInt((memory-supervision)>>20, 10) + "m",
	}
	words := []string{"./" + application.BinaryFile, "yarn", "taskmanager", "--config=" + application.ConfigurationFile}
	for _, s := range set {
		words = append(words, "-D", s)
	}
	return words
}

// finish tells YARN what the application has come to. A wrong configuration would fail any other attempt, too.
func (m *applicationMaster) finish(h *head, outcome error) error {
	status, diagnostics := wire.FinalApplicationStatus_APP_SUCCEEDED, ""
	var code *exitError
	switch {
	case m.attempt == nil, h.ended == nil && !h.stopped && !(errors.As(outcome, &code) && code.code == exitUsage):
		return outcome
	case h.ended != nil && h.ended.State == job.Canceled:
		status = wire.FinalApplicationStatus_APP_KILLED
	case outcome != nil:
		status = wire.FinalApplicationStatus_APP_FAILED
	}
	if outcome != nil {
		exit, message := codeAndMessage(outcome)
		diagnostics = encodeOutcome(exit, message)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := m.attempt.Finish(ctx, status, diagnostics); err != nil {
		return err
	}
	err := m.clean(ctx)
	if m.spec.Replicas > 1 && wait(ctx, lastWords) {
		err = m.clean(ctx)
	}
	return errors.Join(err, m.attempt.End())
}

// lastWords is how long a standby may take to end, and until then to lead and to write what it thinks.
const lastWords = 2 * time.Second

// clean removes what the application has kept for its attempts, and from the cache what no application needs any more.
func (m *applicationMaster) clean(ctx context.Context) error {
	kept := strings.TrimRight(config.Get(m.conf, config.HighAvailabilityDir), "/") + "/" + clusterFolder(m.conf)
	return errors.Join(submission.RemoveAll(ctx, kept), m.stage.Remove(ctx, m.container.Application().Text()), m.stage.Sweep(ctx, time.Now(), application.DescriptionFile))
}

// outcomeMark begins the diagnostics of an application that has not ended well.
const outcomeMark = "exit code "

// encodeOutcome says how an application has ended, for people and for the command that waits.
func encodeOutcome(code int, message string) string {
	return fmt.Sprintf("%s%d: %s", outcomeMark, code, message)
}

// decodeOutcome is the reverse of encodeOutcome; code is exitFailed if there is none.
func decodeOutcome(diagnostics string) (code int, message string) {
	diagnostics = strings.TrimSpace(diagnostics)
	if rest, ok := strings.CutPrefix(diagnostics, outcomeMark); ok {
		if number, message, ok := strings.Cut(rest, ":"); ok {
			if code, err := strconv.Atoi(number); err == nil {
				return code, strings.TrimSpace(message)
			}
		}
	}
	return exitFailed, diagnostics
}

// runYARNTaskManager runs until the JobManager sends it away.
func runYARNTaskManager(c *cli.Context, s streams) error {
	conf, _, container, _, err := enterContainer(c, "taskmanager")
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	return runTaskManager(ctx, conf, s.err, func(o *taskmanager.Options) {
		go container.Follow(ctx, stageOf(conf), clock.Real, o.Logger)
		o.OutputDir = container.LogDir
		o.Programs = filepath.Join(container.Dir, application.ProgramFolder)
		o.FindMasters = func(ctx context.Context) ([]string, error) {
			all, err := container.Announced(ctx, stageOf(conf))
			var addresses []string
			for _, m := range all {
				addresses = append(addresses, m.Control)
			}
			return addresses, err
		}
	})
}

// stageOf is where the files of the container's application are.
func stageOf(conf *config.Configuration) submission.Stage {
	return submission.Stage{Dir: config.Get(conf, config.YarnStaging), Provided: config.Get(conf, config.YarnProvided)}
}

// containerEnvironment is that of containers: where nobody checks who one is, they act for the user. Programs that link C must
// not map 64 MB for each thread, which would count as virtual memory.
func containerEnvironment(user string) map[string]string {
	env := map[string]string{"MALLOC_ARENA_MAX": "1"}
	if user != "" {
		env["HADOOP_USER_NAME"] = user
	}
	return env
}
