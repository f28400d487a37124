package replication

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/scheduler/log/raft"
)

// OpenLog opens the log of a member, mirrored. With the form Raft it is a jobmanager.Membership, too.
func (m *Member) OpenLog(machine log.Machine) (log.Log, error) {
	var members *raft.Log
	mirrored, err := mirror.Open(mirror.Options{Place: m.opt.Place, Generation: m.Generation, Rebuild: m.rebuild, Clock: m.opt.Clock, Logger: m.opt.Logger},
		machine, func(machine log.Machine) (_ log.Log, err error) {
			switch m.opt.Form {
			case Raft:
				members, err = m.openRaft(machine)
				return members, err
			case Alone:
				return log.OpenFile(log.FileOptions{Dir: filepath.Join(m.dir, "log")}, machine)
			}
			return log.NewMemory(machine), nil
		})
	if err != nil || members == nil {
		return mirrored, err
	}
	return &replicated{mirrored, members, m}, nil
}

func (m *Member) rebuild(l mirror.Left) ([]byte, error) {
	s, err := job.Rebuild(m.opt.Seed, l.Snapshot, l.Facts)
	if err != nil {
		return nil, err
	}
	m.opt.Logger.Info("a new generation takes over", "generation", m.Generation, "from", l.Generation, "facts", len(l.Facts))
	return s.Snapshot(), nil
}

func (m *Member) openRaft(machine log.Machine) (*raft.Log, error) {
	own, err := AgreementAddress(m.opt.Control)
	if err != nil {
		return nil, err
	}
	var first []raft.Member
	for _, control := range m.first {
		address, err := AgreementAddress(control)
		if err != nil {
			return nil, err
		}
		first = append(first, raft.Member{ID: control, Address: address})
	}
	return raft.Open(raft.Options{Member: raft.Member{ID: m.ID, Address: own}, Cluster: m.opt.Place.Cluster, Generation: m.Generation,
		Dir: filepath.Join(m.dir, "raft"), Listener: m.opt.Listener, Dial: m.opt.Dial, Bootstrap: first, Logger: m.opt.Logger}, machine)
}

// AgreementAddress is where a member speaks to the others: the port after that of its control address.
func AgreementAddress(control string) (string, error) { return beside(control, 1) }

func beside(address string, step int) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q: expected HOST:PORT of a JobManager's control protocol", address)
	}
	n, err := strconv.Atoi(port)
	if n += step; err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("%q: replicated JobManagers need fixed ports, this one and the next", address)
	}
	return net.JoinHostPort(host, strconv.Itoa(n)), nil
}

// replicated is a mirrored log whose members change at run time.
type replicated struct {
	*mirror.Log
	members *raft.Log
	member  *Member
}

var _ jobmanager.Membership = (*replicated)(nil)

// Masters implements jobmanager.Membership.
func (r *replicated) Masters() ([]string, error) {
	all, err := r.members.Members()
	if err != nil {
		return nil, err
	}
	var masters []string
	for _, m := range all {
		control, err := beside(m.Address, -1)
		if err != nil {
			return nil, err
		}
		masters = append(masters, control)
	}
	return masters, nil
}

// Members implements jobmanager.Membership.
func (r *replicated) Members() ([]jobmanager.MemberStatus, error) {
	all, err := r.members.Ask()
	if err != nil {
		return nil, err
	}
	var out []jobmanager.MemberStatus
	for _, m := range all {
		control, err := beside(m.Address, -1)
		if err != nil {
			return nil, err
		}
		out = append(out, jobmanager.MemberStatus{ID: m.ID, Control: control, Answers: m.Answers})
	}
	return out, nil
}

// AddMember implements jobmanager.Membership.
func (r *replicated) AddMember(ctx context.Context, control string) (id string, err error) {
	address, err := AgreementAddress(control)
	if err != nil {
		return "", refused(err)
	}
	m, err := r.members.Add(ctx, address)
	if err != nil {
		return "", refusal(err)
	}
	_, err = r.member.opt.Place.Join(ctx, r.member.Generation, m.ID)
	return m.ID, err
}

// RemoveMember implements jobmanager.Membership.
func (r *replicated) RemoveMember(ctx context.Context, name string) error {
	all, err := r.members.Members()
	if err != nil {
		return err
	}
	id := name
	if address, err := AgreementAddress(name); err == nil {
		for _, m := range all {
			if m.Address == address {
				id = m.ID
			}
		}
	}
	if err := r.members.Remove(ctx, id); err != nil {
		return refusal(err)
	}
	return r.member.opt.Place.Leave(ctx, r.member.Generation, id)
}

func refused(err error) error { return fmt.Errorf("%w: %w", jobmanager.ErrRefused, err) }

// refusal is an error of the members as callers of a JobManager know it.
func refusal(err error) error {
	switch {
	case errors.Is(err, raft.ErrRefused):
		return refused(err)
	case errors.Is(err, log.ErrNotLeader):
		return fmt.Errorf("%w: %w", jobmanager.ErrNotLeader, err)
	}
	return err
}
