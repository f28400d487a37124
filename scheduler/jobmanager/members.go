package jobmanager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/rpc"
)

// ErrRefused says that the members were not changed, because it would do harm or cannot be.
var ErrRefused = errors.New("refused")

// Membership tells and changes who the members are. A log implements it whose members change at run time.
type Membership interface {
	// Masters are the control addresses of the members, as far as this one knows.
	Masters() ([]string, error)
	// Members asks the members whether they are there, which takes a while if one is not.
	Members() ([]MemberStatus, error)
	// AddMember makes the JobManager at a control address a member, or gives a member that has moved there its new address. It
	// returns its ID.
	AddMember(ctx context.Context, control string) (id string, err error)
	// RemoveMember ends the membership of a member, named by its ID or control address.
	RemoveMember(ctx context.Context, member string) error
	// Transfer has a member lead, named by its ID or control address.
	Transfer(ctx context.Context, member string) error
}

// MemberStatus is a member as this one sees it.
type MemberStatus struct {
	// ID is its name for life, Control where it is now.
	ID, Control string
	// Answers is set when it does.
	Answers bool
}

// Members returns the members of the cluster.
func (m *JobManager) Members() ([]MemberStatus, error) {
	if m.membership != nil {
		return m.membership.Members()
	}
	return []MemberStatus{{ID: m.opt.Member.Control, Control: m.opt.Member.Control, Answers: true}}, nil
}

// AddMember makes the JobManager at a control address a member, or notes that a member is there now. It returns its ID.
// Changes come one after the other.
func (m *JobManager) AddMember(ctx context.Context, control string) (id string, err error) {
	err = m.changeMembers(func(all Membership) error {
		id, err = all.AddMember(ctx, control)
		return err
	})
	return id, err
}

// RemoveMember ends the membership of a member.
func (m *JobManager) RemoveMember(ctx context.Context, member string) error {
	return m.changeMembers(func(all Membership) error { return all.RemoveMember(ctx, member) })
}

// Transfer has a member lead instead of this one. Tasks go on.
func (m *JobManager) Transfer(ctx context.Context, member string) error {
	return m.changeMembers(func(all Membership) error { return all.Transfer(ctx, member) })
}

func (m *JobManager) changeMembers(change func(Membership) error) error {
	if m.membership == nil {
		return fmt.Errorf("%w: this JobManager is alone and stays so: set high-availability.type to raft", ErrRefused)
	}
	m.changing.Lock()
	defer m.changing.Unlock()
	return change(m.membership)
}

// masters are the control addresses of all members: the known ones until there is an agreement.
func (m *JobManager) masters() []string {
	if m.membership == nil {
		return m.opt.Masters
	}
	masters, err := m.membership.Masters()
	if err != nil || len(masters) == 0 {
		return m.opt.Masters
	}
	return masters
}

// tellMasters tells TaskManagers who the members are when that has changed.
func (m *JobManager) tellMasters() {
	now := m.masters()
	if m.leader == nil || slices.Equal(now, m.leader.masters) {
		return
	}
	m.leader.masters = now
	for _, s := range m.leader.sessions {
		if s.number != 0 {
			m.tell(s, &rpc.Down{Message: &rpc.Down_Alive{Alive: &rpc.Alive{Masters: now}}})
		}
	}
}
