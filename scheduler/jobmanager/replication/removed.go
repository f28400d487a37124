package replication

import (
	"context"
	"time"

	"github.com/leatproject/leat/scheduler/log"
)

// leaderless is how long a member that knows no leader waits until it looks whether it was removed.
const leaderless = 5 * time.Second

// leadership is the part of a log that tells who leads.
type leadership interface {
	Leadership() log.Leadership
	Changed() <-chan struct{}
}

// tellRemoved says that this member was removed, which it may not have learnt from its leader: that one sends it nothing any
// more. It looks at the mirror while no leader is known, until ctx ends.
func (m *Member) tellRemoved(ctx context.Context, of leadership) {
	for ctx.Err() == nil {
		changed := of.Changed()
		if of.Leadership().Leader != "" {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		wake := make(chan struct{})
		disarm := m.opt.Clock.AfterFunc(leaderless, func() { close(wake) })
		select {
		case <-wake:
		case <-changed:
		case <-ctx.Done():
		}
		disarm()
		if isClosed(changed) || ctx.Err() != nil { // a leader was known meanwhile
			continue
		}
		if joined, err := m.opt.Place.Joined(ctx, m.Generation, m.ID); err == nil && !joined {
			m.opt.Logger.Warn("this JobManager is no member of the cluster any more: stop it, or add it again", "member", m.ID)
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
