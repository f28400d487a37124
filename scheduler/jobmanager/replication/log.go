package replication

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"

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
	ctx, stop := context.WithCancel(context.Background())
	r := &replicated{Log: mirrored, members: members, member: m, stop: stop}
	r.watching.Go(func() { m.tellRemoved(ctx, members) })
	return r, nil
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
	var first []raft.Member
	for _, control := range m.first {
		first = append(first, raft.Member{ID: control, Address: control})
	}
	return raft.Open(raft.Options{Member: raft.Member{ID: m.ID, Address: m.opt.Control}, Cluster: m.opt.Place.Cluster, Generation: m.Generation,
		Dir: filepath.Join(m.dir, "raft"), Listener: m.opt.Listener, Dial: m.opt.Dial, Bootstrap: first, Logger: m.opt.Logger}, machine)
}

// CheckControl refuses a control address that a member cannot have: the others reach it there, too.
func CheckControl(control string) error {
	_, port, err := net.SplitHostPort(control)
	if err != nil {
		return fmt.Errorf("%q: expected HOST:PORT of a JobManager's control protocol", control)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q: replicated JobManagers need fixed ports", control)
	}
	return nil
}

// replicated is a mirrored log whose members change at run time.
type replicated struct {
	*mirror.Log
	members  *raft.Log
	member   *Member
	stop     context.CancelFunc
	watching sync.WaitGroup
}

var _ jobmanager.Membership = (*replicated)(nil)

// Close implements log.Log.
func (r *replicated) Close() error {
	r.stop()
	r.watching.Wait()
	return r.Log.Close()
}

// Masters implements jobmanager.Membership.
func (r *replicated) Masters() ([]string, error) {
	all, err := r.members.Members()
	if err != nil {
		return nil, err
	}
	var masters []string
	for _, m := range all {
		masters = append(masters, m.Address)
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
		out = append(out, jobmanager.MemberStatus{ID: m.ID, Control: m.Address, Answers: m.Answers})
	}
	return out, nil
}

// AddMember implements jobmanager.Membership.
func (r *replicated) AddMember(ctx context.Context, control string) (id string, err error) {
	if err := CheckControl(control); err != nil {
		return "", refused(err)
	}
	m, err := r.members.Add(ctx, control)
	if err != nil {
		return "", refusal(err)
	}
	_, err = r.member.opt.Place.Join(ctx, r.member.Generation, m.ID)
	return m.ID, err
}

// RemoveMember implements jobmanager.Membership. One that is none any more loses its mark in the mirror, too: the removal may have
// ended in between.
func (r *replicated) RemoveMember(ctx context.Context, name string) error {
	if err := r.Verify(ctx); err != nil {
		return refusal(err)
	}
	m, known, err := r.find(name)
	if err != nil {
		return err
	}
	if err := r.members.Remove(ctx, m.ID); err != nil {
		if known {
			return refusal(err)
		}
		return errors.Join(refusal(err), r.member.opt.Place.Leave(ctx, r.member.Generation, m.ID))
	}
	return r.member.opt.Place.Leave(ctx, r.member.Generation, m.ID)
}

// Transfer implements jobmanager.Membership.
func (r *replicated) Transfer(ctx context.Context, name string) error {
	m, _, err := r.find(name)
	if err != nil {
		return err
	}
	if m.ID == r.member.ID { // it is asked because it leads
		return r.Verify(ctx)
	}
	return refusal(r.members.Transfer(ctx, m))
}

// find returns the member of that control address, else the one that has that ID; known is false if there is none.
func (r *replicated) find(name string) (m raft.Member, known bool, err error) {
	all, err := r.members.Members()
	if err != nil {
		return m, false, err
	}
	m = raft.Member{ID: name, Address: name}
	for _, x := range all {
		if x.Address == name {
			return x, true, nil
		}
		if x.ID == name {
			m, known = x, true
		}
	}
	return m, known, nil
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
