package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/jobmanager/replication"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/urfave/cli/v2"
)

// runYARNStandby runs a JobManager beside the ApplicationMaster: it agrees with it on what happens, and leads while there is none.
func runYARNStandby(c *cli.Context, s streams) error {
	m, path, err := enterMaster(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	m.running = ctx
	h := m.head(s)
	h.workers.provide, h.workers.first = m.stand, 0
	return h.run(ctx, path, s)
}

// stand takes the place of a standby when the ports are open.
func (m *applicationMaster) stand(h *head) (resourcemanager.Provider, error) {
	own, err := m.fixPorts(h)
	if err != nil {
		return nil, err
	}
	go m.container.Follow(m.running, m.stage, clock.Real, h.logger)
	ctx, cancel := context.WithTimeout(m.running, announcePatience)
	defer cancel()
	h.first, h.running = []string{own.Control}, func(ctx context.Context) { m.keepMembership(ctx, h, own, false) }
	return absent{}, m.container.Announce(ctx, m.stage, own)
}

// absent is the Provider of a JobManager that is no ApplicationMaster: only that one can speak to YARN.
type absent struct{}

func (absent) Elastic() bool { return true }
func (absent) Request(context.Context, resourcemanager.Worker) error {
	return fmt.Errorf("%w: there is no ApplicationMaster at the moment", resourcemanager.ErrBusy)
}
func (absent) Release(context.Context, string) error {
	return fmt.Errorf("%w: there is no ApplicationMaster at the moment", resourcemanager.ErrBusy)
}
func (absent) Found(context.Context) ([]resourcemanager.Worker, error) { return nil, nil }
func (absent) Lost() <-chan resourcemanager.Loss                       { return nil }
func (absent) Close() error                                            { return nil }

// replicate decides with whom an ApplicationMaster begins that has others beside it: a later attempt joins those that are left, and if they
// are none that lead, it begins a new generation from what is on HDFS.
func (m *applicationMaster) replicate(ctx context.Context, h *head, own application.Member) error {
	h.first, h.running = []string{own.Control}, func(ctx context.Context) { m.keepMembership(ctx, h, own, true) }
	if m.container.Attempt() == 1 {
		return nil
	}
	left, err := m.members(ctx, own)
	if err != nil {
		return err
	}
	switch lives, err := m.livesOn(ctx, h.logger, left); {
	case err != nil:
		return err
	case lives:
		return nil
	}
	place, err := placeOf(ctx, m.conf)
	if err != nil {
		return err
	}
	g, err := replication.Recover(ctx, place, replication.Raft, h.first)
	if err != nil {
		return err
	}
	h.logger.Warn("no majority of the application's JobManagers is left: jobs go on from their newest checkpoints", "generation", g)
	return nil
}

// livesOn tells whether JobManagers that are left agree on who leads. It waits for their election while one of them can be reached
// itself: until then they name the leader that is dead.
func (m *applicationMaster) livesOn(ctx context.Context, logger *slog.Logger, left []string) (bool, error) {
	for end := time.Now().Add(joinPatience); time.Now().Before(end); {
		there := false
		for _, address := range left {
			client, err := m.client(address)
			if err != nil {
				return false, err
			}
			if all, err := ask(ctx, client); err == nil {
				logger.Info("others of the application's JobManagers are left", "members", len(all.Members))
				return true, nil
			}
			there = there || listens(ctx, address)
		}
		if !there {
			return false, nil
		}
		if !wait(ctx, electionPeriod) {
			return false, ctx.Err()
		}
	}
	return false, nil
}

// listens tells whether somebody listens on an address.
func listens(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: memberPatience}).DialContext(ctx, "tcp", address)
	return err == nil && conn.Close() == nil
}

// members are the REST addresses of the JobManagers that have announced themselves, but for this one.
func (m *applicationMaster) members(ctx context.Context, own application.Member) (addresses []string, err error) {
	all, err := m.container.Announced(ctx, m.stage)
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return nil, err
	}
	for _, x := range all {
		if x.REST != own.REST {
			addresses = append(addresses, x.REST)
		}
	}
	return addresses, nil
}

