package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/resourcemanager/nomad/check"
)

func nomadCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "nomad",
		Usage:     "start sessions on Nomad, and try what jobs there will need",
		ArgsUsage: "check | session | clean",
		Description: `session starts a cluster for many jobs: its JobManager is the service job leat-ID, and TaskManagers are dispatches of a batch job
that are asked for when jobs need slots, and stopped when nothing has run on them for resourcemanager.taskmanager-timeout. It becomes
that of leat run -t nomad-session and of leat list, cancel, stop and others with -t nomad-session.

   leat nomad session -d -nm notebooks -s 4
   leat run -t nomad-session ./wordcount
   leat nomad session --stop notebooks

check looks at the address, the token and its rights, the namespace, nodes with the driver, and room for a TaskManager: one line
each, with a remedy. Nothing is started. NOMAD_ADDR, NOMAD_TOKEN, NOMAD_REGION, NOMAD_NAMESPACE and the variables for TLS are those
of all tools of HashiCorp.

   leat nomad check
   leat nomad check -D nomad.driver=raw_exec -D taskmanager.memory.process.size=4g

clean removes the jobs, workers and variables of clusters whose JobManager's job has ended, in the namespace. They remove them
themselves when they end; Nomad forgets the jobs after a while.

   leat nomad clean`,
		CustomHelpTemplate: verbHelp,
		Flags:              flagsOfSession(nomadSessionFlags, "end the session with that `ID`"),
		Action: func(c *cli.Context) error {
			verbs := map[string]func(*cli.Context, streams) error{"check": checkNomad, "session": startNomadSession, "clean": cleanNomad, "jobmanager": runNomadJobManager, "taskmanager": runNomadTaskManager}
			run := verbs[c.Args().First()]
			if c.Args().Len() != 1 || run == nil {
				return wrongUsage("nomad: %q: expected check, session or clean", strings.Join(c.Args().Slice(), " "))
			}
			return run(c, s)
		},
	}
}

func checkNomad(c *cli.Context, s streams) error {
	conf, _, err := load(c)
	if err != nil {
		return err
	}
	spec, size, err := nomad.FromConfig(conf, "check")
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	spec.Command, spec.Secret = ownBinary, true
	if err := spec.Check(); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	client, err := nomad.Connect()
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	defer client.Close()
	ctx, stop := interruptible()
	defer stop()
	return printChecks(c, s, codeOfNomadCheck, func(report func(findings.Finding)) {
		check.Run(ctx, check.Options{Client: client, Spec: spec, Size: size}, report)
	})
}

func codeOfNomadCheck(err error) int {
	if err != nil && nomad.Status(err) == 0 || nomad.Status(err) >= http.StatusInternalServerError {
		return exitUnreachable
	}
	return exitRefused
}

// cleanNomad removes what clusters have left behind that are over.
func cleanNomad(c *cli.Context, s streams) error {
	conf, _, err := load(c)
	if err != nil {
		return err
	}
	n, err := openNomad(conf, "clean", sayOn(c, s))
	if err != nil {
		return err
	}
	defer n.close()
	ctx, stop := interruptible()
	defer stop()
	left, err := nomad.Clean(ctx, n.client, &n.spec)
	for _, x := range left {
		if c.Bool("json") {
			fmt.Fprintf(s.out, "{\"clusterId\":%q,\"jobs\":%d}\n", x.Cluster, x.Jobs)
		} else if !c.Bool("quiet") {
			fmt.Fprintf(s.out, "Removed %d jobs of cluster %s\n", x.Jobs, x.Cluster)
		}
	}
	return signalError(ctx, nomadError(err))
}
