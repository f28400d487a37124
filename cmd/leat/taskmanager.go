package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/leatproject/leat/resourcemanager/exporter"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/taskmanager"
	"github.com/urfave/cli/v2"
	"google.golang.org/grpc"
)

func taskManagerCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "taskmanager",
		Usage: "run a TaskManager in the foreground",
		Description: `It connects to the JobManager (jobmanager.rpc.address and .port) and runs the tasks of jobs in processes of their own. It ends with
SIGTERM, and when there has been no JobManager for taskmanager.registration.timeout.

   leat taskmanager
   leat taskmanager -D taskmanager.numberOfTaskSlots=4 -D jobmanager.rpc.address=head
   leat taskmanager -D cluster.secret-file=/etc/leat/secret -D taskmanager.bind-host=0.0.0.0 -D taskmanager.host=worker1`,
		CustomHelpTemplate: verbHelp,
		Flags:              commonFlags(),
		Action: func(c *cli.Context) error {
			conf, _, err := load(c)
			if err != nil {
				return err
			}
			ctx, stop := interruptible()
			defer stop()
			return runTaskManager(ctx, conf, s.err)
		},
	}
}

// runTaskManager runs until ctx ends or the cluster is gone. set may change its options.
func runTaskManager(ctx context.Context, conf *config.Configuration, errs io.Writer, set ...func(*taskmanager.Options)) error {
	logger, files, done, err := openLog(conf, "taskmanager", errs)
	if err != nil {
		return err
	}
	defer done()
	reachFiles(conf, logger)
	opt, folders, err := taskManagerOptions(conf, logger)
	defer folders.remove()
	if err != nil {
		return err
	}
	opt.Logger, opt.LogFiles = logger.With("taskmanager", opt.Resource), files
	for _, f := range set {
		f(&opt)
	}
	t, err := taskmanager.New(opt)
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	s, err := loadSecret(conf)
	if err != nil {
		return err
	}
	report, err := exporter.Start(conf, s, t.Metrics, opt.Logger)
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	defer report()
	opt.Logger.Info("TaskManager started", "data", t.Address(), "slots", opt.Slots, "masters", opt.Masters, "version", version)
	err = t.Run(ctx)
	opt.Logger.Info("TaskManager stopped")
	if errors.Is(err, taskmanager.ErrClusterGone) {
		return &exitError{code: exitUnreachable, err: err}
	}
	return err
}

// workDirs are the folders of the process.
type workDirs []*taskmanager.WorkDir

func (w *workDirs) make(parent, key string) error {
	d, err := taskmanager.NewWorkDir(parent)
	if err != nil {
		return fmt.Errorf("making the TaskManager's folder: %w (%s)", err, key)
	}
	*w = append(*w, d)
	return nil
}

func (w workDirs) remove() {
	for _, d := range w {
		d.Remove() //nolint:errcheck // the next TaskManager removes what is left
	}
}

func taskManagerOptions(conf *config.Configuration, logger *slog.Logger) (opt taskmanager.Options, folders workDirs, err error) {
	id, err := loadMembership(conf, logger)
	if err != nil {
		return opt, nil, err
	}
	bind := config.Get(conf, config.TaskManagerBindHost)
	if err := id.guard("the TaskManager", bind); err != nil {
		return opt, nil, err
	}
	if id.internal == nil && !secret.IsLoopback(bind) {
		logger.Warn("rows between TaskManagers travel in the clear: set " + config.InternalTLS.Key + ", or let nobody else listen on the network")
	}
	resource, err := resourceName(conf)
	if err != nil {
		return opt, nil, err
	}
	if err := folders.make(config.Get(conf, config.WorkDir), config.WorkDir.Key); err != nil {
		return opt, folders, err
	}
	var local []string
	for i, parent := range config.Get(conf, config.LocalBackupDirs) {
		if err := folders.make(parent, config.LocalBackupDirs.Key); err != nil {
			return opt, folders, err
		}
		local = append(local, folders[i+1].Path)
	}
	slots := max(1, config.Get(conf, config.TaskSlots))
	memory := int64(config.Get(conf, config.SlotMemory))
	if memory == 0 {
		memory = int64(config.Get(conf, config.TaskManagerProcessSize)) / int64(slots)
	}
	info, _ := debug.ReadBuildInfo()
	return taskmanager.Options{Resource: resource, Masters: controlAddresses(conf),
		Listen: net.JoinHostPort(bind, strconv.Itoa(config.Get(conf, config.TaskManagerDataPort))), Host: hostName(conf, bind), Slots: slots,
		SlotMemory: memory, Dir: filepath.Clean(folders[0].Path), LocalState: local, Secret: id.secret.Bytes(), Certificates: id.internal,
		Dial:     []grpc.DialOption{grpc.WithTransportCredentials(id.peers.Credentials(logger))},
		Launcher: taskmanager.Processes{}, ClusterTimeout: config.Get(conf, config.ClusterTimeout),
		CancellationTimeout: config.Get(conf, config.CancellationTimeout), WorkerTimeout: config.Get(conf, config.WorkerTimeout), Build: identify(info).Version}, folders, nil
}

// resourceName is the configured name, or one that no other process has.
func resourceName(conf *config.Configuration) (string, error) {
	if name := config.Get(conf, config.ResourceID); name != "" {
		return name, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("naming the TaskManager: %w; set %s", err, config.ResourceID.Key)
	}
	var random [3]byte
	rand.Read(random[:])
	return fmt.Sprintf("%s-%d-%x", host, os.Getpid(), random), nil
}

// hostName is where others reach the TaskManager: its configured host, else where it listens, else the machine's name.
func hostName(conf *config.Configuration, bind string) string {
	if host := config.Get(conf, config.TaskManagerHost); host != "" {
		return host
	}
	if ip := net.ParseIP(bind); bind == "" || ip != nil && ip.IsUnspecified() {
		host, _ := os.Hostname()
		return cmp.Or(host, "localhost")
	}
	return bind
}
