package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/filesystem"
)

// Claim begins a new generation of the cluster and ends all older ones. It is the given one, or a higher one if that has begun: on
// YARN the number of the application's attempt, elsewhere 0 for the next. Of concurrent callers each gets its own, and the
// highest one lives. Who joins the generation can read note, see Newest.
func Claim(ctx context.Context, p Place, least uint64, note []byte) (generation uint64, err error) {
	all, err := p.generations(ctx)
	if err != nil {
		return 0, err
	}
	g := uint64(1)
	if len(all) > 0 {
		g = all[len(all)-1] + 1
	}
	for ; ; g++ { // those in between begin too: a leader looks for its successor only
		taken, err := p.create(ctx, p.begin(g), note)
		if err != nil {
			return 0, fmt.Errorf("begin generation %d of cluster %s: %w", g, p.Cluster, err)
		}
		if taken && g >= least {
			return g, nil
		}
	}
}

// Newest returns the newest generation, and the note that it began with. The first one is begun, with the given note, when
// there is none.
func Newest(ctx context.Context, p Place, first []byte) (generation uint64, note []byte, err error) {
	all, err := p.generations(ctx)
	if err != nil {
		return 0, nil, err
	}
	generation = 1
	if len(all) > 0 {
		generation = all[len(all)-1]
	}
	if _, err := p.create(ctx, p.begin(generation), first); err != nil {
		return 0, nil, fmt.Errorf("begin generation %d of cluster %s: %w", generation, p.Cluster, err)
	}
	note, err = p.read(ctx, p.begin(generation))
	return generation, note, err
}

// create makes a file unless there is one of that name, and tells whether it has.
func (p Place) create(ctx context.Context, name string, payload []byte) (made bool, err error) {
	switch err := p.put(ctx, name, payload); {
	case errors.Is(err, filesystem.ErrExist):
		return false, nil
	default:
		return err == nil, err
	}
}

// Led tells whether a generation has ever had a leader.
func (p Place) Led(ctx context.Context, generation uint64) (bool, error) {
	all, err := p.files(ctx, generation, snapshotSuffix)
	return len(all) > 0, err
}

// Join notes that a member takes part in a generation, and tells whether it is the first time: a member that comes without its
// state and is not new must not take part, since it could contradict what it has agreed to before.
func (p Place) Join(ctx context.Context, generation uint64, member string) (first bool, err error) {
	if first, err = p.create(ctx, p.member(generation, member), nil); err != nil {
		return false, fmt.Errorf("join generation %d of cluster %s: %w", generation, p.Cluster, err)
	}
	return first, nil
}

// Joined tells whether a member takes part in a generation.
func (p Place) Joined(ctx context.Context, generation uint64, member string) (bool, error) {
	return p.exists(ctx, p.member(generation, member))
}

// Leave notes that a member does not take part any more: the others have removed it.
func (p Place) Leave(ctx context.Context, generation uint64, member string) error {
	err := p.FS.Remove(ctx, p.member(generation, member))
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return fmt.Errorf("leave generation %d of cluster %s: %w", generation, p.Cluster, err)
	}
	return nil
}

// Left is what a dead generation has left. Snapshot is nil when there was none; Facts came after it, in order.
type Left struct {
	Generation uint64
	Snapshot   []byte
	Facts      [][]byte
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
			left.Generation = all[i]
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
