package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/runtime/config"
	joblog "github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/raft"
)

// replicated tells whether the JobManager has others beside it, and refuses what cannot be replicated.
func (h *head) replicated() (bool, error) {
	kind := strings.ToLower(config.Get(h.conf, config.HighAvailability))
	members := controlAddresses(h.conf)
	switch {
	case kind == "none" && len(members) == 1:
		return false, nil
	case kind == "none":
		return false, wrongUsage("%s names %d JobManagers: set %s to raft, so that they agree", config.ControlAddresses.Key, len(members), config.HighAvailability.Key)
	case kind != "raft" && kind != "zookeeper":
		return false, wrongUsage("%s: %q: expected NONE or raft; zookeeper means raft too, for Leat replicates its own state", config.HighAvailability.Key, kind)
	case len(members) != 3 && len(members) != 5:
		return false, wrongUsage("%s names %d JobManagers: three can lose one, five can lose two; name so many", config.ControlAddresses.Key, len(members))
	case config.Get(h.conf, config.StateDir) == "" || config.Get(h.conf, config.HighAvailabilityDir) == "":
		return false, wrongUsage("replicated JobManagers need %s, a folder of each one's own, and %s, a folder that all of them reach", config.StateDir.Key, config.HighAvailabilityDir.Key)
	}
	own := net.JoinHostPort(config.Get(h.conf, config.JobManagerAddress), strconv.Itoa(config.Get(h.conf, config.JobManagerPort)))
	if !slices.Contains(members, own) {
		return false, wrongUsage("%s does not name this JobManager, %s: set jobmanager.rpc.address and .port to one of %s", config.ControlAddresses.Key, own, strings.Join(members, ", "))
	}
	return true, nil
}

// agreementPort is where members of a replicated JobManager speak to each other: the port after that of the control protocol.
func agreementPort(control string) (string, error) {
	host, port, err := net.SplitHostPort(control)
	if err != nil {
		return "", wrongUsage("%s: %q: expected host:port", config.ControlAddresses.Key, control)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n >= 65535 {
		return "", wrongUsage("%s: %q: replicated JobManagers need fixed ports", config.ControlAddresses.Key, control)
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1)), nil
}

// raftLog prepares the log of a replicated JobManager.
func (h *head) raftLog() (func(joblog.Machine) (joblog.Log, error), error) {
	var all []raft.Member
	var own raft.Member
	for _, control := range controlAddresses(h.conf) {
		address, err := agreementPort(control)
		if err != nil {
			return nil, err
		}
		m := raft.Member{ID: control, Address: address}
		all = append(all, m)
		if control == net.JoinHostPort(config.Get(h.conf, config.JobManagerAddress), strconv.Itoa(config.Get(h.conf, config.JobManagerPort))) {
			own = m
		}
	}
	_, port, err := net.SplitHostPort(own.Address)
	if err != nil {
		return nil, err
	}
	l, err := listen("the replicated log", config.Get(h.conf, config.JobManagerBindHost), port, config.JobManagerPort.Key)
	if err != nil {
		return nil, err
	}
	h.later(func() { _ = l.Close() })
	return func(m joblog.Machine) (joblog.Log, error) {
		return raft.Open(raft.Options{Member: own, Dir: filepath.Join(h.stateDir, "raft"), Listener: h.peers.Listen(l, agreement, h.logger), Dial: h.dialMember,
			Bootstrap: all, Logger: h.logger}, m)
	}, nil
}

// agreement is the protocol of connections between members.
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
