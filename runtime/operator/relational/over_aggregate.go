package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/operator/relational/aggregates"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// overAggregate is an aggregate function over frames. A frame that is a whole partition is aggregated once. Of small frames each row is
// added to each; large ones are put together of blocks of rows whose partial results are there already, a tree of them for each
// partition, so that a result depends on nothing but the partition.
type overAggregate struct {
	call     OverCall
	spec     aggregates.Spec
	whole    bool            // frames are partitions
	sliding  bool            // DISTINCT: frames begin with different rows
	of       []datatype.Type // of the arguments
	results  aggregates.Accumulator
	nodes    aggregates.Accumulator
	selector aggregates.Selector

	w      *overRows
	out    *vector.Vector
	args   []*vector.Vector
	filter *vector.Vector
	count  int     // groups that are to be computed: frames
	place  []int32 // by row that has no result yet, its group
	// first are rows that are added to groups, then nodes that are merged, last more rows.
	first, parts, last framePairs
	levels             []int            // the first node of each level of the tree
	states             []*vector.Vector // of the nodes
	some               vector.Vector
	before             []int32 // DISTINCT: by row, the one before of equal arguments in its partition, -1 for none
}

const (
	// blockRows is how many rows the smallest node of a tree has, smallFrame the most rows that are added one by one.
	blockRows  = 16
	smallFrame = 4 * blockRows
	// overGroups and overPairs bound what is computed at once.
	overGroups = 4096
	overPairs  = 64 << 10
)

func (o *Over) newAggregate(c OverCall) (overCall, error) {
	a := &overAggregate{call: c, whole: o.Frame.isPartition(o.OrderBy)}
	a.sliding = c.Distinct && !a.whole && o.Frame.Start.Kind != UnboundedPreceding
	for _, i := range c.Args {
		a.of = append(a.of, o.Input[i])
	}
	a.spec = aggregates.Spec{Function: c.Function, Args: a.of, Constant: c.Constant, IgnoreNulls: c.IgnoreNulls, Type: c.Type, Options: o.Options}
	var err error
	if a.results, err = aggregates.New(a.spec); err != nil {
		return nil, err
	}
	if a.nodes, err = aggregates.New(a.spec); err != nil {
		return nil, err
	}
	for _, t := range a.nodes.States() {
		a.states = append(a.states, vector.New(t, 0))
	}
	return a, nil
}

func (a *overAggregate) compute(w *overRows, out *vector.Vector) error {
	a.args, a.filter, a.w, a.out = a.args[:0], nil, w, out
	for _, i := range a.call.Args {
		a.args = append(a.args, w.rows.Columns[i])
	}
	if a.call.Filter >= 0 {
		a.filter = w.rows.Columns[a.call.Filter]
	}
	if a.call.Distinct {
		a.findEqual()
	}
	if a.call.Distinct && !a.sliding {
		a.filter = firsts(a.filter, func(row int) bool { return a.before[row] < 0 }, w.count)
	}
	out.Reset(a.call.Type, 0)
	a.place = a.place[:0]
	for p := range len(w.starts) - 1 {
		if err := a.partition(int(w.starts[p]), int(w.starts[p+1])); err != nil {
			return err
		}
	}
	if err := a.flush(); err != nil {
		return err
	}
	if out.Overflowed() {
		return fmt.Errorf("the results of %s over a window have more than 2 GiB of text: make the texts shorter", a.call.Function.Name)
	}
	return nil
}

