package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/replication"
	"github.com/urfave/cli/v2"
)

func membersCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "members",
		Usage:     "list or change the JobManagers of a cluster",
		ArgsUsage: "list | add HOST:PORT | remove HOST:PORT | lead HOST:PORT | recover",
		Description: `HOST:PORT is that of the control protocol (jobmanager.rpc.address and .port).

   leat members list
   leat members remove head2:6123       a dead one, before its replacement is added
   leat members add head4:6123          start it first
   leat members add head5:6123          also where a member has moved to, with its cluster.state-dir
   leat members lead head2:6123         before head1 is taken down
   leat members recover                 after the loss of a majority for good

recover begins a new generation of the cluster from what is in high-availability.storageDir, which has every job that was
acknowledged, its newest checkpoint and its finished outputs. It ends all older generations: JobManagers of theirs that
still run stop, and their tasks end when their TaskManagers hear of the new one. Streaming jobs go on from their newest
checkpoint, bounded ones with what has not finished. It talks to no server: run it with the configuration of a JobManager,
then start the JobManagers that cluster.control-addresses names. Use it only when a majority cannot come back: with one,
nothing needs to be begun anew.`,
		CustomHelpTemplate: verbHelp,
		Flags:              append(clusterFlags(), &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "recover without asking"}),
		Action:             func(c *cli.Context) error { return members(c, s) },
	}
}

func members(c *cli.Context, s streams) error {
	verb, names := c.Args().First(), c.Args().Tail()
	ctx, stop := interruptible()
	defer stop()
	switch {
	case verb == "recover" && len(names) == 0:
		return recoverCluster(ctx, c, s)
	case (verb == "list" || verb == "") && len(names) == 0:
		return onCluster(c, func(client *rest.Client) error { return listMembers(ctx, c, client, s.out) })
	case verb == "add" && len(names) == 1:
		return onCluster(c, func(client *rest.Client) error {
			id, err := client.AddMember(ctx, names[0])
			if err == nil {
				fmt.Fprintf(s.out, "Member %s is at %s.\n", id, names[0])
			}
			return err
		})
	case verb == "lead" && len(names) == 1:
		return onCluster(c, func(client *rest.Client) error {
			err := client.Transfer(ctx, names[0])
			if err == nil {
				fmt.Fprintf(s.out, "Member %s leads.\n", names[0])
			}
			return err
		})
	case verb == "remove" && len(names) == 1:
		return onCluster(c, func(client *rest.Client) error {
			err := client.RemoveMember(ctx, names[0])
			if err == nil {
				fmt.Fprintf(s.out, "Removed member %s.\n", names[0])
			}
			return err
		})
	}
	return wrongUsage("members: %q: expected list, add HOST:PORT, remove HOST:PORT, lead HOST:PORT or recover", strings.Join(c.Args().Slice(), " "))
}

func onCluster(c *cli.Context, f func(*rest.Client) error) error {
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	return clusterError(f(client))
}

func listMembers(ctx context.Context, c *cli.Context, client *rest.Client, out io.Writer) error {
	all, err := client.Members(ctx)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		encoded, err := json.Marshal(all)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", encoded)
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MEMBER\tADDRESS\tSTATE")
	for _, m := range all.Members {
		state := "does not answer"
		switch {
		case m.Leader:
			state = fmt.Sprintf("leads, generation %d, term %d", all.Generation, all.Term)
		case m.Answers:
			state = "follows"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.ID, m.Address, state)
	}
	return w.Flush()
}

// recoverCluster begins a new generation from the mirror.
func recoverCluster(ctx context.Context, c *cli.Context, s streams) error {
	conf, _, err := load(c)
	if err != nil {
		return err
	}
	if config.Get(conf, config.HighAvailabilityDir) == "" {
		return wrongUsage("recover: %s is not set: nothing outlives the JobManagers", config.HighAvailabilityDir.Key)
	}
	form, err := formOf(conf)
	if err != nil {
		return err
	}
	place, err := placeOf(ctx, conf)
	if err != nil {
		return err
	}
	last, err := replication.Look(ctx, place, seedOf(config.Get(conf, config.ClusterID)))
	if err != nil {
		return err
	}
	if last.Generation == 0 {
		return wrongUsage("recover: no JobManager of cluster %s has ever led: there is nothing in %s; just start it", place.Cluster, config.Get(conf, config.HighAvailabilityDir))
	}
	first := controlAddresses(conf)
	fmt.Fprintf(s.out, "Cluster %s, generation %d, has these jobs:\n", place.Cluster, last.Generation)
	for j := range last.State.Jobs {
		fmt.Fprintln(s.out, "  "+describeLast(j))
	}
	fmt.Fprintf(s.out, "A new generation will be that of %s. JobManagers and tasks of older ones end.\n", strings.Join(first, ", "))
	if !c.Bool("yes") {
		if err := confirm(s); err != nil {
			return err
		}
	}
	g, err := replication.Recover(ctx, place, form, first)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Generation %d has begun. Start its JobManagers now: leat jobmanager\n", g)
	return nil
}

func describeLast(j *job.Job) string {
	text := fmt.Sprintf("%s : %s", j.ID, j.Name)
	if j.State.Terminal() {
		return fmt.Sprintf("%s (%s)", text, j.State)
	}
	if r, ok := j.Checkpoints.Newest(); ok {
		return fmt.Sprintf("%s, from checkpoint %d", text, r.ID)
	}
	return text
}

// confirm asks on a terminal; elsewhere --yes is needed.
func confirm(s streams) error {
	if !isTerminal(s.in) {
		return wrongUsage("recover: nobody can be asked here: add --yes")
	}
	fmt.Fprint(s.out, "Is a majority of the JobManagers lost for good? [y/N] ")
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
		return &exitError{code: exitCancelled, err: errors.New("recover: nothing was changed")}
	}
	return nil
}
