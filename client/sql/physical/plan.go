package physical

import (
	"fmt"
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

// Tables opens the tables that a plan names.
type Tables interface {
	// Source reads the columns of a scan. Filters are conditions over them that hold for all rows that are wanted: what cannot
	// hold one may be left out.
	Source(scan *plan.Scan, filters []expr.Expr) (source.Source, error)
	// Stream is the table as a stream of the program, with the names of its columns; nil if it is none.
	Stream(scan *plan.Scan) (*datastream.Vectors, []string, error)
	// Sink writes rows of the input's columns.
	Sink(to *plan.Sink) (sink.Sink, error)
	// Rows is how many rows a table has; false when nobody knows.
	Rows(scan *plan.Scan) (float64, bool)
}

// Options are what a plan depends on beside the query.
type Options struct {
	Tables Tables
	Zone   *time.Location // of TIMESTAMP_LTZ
	// Estimate is how many rows a node is taken to give.
	Estimate func(plan.Node) float64
	// BroadcastBytes is the size up to which the side of a join is sent to all tasks; negative: none is that need not be.
	BroadcastBytes float64
	// Adaptive leaves it to the cluster whether a side is sent to all tasks. With Static only where it may turn out to be large.
	Adaptive, Static bool
	// FilterRows is from how many rows on scans get runtime filters; 0 for none. They are for programs that run in BATCH.
	FilterRows float64
}

// Plan chooses how a plan that is optimised is computed. The error says what cannot be.
func Plan(n plan.Node, o Options) (*Node, error) {
	p := &planner{Options: o, kernel: kernel.Options{Zone: o.Zone}, done: map[plan.Node]*Node{}, settled: map[plan.Node]*Node{}, readers: map[plan.Node]int{}}
	p.count(n)
	root, err := p.plan(n)
	if err == nil {
		p.addRuntimeFilters(root)
	}
	return root, err
}

type planner struct {
	Options
	kernel kernel.Options
	done   map[plan.Node]*Node // what is shared is planned once
	// settled are those of done whose rows are changes, without what is taken back
	settled map[plan.Node]*Node
	readers map[plan.Node]int // how many nodes read one
}

// count counts readers.
func (p *planner) count(n plan.Node) {
	if p.readers[n]++; p.readers[n] == 1 {
		for _, in := range n.Inputs() {
			p.count(in)
		}
	}
}

// defaultRows is how many rows a table is taken to have of which nothing is known.
const defaultRows = 10_000

// planChanges plans a node whose rows may be changes.
func (p *planner) planChanges(n plan.Node) (*Node, error) {
	if done := p.done[n]; done != nil {
		return done, nil
	}
	made, err := p.make(n)
	if err != nil {
		return nil, err
	}
	made.rows = p.Estimate(n)
	p.done[n] = made
	return made, nil
}

func (p *planner) make(n plan.Node) (*Node, error) {
	switch n := n.(type) {
	case *plan.Values:
		return p.values(n)
	case *plan.Scan:
		return p.scan(n, nil)
	case *plan.Project:
		return p.project(n)
	case *plan.Filter:
		return p.filter(n)
	case *plan.Aggregate:
		return p.aggregate(n)
	case *plan.Join:
		return p.join(n, allOf(len(n.Schema())), n.Schema())
	case *plan.Correlate:
		return p.correlate(n, allOf(len(n.Schema())), n.Schema())
	case *plan.Unnest:
		return p.constantUnnest(n)
	case *plan.Rank:
		return p.rank(n)
	case *plan.Window:
		return p.over(n)
	case *plan.WindowTable:
		return p.windowTable(n)
	case *plan.Sort:
		return p.sort(n)
	case *plan.SetOperation:
		return p.setOperation(n)
	case *plan.Recursion:
		return p.recursion(n)
	case *plan.RecursionInput:
		return recursionInput(n), nil
	case *plan.Sink:
		return p.sink(n)
	case *plan.Watermark:
		return p.planChanges(n.Input)
	}
	name, _, _ := strings.Cut(n.Line(), "(")
	return nil, fmt.Errorf("%s is not supported yet", strings.TrimPrefix(name, "Logical"))
}

// inputs plans all inputs of a node.
func (p *planner) inputs(n plan.Node) ([]*Node, error) {
	var out []*Node
	for _, in := range n.Inputs() {
		made, err := p.plan(in)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// hashed brings rows with equal keys to one task.
func hashed(n *Node, keys []int) *Node {
	if n.single {
		return n
	}
	return &Node{Kind: "Exchange", Columns: n.Columns, Inputs: []*Node{n}, exchange: &exchange{kind: byHash, keys: keys}, rows: n.rows, changes: n.changes, from: same,
		describe: func(bool) string { return "distribution=[hash[" + names(n.Columns, keys) + "]]" }}
}

// gathered brings all rows to one task.
func gathered(n *Node) *Node {
	if n.single {
		return n
	}
	return &Node{Kind: "Exchange", Columns: n.Columns, Inputs: []*Node{n}, exchange: &exchange{kind: toSingle}, rows: n.rows, single: true, changes: n.changes, from: same,
		describe: func(bool) string { return "distribution=[single]" }}
}

// everywhere brings all rows to all tasks.
func everywhere(n *Node) *Node {
	return &Node{Kind: "Exchange", Columns: n.Columns, Inputs: []*Node{n}, exchange: &exchange{kind: broadcast}, rows: n.rows, from: same,
		describe: func(bool) string { return "distribution=[broadcast]" }}
}
