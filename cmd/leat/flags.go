package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// Flags that every verb has.
func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "D", Usage: "set a configuration `KEY=VALUE`; may be given often"},
		&cli.StringFlag{Name: "config", Usage: "configuration `FILE`"},
		&cli.BoolFlag{Name: "json", Usage: "output for machines"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors only"},
	}
}

// Flags of the verbs that start a program, with Flink's names.
func programFlags() []cli.Flag {
	return append(commonFlags(),
		&cli.StringFlag{Name: "parallelism", Aliases: []string{"p"}, Usage: "`NUMBER` of parallel sub-tasks"},
		&cli.StringFlag{Name: "target", Aliases: []string{"t"}, Usage: "where to run: `local`, remote, yarn-application, yarn-session, nomad-application or nomad-session"},
		&cli.BoolFlag{Name: "detached", Aliases: []string{"d"}, Usage: "do not wait for the job's end; the program's main function runs on the cluster"},
		&cli.StringFlag{Name: "jobmanager", Aliases: []string{"m"}, Usage: "run on the cluster whose REST server is `HOST:PORT`"},
		&cli.StringFlag{Name: "fromSavepoint", Aliases: []string{"s"}, Usage: "start from the checkpoint or savepoint at `PATH`"},
		&cli.BoolFlag{Name: "allowNonRestoredState", Aliases: []string{"n"}, Usage: "skip state of it that no operator wants"},
		&cli.StringFlag{Name: "claimMode", Aliases: []string{"cm", "restoreMode", "rm"}, Usage: "owner of the savepoint's files: `NO_CLAIM` or CLAIM"},
		&cli.BoolFlag{Name: "shutdownOnAttachedExit", Aliases: []string{"sae"}, Usage: "cancel the job when the client ends, as is done anyway"},
		&cli.StringFlag{Name: "class", Aliases: []string{"c"}, Usage: "ignored: a Go program has one main function, no entry `CLASS`"},
	)
}

// load is the configuration that a verb's flags ask for, and the file it was read from, if any.
func load(c *cli.Context) (*config.Configuration, string, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("finding the configuration beside the binary: %w", err)
	}
	conf, path, err := config.Load(config.Sources{
		File:       c.String("config"),
		Executable: executable,
		Environ:    os.Environ(),
		Dynamic:    c.StringSlice("D"),
	})
	if err != nil {
		return nil, "", &exitError{code: exitUsage, err: err}
	}
	return conf, path, findSecret(conf, path)
}

// secretName is the file beside config.yaml in which scripts/start-cluster.sh keeps the cluster's secret.
const secretName = "secret"

// findSecret takes the secret beside the configuration file when no other is set.
func findSecret(conf *config.Configuration, path string) error {
	beside := filepath.Join(filepath.Dir(path), secretName)
	if _, set := config.Lookup(conf, config.SecretFile); set || path == "" {
		return nil
	}
	if info, err := os.Stat(beside); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return conf.SetFrom("the file beside "+path, config.SecretFile.Key, beside)
}

// applyProgramFlags lays the flags of programFlags over the configuration, and refuses what this version cannot do.
func applyProgramFlags(c *cli.Context, conf *config.Configuration) error {
	for _, f := range []struct{ flag, key string }{
		{"parallelism", config.DefaultParallelism.Key},
		{"target", config.ExecutionTarget.Key},
		{"fromSavepoint", config.RestorePath.Key},
		{"allowNonRestoredState", config.AllowNonRestoredState.Key},
		{"claimMode", config.RestoreClaimMode.Key},
	} {
		if !c.IsSet(f.flag) {
			continue
		}
		if err := conf.SetFrom("--"+f.flag, f.key, fmt.Sprint(c.Value(f.flag))); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	if err := applyJobManagerFlag(c, conf); err != nil {
		return err
	}
	if c.IsSet("jobmanager") && !c.IsSet("target") {
		if err := conf.SetFrom("-m", config.ExecutionTarget.Key, remote); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	target := config.Get(conf, config.ExecutionTarget)
	switch {
	case target != local && target != remote && !onYARN(conf) && !onNomad(conf):
		return wrongUsage("target %q: expected %s, the program's own process; %s, a cluster; %s, an application of YARN; %s, a session there; or %s, %s: set -t or %s to one of them",
			target, local, remote, yarnApplication, yarnSession, nomadApplication, nomadSession, config.ExecutionTarget.Key)
	case (onYARN(conf) || onNomad(conf)) && c.IsSet("jobmanager"):
		return wrongUsage("-m: %s has a JobManager of its own: leave -m or -t %s out", target, target)
	case target == local && c.IsSet("jobmanager"):
		return wrongUsage("-m: a local job has no JobManager: leave -m or -t local out")
	case target == local && detached(c, conf):
		return wrongUsage("-d: a detached job needs a cluster: name it with -m HOST:PORT, or leave -d out")
	}
	return restoreFlags(c, conf)
}

// The targets.
const (
	local  = "local"
	remote = "remote"
	// yarnApplication is an application of YARN that is the program's alone.
	yarnApplication = "yarn-application"
	// yarnSession is one that runs jobs of many programs.
	yarnSession = "yarn-session"
	// nomadApplication is a cluster on Nomad that is the program's alone.
	nomadApplication = "nomad-application"
	// nomadSession is one that runs jobs of many programs.
	nomadSession = "nomad-session"
)

// detached tells whether the end of the job is not waited for.
func detached(c *cli.Context, conf *config.Configuration) bool {
	return c.Bool("detached") || !config.Get(conf, config.ExecutionAttached)
}

// withoutConfiguration is an environment without the variables that set configuration keys or say where they are.
func withoutConfiguration(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), config.IsConfiguration)
}
