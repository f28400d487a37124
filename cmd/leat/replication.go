package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/scheduler/jobmanager/replication"
	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
)

// formOf is how a JobManager keeps its log. It refuses what cannot be replicated.
func formOf(conf *config.Configuration) (replication.Form, error) {
	kind := strings.ToLower(config.Get(conf, config.HighAvailability))
	members := controlAddresses(conf)
	switch {
	case kind == "none" && len(members) == 1 && config.Get(conf, config.StateDir) == "":
		return replication.Claimed, nil
	case kind == "none" && len(members) == 1:
		return replication.Alone, nil
	case kind == "none":
		return "", wrongUsage("%s names %d JobManagers: set %s to raft, so that they agree", config.ControlAddresses.Key, len(members), config.HighAvailability.Key)
	case kind != "raft" && kind != "zookeeper":
		return "", wrongUsage("%s: %q: expected NONE or raft; zookeeper means raft too, for Leat replicates its own state", config.HighAvailability.Key, kind)
	case len(members) != 3 && len(members) != 5:
		return "", wrongUsage("%s names %d JobManagers: three can lose one, five can lose two; name so many", config.ControlAddresses.Key, len(members))
	case config.Get(conf, config.StateDir) == "" || config.Get(conf, config.HighAvailabilityDir) == "":
		return "", wrongUsage("replicated JobManagers need %s, a folder of each one's own, and %s, a folder that all of them reach", config.StateDir.Key, config.HighAvailabilityDir.Key)
	}
	for _, m := range members {
		if err := replication.CheckControl(m); err != nil {
			return "", wrongUsage("%s: %w", config.ControlAddresses.Key, err)
		}
	}
	return replication.Raft, nil
}

// form is that of this JobManager.
func (h *head) form() (replication.Form, error) {
	if len(h.first) > 0 {
		return replication.Raft, nil
	}
	return formOf(h.conf)
}

// placeOf is where the mirror of the cluster's state is.
func placeOf(ctx context.Context, conf *config.Configuration) (mirror.Place, error) {
	folder := config.Get(conf, config.HighAvailabilityDir)
	fs, dir, err := filesystem.For(ctx, folder)
	if err != nil {
		return mirror.Place{}, fmt.Errorf("%s: %w", config.HighAvailabilityDir.Key, err)
	}
	return mirror.Place{FS: fs, Dir: dir, Cluster: clusterFolder(conf)}, nil
}

// clusterFolder is the name of the cluster within the folder that its JobManagers share.
func clusterFolder(conf *config.Configuration) string {
	return strings.Trim(config.Get(conf, config.ClusterID), "/")
}

// ownControl is the control address under which this JobManager is configured.
func ownControl(conf *config.Configuration) string {
	return net.JoinHostPort(config.Get(conf, config.JobManagerAddress), strconv.Itoa(config.Get(conf, config.JobManagerPort)))
}

// join joins the generation of the cluster that lives.
func (h *head) join(ctx context.Context, form replication.Form) (*replication.Member, error) {
	place, err := placeOf(ctx, h.conf)
	if err != nil {
		return nil, err
	}
	opt := replication.Options{Place: place, Form: form, Control: ownControl(h.conf), First: controlAddresses(h.conf), Dir: h.stateDir,
		Dial: h.dialMember, Seed: seedOf(config.Get(h.conf, config.ClusterID)), Clock: clock.Real, Logger: h.logger}
	if len(h.first) > 0 {
		opt.First = h.first
	}
	if form == replication.Raft {
		if !slices.Contains(opt.First, opt.Control) {
			return nil, wrongUsage("%s does not name this JobManager, %s: set jobmanager.rpc.address and .port to one of %s", config.ControlAddresses.Key,
				opt.Control, strings.Join(opt.First, ", "))
		}
		h.beside = []*security.Beside{security.NewBeside(agreement, h.control.Addr())}
		h.later(func() { _ = h.beside[0].Close() })
		opt.Listener = h.beside[0]
	}
	return replication.Join(ctx, opt)
}

// agreement is the protocol of connections between members, with which greetings of scheduler/log/raft begin.
const agreement = "leat-raft"

// dialMember connects to another member, which must prove that it is one.
func (h *head) dialMember(address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	member, err := h.peers.Client(ctx, c, agreement)
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("JobManager %s: %w", address, err)
	}
	return member, nil
}
