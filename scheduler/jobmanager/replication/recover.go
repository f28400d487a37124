package replication

import (
	"context"
	"encoding/json"
	"math"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/log/mirror"
)

// Last is what the mirror has of a cluster.
type Last struct {
	// Generation is the newest that has led; 0 when there was none.
	Generation uint64
	State      *job.State
}

// Look reads what a new generation would begin with.
func Look(ctx context.Context, place mirror.Place, seed uint64) (Last, error) {
	left, err := mirror.Read(ctx, place, math.MaxUint64)
	if err != nil {
		return Last{}, err
	}
	s, err := job.Rebuild(seed, left.Snapshot, left.Facts)
	return Last{left.Generation, s}, err
}

// Recover begins a new generation, which ends all older ones: their leaders stop within seconds, their TaskManagers when they hear
// of the new one. Its first members find what it takes over when they are started.
func Recover(ctx context.Context, place mirror.Place, form Form, first []string) (generation uint64, err error) {
	b, err := json.Marshal(note{form, first})
	if err != nil {
		return 0, err
	}
	return mirror.Claim(ctx, place, 0, b)
}