func (m *applicationMaster) client(addresses ...string) (*rest.Client, error) {
	return clientOfApplication(m.conf, addresses, config.Get(m.conf, config.SecretFile))
}

// How often a JobManager looks at who the others are, how long an answer may take, and how often one that begins asks during an
// election; how long there may be no leader before an ApplicationMaster gives up, or one that begins does not wait for an election
// any more; and how often a member may be silent before it is removed.
const (
	memberPeriod   = time.Second
	memberPatience = 3 * time.Second
	electionPeriod = 100 * time.Millisecond
	joinPatience   = 10 * time.Second
	leaderless     = 20 * time.Second
	mostSilence    = 3
)

func ask(ctx context.Context, client *rest.Client) (messages.Members, error) {
	ctx, cancel := context.WithTimeout(ctx, memberPatience)
	defer cancel()
	return client.Members(ctx)
}

// wait is false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

var errNoMajority = errors.New("a majority of the application's JobManagers is lost")

// keepMembership makes this JobManager a member of those of the application. The ApplicationMaster removes the dead ones, and
// leads, since only it can ask for containers; if there has been no leader for long, it makes room for the next attempt.
func (m *applicationMaster) keepMembership(ctx context.Context, h *head, own application.Member, master bool) {
	led, silent := time.Now(), map[string]int{}
	var client *rest.Client
	for ; ctx.Err() == nil; wait(ctx, memberPeriod) {
		if client == nil {
			others, err := m.members(ctx, own)
			if err == nil {
				client, err = m.client(append([]string{own.REST}, others...)...)
			}
			if err != nil {
				h.logger.Warn("the other JobManagers were not found", "error", err)
				continue
			}
		}
		all, err := ask(ctx, client)
		if err != nil {
			client = nil
			if master && time.Since(led) > leaderless {
				m.abandon(errNoMajority)
				return
			}
			continue
		}
		led = time.Now()
		if err := changeOf(all, own.Control, master, silent).apply(ctx, client, own.Control); err != nil && ctx.Err() == nil {
			h.logger.Info("the JobManagers of the application have not changed yet", "error", err)
		}
	}
}

// change is what is to be done about the members.
type change struct {
	remove    []string // ids of dead ones
	add, lead bool     // this one
}

// changeOf decides by what the leader says. silent counts how often members have not answered, by their ids.
func changeOf(all messages.Members, own string, master bool, silent map[string]int) (c change) {
	at := slices.IndexFunc(all.Members, func(x messages.Member) bool { return x.Address == own })
	c.add, c.lead = at < 0, at >= 0 && master && !all.Members[at].Leader
	for _, x := range all.Members {
		silent[x.ID]++
		switch {
		case x.Answers:
			delete(silent, x.ID)
		case master && (c.add || silent[x.ID] >= mostSilence):
			c.remove = append(c.remove, x.ID)
		}
	}
	return c
}

func (c change) apply(ctx context.Context, client *rest.Client, own string) error {
	for _, id := range c.remove {
		if err := client.RemoveMember(ctx, id); err != nil {
			return err
		}
	}
	if c.add {
		if _, err := client.AddMember(ctx, own); err != nil {
			return err
		}
	}
	if c.lead {
		return client.Transfer(ctx, own)
	}
	return nil
}

// standbyCommand starts a standby.
var standbyCommand = []string{"./" + application.BinaryFile, "yarn", "standby", "--config=" + application.ConfigurationFile}

// standbys says how standbys are started: like this ApplicationMaster, with what workers are told.
func (m *applicationMaster) standbys(o *application.Options) {
	o.Standbys, o.StandbyCommand = m.spec.Replicas-1, standbyCommand
	o.StandbySize = resourcemanager.Size{Slots: 1, MemoryBytes: m.spec.Master.MemoryMB << 20, MilliCPUs: int(m.spec.Master.VCores) * 1000}
}
