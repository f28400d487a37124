package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	hadoop "github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// yarnClient speaks to YARN for a command.
type yarnClient struct {
	conf   *config.Configuration
	site   hadoop.Conf
	rm     *rm.Client
	stage  submission.Stage
	notice func(text string)
}

// openYARN finds the cluster that HADOOP_CONF_DIR names. It connects to nobody yet. Keys that have no effect are noticed.
func openYARN(conf *config.Configuration, notice func(string)) (*yarnClient, error) {
	logger := slog.New(slog.DiscardHandler)
	uploading := conf
	var err error
	if n := config.Get(conf, config.YarnReplication); n > 0 {
		if uploading, err = conf.With("flink.hadoop.dfs.replication", strconv.Itoa(n)); err != nil {
			return nil, err
		}
	}
	reachFiles(uploading, logger)
	for _, w := range conf.Warnings() {
		notice(w)
	}
	y := &yarnClient{conf: conf, notice: notice}
	if y.site, err = hadoop.Load(config.Get(conf, config.HadoopConfDir), conf.HadoopProperties()); err != nil {
		return nil, yarnError(err)
	}
	if y.rm, err = rm.Connect(rm.Options{Conf: y.site, Logger: logger, NoTokens: true, CallerContext: "leat"}); err != nil {
		return nil, yarnError(err)
	}
	if y.stage, err = submission.StageIn(config.Get(conf, config.YarnStaging), config.Get(conf, config.YarnProvided), y.site, y.rm.User()); err != nil {
		return nil, yarnError(err)
	}
	return y, nil
}

// known is YARN's report on an application, which it must know.
func (y *yarnClient) known(ctx context.Context, id *wire.ApplicationId) (*wire.ApplicationReport, error) {
	r, err := y.rm.Report(ctx, id)
	if errors.Is(err, rm.ApplicationNotFoundException) {
		err = &exitError{code: exitUnreachable, err: fmt.Errorf("%s does not know %s, or not any more; yarn application -list shows what runs", y.rm, id.Text())}
	}
	return r, yarnError(err)
}

// yarnError is an error of Hadoop with the exit code that it asks for.
func yarnError(err error) error {
	var exit *exitError
	if err == nil || errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		return err
	}
	return &exitError{code: codeOfYARNCheck(err), err: err}
}

// submitted is an application that this command has submitted.
type submitted struct {
	*yarnClient
	id     *wire.ApplicationId
	secret string // the file of the cluster's secret
	// asked is set when YARN may have it, staged when it may have files on HDFS.
	asked, staged bool
}

// submit has YARN start an application, the program's or, if that is nil, a session. What fails leaves nothing behind.
func (y *yarnClient) submit(ctx context.Context, spec submission.Spec, p *child) (*submitted, error) {
	if runtime.GOOS != "linux" {
		return nil, wrongUsage("containers of YARN run this very program, which is built for %s: submit from a host with Linux", runtime.GOOS)
	}
	id, cluster, err := submission.Look(ctx, y.rm, spec.Queue)
	if err != nil {
		return nil, yarnError(err)
	}
	for _, f := range spec.Check(cluster) {
		if f.Fatal {
			return nil, &exitError{code: exitRefused, err: errors.New(f.Text)}
		}
		y.notice(f.Text)
	}
	app := &submitted{yarnClient: y, id: id}
	if err := app.send(ctx, spec, p); err != nil {
		return nil, errors.Join(yarnError(err), app.undo(ctx))
	}
	y.forgetEnded(ctx)
	return app, nil
}

// send hands the application to YARN.
func (a *submitted) send(ctx context.Context, spec submission.Spec, p *child) error {
	s, err := a.makeSecret()
	if err != nil {
		return err
	}
	master, err := a.master(ctx, p, s)
	if err != nil {
		return err
	}
	began := time.Now()
	a.asked = true
	if _, err = a.rm.Submit(ctx, spec.Context(a.id, master)); errors.Is(err, rm.ErrForbidden) {
		return errors.New(spec.Forbidden(a.rm.User()))
	}
	if errors.Is(err, rm.InvalidLabelResourceRequestException) {
		return fmt.Errorf("%s: YARN does not take the label %q: %w", config.YarnNodeLabel.Key, spec.NodeLabel, err)
	}
	if err != nil {
		return err
	}
	a.notice(fmt.Sprintf("application %s was accepted by queue %s after %s", a.id.Text(), spec.Queue, time.Since(began).Round(time.Millisecond)))
	return nil
}