// partition puts rows lo to hi, a partition, into groups of one frame each.
func (a *overAggregate) partition(lo, hi int) error {
	starts, ends := a.w.frame[0], a.w.frame[1]
	planted := !a.whole && !a.sliding && a.isLarge(lo, hi)
	if planted {
		if err := a.flush(); err != nil {
			return err
		}
		if err := a.plant(lo, hi); err != nil {
			return err
		}
	}
	for i := lo; i < hi; i++ {
		from, to := int(starts[i]), int(ends[i])
		if i > lo && len(a.place) > 0 && starts[i] == starts[i-1] && ends[i] == ends[i-1] {
			a.place = append(a.place, a.place[len(a.place)-1])
			continue
		}
		g := uint32(a.count)
		a.count++
		a.place = append(a.place, int32(g))
		if planted && to-from > smallFrame {
			a.compose(g, from, to, lo)
		} else {
			a.first.add(g, from, to, a.distinctFrom(from))
		}
		if a.count >= overGroups || len(a.first.rows)+len(a.parts.rows)+len(a.last.rows) >= overPairs {
			if err := a.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// isLarge says whether a partition has large frames.
func (a *overAggregate) isLarge(lo, hi int) bool {
	for i := lo; i < hi; i++ {
		if a.w.frame[1][i]-a.w.frame[0][i] > smallFrame {
			return true
		}
	}
	return false
}

// framePairs are groups and rows, or nodes, that belong to them.
type framePairs struct {
	groups []uint32
	rows   []int32
}

// add adds rows from to to, those that skip says nothing against.
func (p *framePairs) add(group uint32, from, to int, skip func(row int) bool) {
	for r := from; r < to; r++ {
		if skip == nil || !skip(r) {
			p.groups, p.rows = append(p.groups, group), append(p.rows, int32(r))
		}
	}
}

func (p *framePairs) reset() { p.groups, p.rows = p.groups[:0], p.rows[:0] }

// flush computes the groups, and with them the results of the rows that are in them.
func (a *overAggregate) flush() error {
	if len(a.place) == 0 {
		return nil
	}
	a.results.Reset()
	a.results.Grow(a.count)
	if err := a.addRows(a.results, &a.first); err != nil {
		return err
	}
	if len(a.parts.rows) > 0 {
		if err := a.results.Merge(a.parts.groups, a.states, a.parts.rows); err != nil {
			return err
		}
	}
	if err := a.addRows(a.results, &a.last); err != nil {
		return err
	}
	a.some.Reset(a.call.Type, 0)
	if err := a.results.Result(0, a.count, &a.some); err != nil {
		return err
	}
	a.out.Append(&a.some, a.place)
	a.place, a.count = a.place[:0], 0
	a.first.reset()
	a.parts.reset()
	a.last.reset()
	return nil
}

// addRows adds rows to groups, those that count.
func (a *overAggregate) addRows(to aggregates.Accumulator, p *framePairs) error {
	groups, rows := a.selector.Select(a.filter, a.args, to.Nulls(), p.groups, p.rows)
	if len(groups) == 0 {
		return nil
	}
	return to.Add(groups, a.args, rows)
}

// plant makes the tree of a partition: level 0 has a node for each complete block, each further level one for two nodes.
func (a *overAggregate) plant(lo, hi int) error {
	a.levels = a.levels[:0]
	total := 0
	for n := (hi - lo) / blockRows; n > 0; n /= 2 {
		a.levels = append(a.levels, total)
		total += n
	}
	a.nodes.Reset()
	a.nodes.Grow(total)
	blocks := (hi - lo) / blockRows
	for b := 0; b < blocks; {
		a.last.reset()
		for ; b < blocks && len(a.last.rows) < overPairs; b++ {
			a.last.add(uint32(b), lo+b*blockRows, lo+(b+1)*blockRows, nil)
		}
		if err := a.addRows(a.nodes, &a.last); err != nil {
			return err
		}
	}
	a.last.reset()
	for k := 1; k < len(a.levels); k++ {
		n := blocks >> k
		if err := a.nodes.Save(a.levels[k-1], a.levels[k-1]+2*n, a.states); err != nil {
			return err
		}
		groups := make([]uint32, 2*n)
		for i := range groups {
			groups[i] = uint32(a.levels[k] + i/2)
		}
		if err := a.nodes.Merge(groups, a.states, nil); err != nil {
			return err
		}
	}
	return a.nodes.Save(0, total, a.states)
}

// compose puts a group together of nodes and the rows at both ends of a frame; lo is the first row of the partition.
func (a *overAggregate) compose(group uint32, from, to, lo int) {
	left, right := (from-lo+blockRows-1)/blockRows, (to-lo)/blockRows
	a.first.add(group, from, lo+left*blockRows, nil)
	a.last.add(group, lo+right*blockRows, to, nil)
	var behind [64]int32
	n := 0
	for k := 0; left < right; k++ {
		if left&1 == 1 {
			a.parts.add(group, a.levels[k]+left, a.levels[k]+left+1, nil)
			left++
		}
		if right&1 == 1 {
			right--
			behind[n] = int32(a.levels[k] + right)
			n++
		}
		left, right = left/2, right/2
	}
	for n--; n >= 0; n-- {
		a.parts.add(group, int(behind[n]), int(behind[n])+1, nil)
	}
}

// findEqual finds for each row the one before it in its partition that has equal arguments and counts.
func (a *overAggregate) findEqual() {
	a.before = resized(a.before, a.w.count)
	by := make([]vector.Order, len(a.args))
	for i := range by {
		by[i].Column = i
	}
	var keys vector.Keys
	keys.Make(&vector.Batch{Length: a.w.count, Columns: a.args}, by)
	a.w.partitions(func(lo, hi int) {
		last := make(map[string]int32)
		for i := lo; i < hi; i++ {
			a.before[i] = -1
			if a.filter != nil && (a.filter.IsNull(i) || !vector.Values[bool](a.filter)[i]) {
				continue
			}
			if at, ok := last[string(keys.Key(i))]; ok {
				a.before[i] = at
			}
			last[string(keys.Key(i))] = int32(i)
		}
	})
}

// distinctFrom says of a row of a frame that an equal one is in the frame before it.
func (a *overAggregate) distinctFrom(from int) func(row int) bool {
	if !a.sliding {
		return nil
	}
	return func(row int) bool { return int(a.before[row]) >= from }
}

// firsts is a filter that leaves rows out that are not the first of their kind.
func firsts(filter *vector.Vector, isFirst func(row int) bool, rows int) *vector.Vector {
	out := vector.New(datatype.Boolean.Required(), rows)
	for i := range rows {
		counts := filter == nil || !filter.IsNull(i) && vector.Values[bool](filter)[filter.At(i)]
		vector.Values[bool](out)[i] = counts && isFirst(i)
	}
	return out
}
