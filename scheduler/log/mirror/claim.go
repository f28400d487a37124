package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/filesystem"
)

// Claim begins a new generation of the cluster and ends all older ones. It is the given one, or a higher one if that has begun: on
// YARN the number of the application's attempt, elsewhere 0 for the next. Of concurrent callers each gets its own, and the
// highest one lives.
func Claim(ctx context.Context, p Place, least uint64) (generation uint64, err error) {
	all, err := p.generations(ctx)
	if err != nil {
		return 0, err
	}
	g := uint64(1)
	if len(all) > 0 {
		g = all[len(all)-1] + 1
	}
	for ; ; g++ { // those in between begin too: a leader looks for its successor only
		taken, err := p.create(ctx, g)
		if err != nil {
			return 0, fmt.Errorf("begin generation %d of cluster %s: %w", g, p.Cluster, err)
		}
		if taken && g >= least {
			return g, nil
		}
	}
}

// create makes a begin file; it is not taken when another has it.
func (p Place) create(ctx context.Context, g uint64) (taken bool, err error) {
	w, err := p.FS.Create(ctx, p.begin(g))
	if err == nil {
		err = w.Close()
	}
	if errors.Is(err, filesystem.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// Left is what a dead generation has left. Snapshot is nil when there was none; Facts came after it, in order.
type Left struct {
	Snapshot []byte
	Facts    [][]byte
}

// Read returns what the newest generation below the given one that ever led has left.
func Read(ctx context.Context, p Place, below uint64) (Left, error) {
	all, err := p.generations(ctx)
	if err != nil {
		return Left{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] >= below {
			continue
		}
		if left, err := p.left(ctx, all[i]); err != nil || left.Snapshot != nil {
			return left, err
		}
	}
	return Left{}, nil
}

func (p Place) left(ctx context.Context, g uint64) (Left, error) {
	snapshots, err := p.files(ctx, g, snapshotSuffix)
	if err != nil || len(snapshots) == 0 {
		return Left{}, err
	}
	newest := snapshots[len(snapshots)-1]
	facts, err := p.files(ctx, g, factsSuffix)
	if err != nil {
		return Left{}, err
	}
	var l Left
	if l.Snapshot, err = p.read(ctx, newest.path); err != nil {
		return Left{}, err
	}
	for _, f := range facts {
		if f.sequence <= newest.sequence {
			continue
		}
		b, err := p.read(ctx, f.path)
		if err != nil {
			return Left{}, err
		}
		l.Facts = append(l.Facts, b)
	}
	return l, nil
}