// master says how the ApplicationMaster is started, when all that it needs is on HDFS.
func (a *submitted) master(ctx context.Context, p *child, s secret.Secret) (*wire.ContainerLaunchContext, error) {
	nn, err := namenode.Connect(namenode.Options{Conf: a.site, Authority: authority(a.stage.Dir), NoTokens: true, CallerContext: "leat_" + a.id.Text()})
	if err != nil {
		return nil, err
	}
	defer nn.Close()
	tokens, err := submission.Tokens(ctx, a.site, nn, a.rm)
	if err != nil {
		return nil, err
	}
	application.AddSecret(tokens, s.Bytes())
	folder := a.stage.Application(a.id.Text())
	if err := nn.MkdirAll(ctx, within(folder), 0o700); err != nil {
		return nil, fmt.Errorf("folder %s for the application's files (%s): %w", folder, config.YarnStaging.Key, err)
	}
	a.staged = true
	if _, err := a.stage.Own(ctx, a.id.Text(), secretName, strings.NewReader(string(s.Bytes()))); err != nil {
		return nil, err
	}
	files, d, err := a.files(ctx, p)
	if err != nil {
		return nil, err
	}
	packed, err := d.Pack()
	if err != nil {
		return nil, err
	}
	if len(packed) <= application.MostInTokens {
		application.AddDescription(tokens, packed)
		delete(files, application.DescriptionFile)
	}
	user, err := namenode.UserName()
	if err != nil {
		return nil, err
	}
	return (&launch.Launch{
		Files: files, Command: []string{"./" + application.BinaryFile, "yarn", "jobmanager", "--config=" + application.ConfigurationFile},
		Environment: containerEnvironment(user), Credentials: tokens,
		View: config.Get(a.conf, config.YarnViewACL), Modify: config.Get(a.conf, config.YarnModifyACL),
	}).Context()
}

// files puts what containers need on HDFS: those of workers, and for the ApplicationMaster the description of the application too.
func (a *submitted) files(ctx context.Context, p *child) (map[string]launch.File, application.Description, error) {
	var d application.Description
	self, err := os.Executable()
	if err != nil {
		return nil, d, fmt.Errorf("finding the binary for containers: %w", err)
	}
	local := append(submission.Shipped(config.Get(a.conf, config.YarnShipFiles), config.Get(a.conf, config.YarnShipArchives)),
		submission.Local{Name: application.BinaryFile, Path: self})
	files, err := a.stage.Files(ctx, local)
	if err != nil {
		return nil, d, err
	}
	id := a.id.Text()
	conf := a.conf.Clone()
	if err := conf.Set(config.YarnStaging.Key, a.stage.Dir); err != nil {
		return nil, d, err
	}
	if err := a.stores(ctx, conf, files); err != nil {
		return nil, d, err
	}
	d = application.Description{Configuration: string(conf.YAML(notShipped)), Site: string(sharedSite(a.site).Site())}
	own := map[string]launch.File{}
	if d.Kerberos, err = a.kerberos(ctx, own); err != nil {
		return nil, d, err
	}
	if p != nil {
		d.Program, d.Args = p.program.name(), p.args
		f, err := a.stage.File(ctx, p.program.path)
		if err != nil {
			return nil, d, err
		}
		d.Digest = submission.Digest(f)
		files[application.ProgramFolder+"/"+d.Digest] = f
	}
	d.SetFiles(files)
	content, err := d.Encode()
	if err != nil {
		return nil, d, err
	}
	if own[application.DescriptionFile], err = a.stage.Own(ctx, id, application.DescriptionFile, bytes.NewReader(content)); err != nil {
		return nil, d, err
	}
	maps.Copy(own, d.Files)
	return own, d, nil
}

// notShipped tells which keys are about this host, or about a cluster that stands already.
func notShipped(key string) bool {
	prefixes := []string{"flink.hadoop.", "flink.yarn.", "hadoop.", "jobmanager.rpc.", "rest.", "security.kerberos."}
	keys := []string{config.SecretFile.Key, config.ExecutionTarget.Key, config.ExecutionAttached.Key, config.HadoopConfDir.Key, config.JobManagerBindHost.Key,
		config.TaskManagerHost.Key, config.TaskManagerBindHost.Key, config.Masters.Key, config.ControlAddresses.Key, config.StateDir.Key, config.WorkDir.Key,
		config.LogFile.Key, config.ClusterID.Key, config.HighAvailability.Key, config.ResourceID.Key, config.YarnApplicationID.Key}
	return slices.Contains(keys, key) || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// undo ends the application if YARN has it, and removes its files.
func (a *submitted) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var err error
	if a.asked {
		if err = a.rm.Kill(ctx, a.id, "the command that submitted it has ended"); errors.Is(err, rm.ApplicationNotFoundException) {
			err = nil
		}
	}
	return errors.Join(err, a.forget(ctx))
}

// forget removes what is kept for an application that has ended.
func (a *submitted) forget(ctx context.Context) (err error) {
	if a.staged {
		err = a.stage.Remove(ctx, a.id.Text())
	}
	if a.secret != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(a.secret)))
	}
	return err
}

func authority(dir string) string {
	u, err := url.Parse(dir)
	if err != nil {
		return ""
	}
	return u.Host
}

func within(dir string) string {
	u, err := url.Parse(dir)
	if err != nil {
		return dir
	}
	return u.Path
}
