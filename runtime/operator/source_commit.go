package operator

import (
	"context"
	"slices"

	"github.com/leatproject/leat/storage/source"
)

// positionCommitter tells the sources that want to know (source.PositionCommitter) the positions of complete checkpoints. All
// but run belongs to the task's goroutine.
type positionCommitter struct {
	sources []source.Source
	env     source.Env
	wanted  bool
	next    [][]source.Split // by source: what the next checkpoint holds
	pending []heldPositions  // by checkpoint, oldest first
	due     chan [][]source.Split
}

type heldPositions struct {
	checkpoint uint64
	splits     [][]source.Split // by source
}

// newPositionCommitter returns one that does nothing if there are no checkpoints (saved).
func newPositionCommitter(sources []source.Source, env source.Env, saved bool) positionCommitter {
	c := positionCommitter{sources: sources, env: env, next: make([][]source.Split, len(sources)), due: make(chan [][]source.Split, 1)}
	c.wanted = saved && slices.ContainsFunc(sources, func(s source.Source) bool { _, ok := s.(source.PositionCommitter); return ok })
	return c
}

// note adds a split to what the next checkpoint holds: one that is in the state, or the last position of one that has ended.
func (c *positionCommitter) note(number int, split source.Split) {
	if _, ok := c.sources[number].(source.PositionCommitter); ok && c.wanted {
		c.next[number] = append(c.next[number], split)
	}
}

// barrier says that what was noted belongs to a checkpoint.
func (c *positionCommitter) barrier(checkpoint uint64) {
	if c.wanted {
		c.pending = append(c.pending, heldPositions{checkpoint, c.next})
		c.next = make([][]source.Split, len(c.sources))
	}
}

// complete hands over the positions of a checkpoint, those of ended splits in earlier ones included; what is not yet taken of
// an earlier one is then out of date and comes first.
func (c *positionCommitter) complete(checkpoint uint64) {
	if len(c.pending) == 0 || c.pending[0].checkpoint > checkpoint {
		return
	}
	due := make([][]source.Split, len(c.sources))
	for len(c.pending) > 0 && c.pending[0].checkpoint <= checkpoint {
		for i, splits := range c.pending[0].splits {
			due[i] = append(due[i], splits...)
		}
		c.pending = c.pending[1:]
	}
	select {
	case before := <-c.due:
		for i := range due {
			due[i] = append(before[i], due[i]...)
		}
	default:
	}
	c.due <- due
}

// run commits what is handed over until ctx ends.
func (c *positionCommitter) run(ctx context.Context) {
	for {
		var due [][]source.Split
		select {
		case due = <-c.due:
		case <-ctx.Done():
			return
		}
		for i, splits := range due {
			to, ok := c.sources[i].(source.PositionCommitter)
			if !ok || len(splits) == 0 {
				continue
			}
			if err := to.CommitPositions(ctx, c.env, lastOfEach(splits)); err != nil && ctx.Err() == nil {
				c.env.Logger.Warn("the positions of a checkpoint could not be committed", "error", err)
			}
		}
	}
}

// lastOfEach keeps the last of the splits with one id.
func lastOfEach(splits []source.Split) (kept []source.Split) {
	for i := len(splits) - 1; i >= 0; i-- {
		if !slices.ContainsFunc(kept, func(s source.Split) bool { return s.ID == splits[i].ID }) {
			kept = append(kept, splits[i])
		}
	}
	return kept
}
