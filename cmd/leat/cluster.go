package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/urfave/cli/v2"
)

// clusterFlags are those of the verbs that speak to a cluster.
func clusterFlags() []cli.Flag {
	return append(commonFlags(), &cli.StringFlag{Name: "target", Aliases: []string{"t"}, Usage: "`yarn-session`, yarn-application, nomad-session or nomad-application: see -Dyarn.application.id, -Dnomad.cluster-id"},
		&cli.StringFlag{Name: "jobmanager", Aliases: []string{"m"}, Usage: "`HOST:PORT` of the cluster's REST server; several with commas between"})
}

// reachFiles gives file systems their configuration: hadoop's folder, and flink.hadoop.* and fs.* properties.
func reachFiles(conf *config.Configuration, logger *slog.Logger) {
	filesystem.Configure(filesystem.Options{Logger: logger, ConfDir: config.Get(conf, config.HadoopConfDir), Properties: conf.HadoopProperties()})
}

// applyJobManagerFlag lets -m name the cluster.
func applyJobManagerFlag(c *cli.Context, conf *config.Configuration) error {
	if !c.IsSet("jobmanager") {
		return nil
	}
	var members []string
	for name := range strings.SplitSeq(c.String("jobmanager"), ",") {
		host, port, err := net.SplitHostPort(strings.TrimSpace(name))
		if err != nil {
			host, port = strings.TrimSpace(name), config.RestPort.Format(config.Get(conf, config.RestPort))
		}
		if host == "" || strings.Contains(host+port, "/") {
			return wrongUsage("-m %s: expected HOST:PORT of the cluster's REST server, or of several with commas between", c.String("jobmanager"))
		}
		members = append(members, net.JoinHostPort(host, port))
	}
	if err := conf.SetFrom("-m", config.Masters.Key, strings.Join(members, ",")); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	return nil
}

// connect is a client of the cluster that a verb's flags and configuration name.
func connect(c *cli.Context) (*rest.Client, *config.Configuration, error) {
	conf, _, err := load(c)
	if err != nil {
		return nil, nil, err
	}
	if err := applyJobManagerFlag(c, conf); err != nil {
		return nil, nil, err
	}
	if c.IsSet("target") {
		if err := conf.SetFrom("-t", config.ExecutionTarget.Key, c.String("target")); err != nil {
			return nil, nil, &exitError{code: exitUsage, err: err}
		}
	}
	if reach := reachYARN; onYARN(conf) || onNomad(conf) {
		if onNomad(conf) {
			reach = reachNomad
		}
		ctx, stop := interruptible()
		defer stop()
		if err := reach(ctx, conf); err != nil {
			return nil, nil, err
		}
	}
	client, err := clientOf(conf)
	return client, conf, err
}

// electionPatience is how long a verb waits for a leader where there are several JobManagers.
const electionPatience = 5 * time.Second

func clientOf(conf *config.Configuration) (*rest.Client, error) {
	patience := time.Duration(0)
	if len(config.Get(conf, config.Masters)) > 1 {
		patience = electionPatience
	}
	client, err := rest.FromConfiguration(conf, patience)
	if err != nil {
		return nil, wrongUsage("%w", err)
	}
	return client, nil
}

// clusterError is an error of a cluster's client with the exit code that it asks for.
func clusterError(err error) error {
	var coded interface{ ExitCode() int }
	switch {
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitInterrupted}
	case errors.As(err, &coded):
		return &exitError{code: coded.ExitCode(), err: err}
	}
	return err
}

// interruptible is a context that SIGINT and SIGTERM end.
func interruptible() (context.Context, func()) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

// openLog is the logger of a JobManager or TaskManager, with the files that it writes by name.
func openLog(conf *config.Configuration, name string, errs io.Writer) (logger *slog.Logger, files map[string]string, done func(), err error) {
	out, done := errs, func() {}
	if path := config.Get(conf, config.LogFile); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("opening the log: %w (%s)", err, config.LogFile.Key)
		}
		out, files, done = f, map[string]string{name + ".log": path}, func() { _ = f.Close() }
	}
	var handler slog.Handler = slog.NewTextHandler(out, nil)
	if config.Get(conf, config.LogFormat) == "json" {
		handler = slog.NewJSONHandler(out, nil)
	}
	logger = slog.New(handler)
	for _, w := range conf.Warnings() {
		logger.Warn(w)
	}
	return logger, files, done, nil
}

// listen opens the first free port of a range such as 8081 or 8081-8090.
func listen(what, host, ports, key string) (net.Listener, error) {
	low, high, isRange := strings.Cut(ports, "-")
	first, err := strconv.Atoi(strings.TrimSpace(low))
	last := first
	if err == nil && isRange {
		last, err = strconv.Atoi(strings.TrimSpace(high))
	}
	if err != nil || first < 0 || last < first || last > 65535 {
		return nil, wrongUsage("%s: %q is no port or range of ports", key, ports)
	}
	var failures []error
	for port := first; port <= last; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
		failures = append(failures, err)
	}
	return nil, wrongUsage("%s cannot listen: %w; end what uses the port, or set %s to another", what, errors.Join(failures...), key)
}

func portOf(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "0"
	}
	return port
}
