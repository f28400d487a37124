package relational

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/operator/relational/aggregates"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// aggregateCall is a call at work. Of GROUPING and its like there is no accumulator.
type aggregateCall struct {
	Call
	accumulator aggregates.Accumulator
	states      []datatype.Type
	args        []int
	distinct    *distinct
	selector    aggregates.Selector
	columns     []*vector.Vector
}

// indifferent are the functions to which it does not matter how often a value comes.
var indifferent = []string{"MIN", "MAX", "BOOL_AND", "BOOL_OR", "MIN_BY", "MAX_BY", "FIRST_VALUE", "LAST_VALUE", "APPROX_COUNT_DISTINCT"}

func (a *Aggregate) newCall(i int) (*aggregateCall, error) {
	c := &aggregateCall{Call: a.Calls[i]}
	if isGrouping(c.Function.Name) {
		return c, nil
	}
	for _, k := range c.Args {
		if k >= len(a.Input) {
			return nil, fmt.Errorf("%s takes column %d of %d", c.Function.Name, k, len(a.Input))
		}
	}
	s := a.spec(c.Call)
	var err error
	if c.accumulator, err = aggregates.New(s); err != nil {
		return nil, err
	}
	c.states = c.accumulator.States()
	c.args = slices.Clone(c.Args)
	for _, k := range c.OrderBy {
		c.args = append(c.args, k.Column)
	}
	if c.Distinct && !slices.Contains(indifferent, c.Function.Name) {
		if c.distinct, err = newDistinct(s.Args); err != nil {
			return nil, err
		}
		c.states = nil
	}
	return c, nil
}

// grow makes room for groups.
func (c *aggregateCall) grow(n int) {
	if c.accumulator != nil {
		c.accumulator.Grow(n)
	}
}

// add counts in the rows of a batch, ids being the groups of those that are selected.
func (c *aggregateCall) add(ids []uint32, columns []*vector.Vector, selection []int32) error {
	if c.accumulator == nil {
		return nil
	}
	c.columns = c.columns[:0]
	for _, k := range c.args {
		c.columns = append(c.columns, columns[k])
	}
	var filter *vector.Vector
	if c.Filter >= 0 {
		filter = columns[c.Filter]
	}
	return c.addArgs(filter, ids, c.columns, selection)
}

func (c *aggregateCall) addArgs(filter *vector.Vector, ids []uint32, args []*vector.Vector, selection []int32) error {
	groups, rows := c.selector.Select(filter, args, c.accumulator.Nulls(), ids, selection)
	if c.distinct != nil {
		groups, rows = c.distinct.first(groups, args, rows)
	}
	return c.accumulator.Add(groups, args, rows)
}

func (c *aggregateCall) merge(ids []uint32, states []*vector.Vector, selection []int32) error {
	if c.accumulator == nil || c.distinct != nil {
		return nil
	}
	return c.accumulator.Merge(ids, states, selection)
}

// save makes vectors of partial results.
func (c *aggregateCall) save(from, to int, out []*vector.Vector) error {
	if len(c.states) == 0 {
		return nil
	}
	return c.accumulator.Save(from, to, out)
}

func (c *aggregateCall) bytes() int64 {
	n := int64(0)
	if c.accumulator != nil {
		n += c.accumulator.Bytes()
	}
	if c.distinct != nil {
		n += c.distinct.bytes()
	}
	return n
}

// distinct knows the arguments that groups have had.
type distinct struct {
	*groups                  // of group and arguments
	group   *vector.Vector   // the groups of a batch as a column
	columns []*vector.Vector // group and arguments
	rows    []int32
	ids     []uint32
	result  []uint32
	fresh   []bool
}

func newDistinct(args []datatype.Type) (*distinct, error) {
	g, err := newGroups(append([]datatype.Type{datatype.BigInt.Required()}, args...))
	return &distinct{groups: g, group: new(vector.Vector)}, err
}

// first leaves the rows whose arguments are new to their group.
func (d *distinct) first(groups []uint32, args []*vector.Vector, rows []int32) ([]uint32, []int32) {
	if len(groups) == 0 {
		return groups, rows
	}
	d.group.Reset(datatype.BigInt.Required(), args[0].Len())
	column := vector.Values[int64](d.group)
	for i, g := range groups {
		row := i
		if rows != nil {
			row = int(rows[i])
		}
		column[row] = int64(g)
	}
	d.columns = append(append(d.columns[:0], d.group), args...)
	d.ids = slices.Grow(d.ids[:0], len(groups))[:len(groups)]
	before := d.len()
	d.find(d.columns, len(groups), rows, d.ids)
	d.fresh = slices.Grow(d.fresh[:0], d.len()-before)[:d.len()-before]
	clear(d.fresh)
	d.result, d.rows = d.result[:0], d.rows[:0]
	for i, id := range d.ids {
		if int(id) < before || d.fresh[int(id)-before] {
			continue
		}
		d.fresh[int(id)-before] = true
		row := int32(i)
		if rows != nil {
			row = rows[i]
		}
		d.result, d.rows = append(d.result, groups[i]), append(d.rows, row)
	}
	return d.result, d.rows
}
