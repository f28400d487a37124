package relational

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/vector"
)

// graceJoin is a hash join whose build side does not fit into memory.
type graceJoin struct {
	join  *HashJoin
	parts [2]*partitions // while rows come
	tasks []graceTask
	task  *graceTask // that is being worked on
	begun bool
}

// graceTask is a partition of both sides.
type graceTask struct {
	queues [2]*batchQueue
	level  int
	whole  bool // not to be partitioned again: that has not helped, or cannot

	split  [2]*partitions
	carry  *column.Batch // of the build side, what did not fit any more
	loaded bool          // the table is there
	later  *batchQueue   // rows of the other side that may have partners in the next part of the build side
	had    []bool        // by row of the other side, in order: it has had a partner
	row    int           // of had, where the batch begins
}

func newGraceJoin(j *HashJoin) (*graceJoin, error) {
	g := &graceJoin{join: j}
	var err error
	if g.parts, err = g.partition(0); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *graceJoin) partition(level int) (p [2]*partitions, err error) {
	for side, types := range g.join.output.types {
		if p[side], err = newPartitions(g.join.ctx, types, g.join.pools[side], level); err != nil {
			return p, errors.Join(err, p[0].close())
		}
	}
	return p, nil
}

func (g *graceJoin) add(side int, b *vector.Batch) error {
	return g.addTo(&g.parts, side, b)
}

func (g *graceJoin) addTo(p *[2]*partitions, side int, b *vector.Batch) error {
	return p[side].add(b, g.join.keys.vectors(side, b, nil))
}

// queue makes tasks of what was partitioned; of is how many rows of the build side that were.
func (g *graceJoin) queue(p *[2]*partitions, level int, of int64) error {
	left, err := p[0].finish()
	if err != nil {
		return err
	}
	right, err := p[1].finish()
	build := [2][]*batchQueue{left, right}[g.join.build()]
	for i := range left {
		t := graceTask{queues: [2]*batchQueue{left[i], nil}, level: level, whole: g.join.loop || level >= maxPartitionLevel || build[i].rows > of/10*9}
		if err == nil {
			t.queues[1] = right[i]
		}
		g.tasks = append(g.tasks, t)
	}
	return err
}

// resume works on a task for a while.
func (g *graceJoin) resume() (more bool, err error) {
	if !g.begun {
		g.begun = true
		return true, g.queue(&g.parts, 0, 1<<62)
	}
	if g.task == nil {
		if len(g.tasks) == 0 {
			return false, nil
		}
		t := g.tasks[len(g.tasks)-1]
		g.tasks = g.tasks[:len(g.tasks)-1]
		g.task = &t
	}
	t := g.task
	switch {
	case t.split[0] != nil:
		return true, g.splitSome(t)
	case !t.loaded:
		return true, g.load(t)
	}
	return true, g.probeSome(t)
}

// load adds a batch to the part of the build side in memory, or makes a table of it.
func (g *graceJoin) load(t *graceTask) error {
	j := g.join
	b := t.carry
	t.carry = nil
	if b == nil {
		var err error
		if b, err = t.queues[j.build()].pop(); err != nil {
			return err
		}
	}
	if b == nil {
		return g.index(t)
	}
	fits, err := j.reserve(b)
	if err != nil {
		b.Release()
		return err
	}
	switch {
	case fits:
	case j.held < minBuildBytes || t.whole && j.rows.rows == 0:
		n := buildBytes(b)
		j.ctx.Memory.Overdraw(n)
		j.held += n
	case t.whole:
		t.carry = b
		return g.index(t)
	default:
		defer b.Release()
		return g.split(t, column.Vectors(b))
	}
	j.rows.add(b)
	return nil
}

// split begins to partition a task further: what is in memory, and b.
func (g *graceJoin) split(t *graceTask, b *vector.Batch) (err error) {
	if t.split, err = g.partition(t.level + 1); err != nil {
		return err
	}
	build := g.join.build()
	for _, chunk := range g.join.rows.chunks {
		if err := g.addTo(&t.split, build, chunk); err != nil {
			return err
		}
	}
	g.join.giveUpRows()
	return g.addTo(&t.split, build, b)
}

// splitSome partitions a batch, or ends that.
func (g *graceJoin) splitSome(t *graceTask) error {
	for side, q := range t.queues {
		b, err := q.pop()
		if err != nil {
			return err
		}
		if b != nil {
			defer b.Release()
			return g.addTo(&t.split, side, column.Vectors(b))
		}
	}
	total := int64(0)
	for i, q := range t.split[g.join.build()].queues {
		total += q.rows + int64(t.split[g.join.build()].pending[i].Length)
	}
	g.task = nil
	return errors.Join(g.queue(&t.split, t.level+1, total), t.close())
}

// index makes the table of what is in memory. If more is to come, rows of the other side are kept for that.
func (g *graceJoin) index(t *graceTask) (err error) {
	j := g.join
	if err := j.makeTable(); err != nil {
		return err
	}
	probe := t.queues[1-j.build()]
	t.loaded, t.row = true, 0
	j.probe.last, j.probe.rest = t.carry == nil, nil
	keeps := j.Kind.keeps(1 - j.build())
	if t.carry == nil {
		if t.had == nil {
			return nil
		}
	} else if t.later, err = newBatchQueue(j.ctx, probe.types, probe.pool); err != nil {
		return err
	}
	if keeps && t.had == nil {
		t.had = make([]bool, probe.rows)
	}
	j.probe.rest = func(b *vector.Batch) error {
		if keeps {
			for i, row := range j.probe.list {
				t.had[t.row+i] = j.probe.matched[row]
			}
			t.row += len(j.probe.list)
		}
		if t.later == nil {
			return nil
		}
		return t.later.push(b)
	}
	return nil
}

// probeSome goes on with the batch of the other side, or takes the next, or ends with the table.
func (g *graceJoin) probeSome(t *graceTask) error {
	j := g.join
	if j.probe.batch != nil {
		_, err := j.probe.step()
		return err
	}
	side := 1 - j.build()
	b, err := t.queues[side].pop()
	if err != nil {
		return err
	}
	if b != nil {
		j.probe.begin(b)
		if t.had != nil {
			for i, row := range j.probe.list {
				j.probe.matched[row] = t.had[t.row+i]
			}
		}
		return nil
	}
	if more, err := j.probe.emitMarked(); more || err != nil {
		return err
	}
	j.giveUpRows()
	if t.carry == nil {
		g.task = nil
		return t.close()
	}
	err = t.queues[side].close()
	t.queues[side], t.later, t.loaded = t.later, nil, false
	return err
}

func (t *graceTask) close() error {
	if t.carry != nil {
		t.carry.Release()
		t.carry = nil
	}
	return errors.Join(t.queues[0].close(), t.queues[1].close(), t.later.close(), t.split[0].close(), t.split[1].close())
}

func (g *graceJoin) close() error {
	if g == nil {
		return nil
	}
	err := errors.Join(g.parts[0].close(), g.parts[1].close())
	if g.task != nil {
		err = errors.Join(err, g.task.close())
	}
	for i := range g.tasks {
		err = errors.Join(err, g.tasks[i].close())
	}
	return err
}
