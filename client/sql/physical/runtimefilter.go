package physical

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// A hash join is fed by two sides of which the build side comes first: its keys tell which rows of the other can have a partner. A runtime
// filter takes what is known of them to the scans that these come from, which begin when it is there. The plan stays a graph without
// circles: a filter leads from one side of a join into the other, and only into nodes that nobody else reads.

// place is a column of an input.
type place struct{ input, column int }

// filtering is what a join knows for runtime filters.
type filtering struct {
	build int
	keys  [2][]int // by side, those that NULL does not match
}

// scanFilter is a runtime filter of a scan.
type scanFilter struct {
	columns []int
	from    *Node // what the parts of the filter come from
}

// minFilterPart is what part of the values of a key may at most be left on the build side.
const minFilterPart = 0.5

// addRuntimeFilters gives the scans below a plan the filters of its joins.
func (p *planner) addRuntimeFilters(root *Node) {
	if p.FilterRows <= 0 {
		return
	}
	f := &filterPass{planner: p, readers: map[*Node]int{}}
	var joins []*Node
	var count func(n *Node)
	count = func(n *Node) {
		if f.readers[n]++; f.readers[n] > 1 {
			return
		}
		for _, in := range n.Inputs {
			count(in)
		}
		if n.filters != nil {
			joins = append(joins, n)
		}
	}
	count(root)
	for _, j := range joins {
		f.join(j)
	}
}

type filterPass struct {
	*planner
	readers map[*Node]int
}

// target is a column of a scan.
type target struct {
	scan   *Node
	column int
}

// join gives the filters of one join, one for the keys that meet in a scan.
func (f *filterPass) join(j *Node) {
	build, probe := j.filters.build, 1-j.filters.build
	from := j.Inputs[build]
	if from.Kind == "Exchange" {
		from = from.Inputs[0]
	}
	var scans []*Node
	keys := map[*Node][]int{} // places in the keys
	columns := map[*Node][]int{}
	for k, key := range j.filters.keys[build] {
		if f.part(from, key) > minFilterPart {
			continue
		}
		for _, t := range f.targets(j, probe, j.filters.keys[probe][k]) {
			if keys[t.scan] == nil {
				scans = append(scans, t.scan)
			}
			if !slices.Contains(columns[t.scan], t.column) {
				keys[t.scan], columns[t.scan] = append(keys[t.scan], key), append(columns[t.scan], t.column)
			}
		}
	}
	var built []*Node
	for _, s := range scans {
		at := slices.IndexFunc(built, func(b *Node) bool { return slices.Equal(b.Inputs[0].filterKeys, keys[s]) })
		if at < 0 {
			at, built = len(built), append(built, everywhere(filterBuild(from, keys[s])))
		}
		s.sieves = append(s.sieves, scanFilter{columns[s], built[at]})
	}
}

// part is what part of the values of a column is left of those of the scan that it comes from.
func (f *filterPass) part(n *Node, column int) float64 {
	rows := n.rows
	for n.source == nil {
		if n.from == nil {
			return 1
		}
		places := n.from(column)
		if len(places) == 0 {
			return 1
		}
		n, column = n.Inputs[places[0].input], places[0].column
	}
	if len(n.sieves) > 0 {
		rows /= 2
	}
	return rows / max(1, n.rows)
}

// targets are the columns of scans that a column of an input of n comes from.
func (f *filterPass) targets(n *Node, input, column int) []target {
	in := n.Inputs[input]
	if f.readers[in] > 1 {
		if !isScan(in) {
			return nil
		}
		f.readers[in]--
		in = f.copied(in)
		n.Inputs[input] = in
	}
	switch {
	case in.changes || in.stream != nil:
		return nil
	case in.source != nil:
		if in.rows < f.FilterRows {
			return nil
		}
		return []target{{in, column}}
	case in.from == nil:
		return nil
	}
	var out []target
	for _, p := range in.from(column) {
		out = append(out, f.targets(in, p.input, p.column)...)
	}
	return out
}

// isScan is true of a scan and what is computed of one.
func isScan(n *Node) bool {
	return n.source != nil || n.Kind == "Calc" && isScan(n.Inputs[0])
}

// copied is a scan for one reader alone.
func (f *filterPass) copied(n *Node) *Node {
	out := *n
	f.readers[&out] = 1
	out.Inputs, out.sieves = slices.Clone(n.Inputs), slices.Clone(n.sieves)
	for i, in := range out.Inputs {
		out.Inputs[i] = f.copied(in)
	}
	return &out
}

// filterBuild makes parts of a filter of the keys of a node.
func filterBuild(in *Node, keys []int) *Node {
	of := &relational.RuntimeFilterBuild{Input: in.types(), Keys: keys}
	columns := plan.Schema{{Name: "filter", Type: of.Output()[0]}}
	return &Node{Kind: "RuntimeFilterBuild", Columns: columns, Inputs: []*Node{in}, rows: 1, single: in.single, filterKeys: keys,
		operator: func() operator.Operator { return &relational.RuntimeFilterBuild{Input: in.types(), Keys: keys} },
		describe: func(bool) string { return "select=[" + names(in.Columns, keys) + "]" }}
}

// describeSieves says which columns of a scan runtime filters look at, and what they are built of.
func describeSieves(n *Node) string {
	if len(n.sieves) == 0 {
		return ""
	}
	return ", runtimeFilter=[" + list(n.sieves, func(s scanFilter) string {
		build := s.from.Inputs[0]
		return names(n.Columns, s.columns) + " IN (" + names(build.Inputs[0].Columns, build.filterKeys) + ")"
	}) + "]"
}

// same is the place of a column that a node passes on.
func same(column int) []place { return []place{{0, column}} }

// fromColumns is where the columns of projections come from.
func fromColumns(exprs []expr.Expr) func(int) []place {
	if exprs == nil {
		return same
	}
	return func(column int) []place {
		if c, ok := exprs[column].(expr.Column); ok {
			return same(c.Index)
		}
		return nil
	}
}

// fromGroups is where the columns of an aggregation come from: rows of other groups do not matter for a group.
func fromGroups(groups []int) func(int) []place {
	return func(column int) []place {
		if column < len(groups) {
			return same(groups[column])
		}
		return nil
	}
}

// fromSides is where the columns of a join come from. Of a key it is the other side as well: what has no partner there is a row that
// does not matter, or NULL.
func (j *joining) fromSides(left int) func(int) []place {
	return func(column int) []place {
		side, at := 0, j.emit[column]
		if at >= left {
			side, at = 1, at-left
		}
		out := []place{{side, at}}
		if j.nullAware {
			return out
		}
		for k, key := range j.keys[side] {
			if key == at {
				return append(out, place{1 - side, j.keys[1-side][k]})
			}
		}
		return out
	}
}

// filtering is what the join knows for filters: nil if rows without a partner are emitted or all keys match NULL.
func (j *joining) filtering(build int) *filtering {
	probe := 1 - build
	switch {
	case j.kind == plan.Full || j.kind == plan.Left && probe == 0 || j.kind == plan.Right && probe == 1 || j.kind == plan.Anti && probe == 0 || j.nullAware:
		return nil
	}
	f := &filtering{build: build}
	for k, nullsEqual := range j.nullsEqual {
		if !nullsEqual {
			for side := range f.keys {
				f.keys[side] = append(f.keys[side], j.keys[side][k])
			}
		}
	}
	return f
}
