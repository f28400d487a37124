package main

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/yarn/check"
	application "github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/runtime/config"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // staging is there
	hadoop "github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/urfave/cli/v2"
)

func yarnCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "yarn",
		Usage:     "start sessions on YARN, and try what jobs there will need",
		ArgsUsage: "check | session",
		Description: `session starts a cluster for many jobs as an application of YARN: TaskManagers are containers that are asked for when jobs need
slots, and given back when nothing has run on them for resourcemanager.taskmanager-timeout. It becomes that of leat run -t yarn-session
and of leat list, cancel, stop and others with -t yarn-session.

   leat yarn session -d -nm notebooks -s 4
   leat run -t yarn-session ./wordcount
   leat yarn session --stop application_1700000000000_0001

check looks at the configuration (HADOOP_CONF_DIR), the login, the ResourceManager, the queue and the sizes of containers, the
staging folder on HDFS, the clock, and the delegation tokens: one line each, with a remedy. Nothing is submitted.

   leat yarn check
   leat yarn check -D yarn.application.queue=etl -D taskmanager.memory.process.size=4g`,
		CustomHelpTemplate: verbHelp,
		Flags:              flagsOfSession(yarnSessionFlags, "end the session that is `APPLICATION`"),
		Action: func(c *cli.Context) error {
			verbs := map[string]func(*cli.Context, streams) error{"check": checkYARN, "session": startYARNSession, "jobmanager": runYARNJobManager, "standby": runYARNStandby, "taskmanager": runYARNTaskManager}
			run := verbs[c.Args().First()]
			if c.Args().Len() != 1 || run == nil {
				return wrongUsage("yarn: %q: expected check or session", strings.Join(c.Args().Slice(), " "))
			}
			return run(c, s)
		},
	}
}

func checkYARN(c *cli.Context, s streams) error {
	conf, _, err := load(c)
	if err != nil {
		return err
	}
	logger := slog.New(slog.DiscardHandler)
	reachFiles(conf, logger)
	site, err := hadoop.Load(config.Get(conf, config.HadoopConfDir), conf.HadoopProperties())
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	spec, err := application.FromConfig(conf, "leat")
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	ctx, stop := interruptible()
	defer stop()
	return printChecks(c, s, codeOfYARNCheck, func(report func(findings.Finding)) {
		check.Run(ctx, check.Options{Conf: site, Spec: spec, Staging: config.Get(conf, config.YarnStaging), Logger: logger}, report)
	})
}

func codeOfYARNCheck(err error) int {
	switch {
	case errors.Is(err, hadoop.ErrConfiguration):
		return exitUsage
	case errors.Is(err, ipc.ErrUnreachable):
		return exitUnreachable
	}
	return exitRefused
}
