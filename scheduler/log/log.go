package log

import (
	"context"
	"errors"
)

// MaxEntry is the largest entry in bytes.
const MaxEntry = 64 << 10

// The kinds of failure, told apart by errors.Is.
var (
	// ErrNotLeader: nothing was done, another member may lead.
	ErrNotLeader = errors.New("this JobManager does not lead")
	// ErrUnknown: the entry may be applied or not. Stop leading.
	ErrUnknown = errors.New("it is not known whether the entry was taken")
	// ErrFull: nothing was done, there is no space.
	ErrFull = errors.New("no space left for the log")
	// ErrTooLarge: nothing was done.
	ErrTooLarge = errors.New("entry is larger than 64 KiB")
	// ErrFenced: a newer generation of the cluster has begun; this one is over for good.
	ErrFenced = errors.New("a newer generation of the cluster has begun")
	// ErrClosed: the log was closed, or has failed in a way that only a restart of the process can mend.
	ErrClosed = errors.New("the log is closed")
)

// Log takes entries. All methods may be called concurrently.
type Log interface {
	// Propose appends an entry and returns its index when it is durable and applied to this member's machine. When ctx ends
	// meanwhile the result is ErrUnknown, unless nothing was done.
	Propose(ctx context.Context, entry []byte) (index uint64, err error)

	// Leadership tells who leads.
	Leadership() Leadership

	// Changed returns a channel that is closed when Leadership has changed. Ask for it before Leadership.
	Changed() <-chan struct{}

	// Verify confirms that this member leads at this moment. Ask before anything that cannot be undone.
	Verify(ctx context.Context) error

	// Restore replaces the state of all members by a snapshot, durably.
	Restore(ctx context.Context, snapshot []byte) error

	// Close ends the member. The machine is not called any more when it has returned.
	Close() error
}

// Leadership is what a member knows about who leads.
type Leadership struct {
	// Leading is set while this member leads, all earlier entries applied.
	Leading bool
	// Term counts leaderships; it is that of this member while it is Leading.
	Term uint64
	// Leader is the address of the leader, as far as known.
	Leader string
	// Over is why this member will never lead again and should end: ErrFenced.
	Over error
}

// Machine is what entries are applied to. The log calls one method at a time, from any goroutine.
type Machine interface {
	// Apply applies the entry at index, and returns the facts in it that must outlive all members, encoded, or nil. An error
	// means that this member cannot go on: the log closes.
	Apply(index uint64, entry []byte) (facts []byte, err error)
	// Snapshot encodes the whole state.
	Snapshot() []byte
	// Restore replaces the state by a snapshot.
	Restore(snapshot []byte) error
}
