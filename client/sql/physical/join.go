package physical

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
	"github.com/leatproject/leat/storage/datatype"
)

var joinKinds = map[plan.JoinKind]relational.JoinKind{plan.Inner: relational.InnerJoin, plan.Left: relational.LeftJoin, plan.Right: relational.RightJoin,
	plan.Full: relational.FullJoin, plan.Semi: relational.SemiJoin, plan.Anti: relational.AntiJoin}

// joining is a join on its way to a node.
type joining struct {
	kind       plan.JoinKind
	columns    plan.Schema // of the result
	sides      [2]*Node
	widths     [2]int // columns of the sides that the plan knows; behind them are computed keys
	keys       [2][]int
	nullsEqual []bool
	rest       []expr.Expr // conditions beside the keys
	nullAware  bool
	give       []int // columns of the plan's node that come out
	emit       []int // those, behind the left ones that were added
	hint       string
	hinted     int // the side that a hint names
}

// join hashes what is compared by equality, else it compares all pairs. The smaller side is held; it is sent to all tasks if it is small.
// It gives some of its columns.
func (p *planner) join(n *plan.Join, give []int, columns plan.Schema) (*Node, error) {
	in, err := p.inputs(n)
	if err != nil {
		return nil, err
	}
	j := &joining{kind: n.Kind, columns: columns, give: give, sides: [2]*Node{in[0], in[1]}, widths: [2]int{len(in[0].Columns), len(in[1].Columns)}}
	j.takeHint(n)
	if err := j.split(p, n.Condition); err != nil {
		return nil, err
	}
	if err := p.compiles(append(types(j.sides[0].Columns), types(j.sides[1].Columns)...), j.rest...); err != nil {
		return nil, err
	}
	if len(j.keys[0]) == 0 {
		return p.nestedLoop(j), nil
	}
	if j.merges() {
		return p.mergeJoin(j), nil
	}
	return p.hashJoin(j), nil
}

// split parts a condition into keys and the rest.
func (j *joining) split(p *planner, condition expr.Expr) error {
	all := conjuncts(condition)
	if j.kind == plan.Anti && len(all) == 1 {
		if equal, ok := notIn(all[0]); ok {
			all, j.nullAware = []expr.Expr{equal}, true
		}
	}
	var computed [2][]expr.Expr
	for _, e := range all {
		if l, ok := e.(expr.Literal); ok && l.Value == true {
			continue
		}
		left, right, nullsEqual, ok := j.equality(e)
		if !ok || j.nullAware && len(j.keys[0]) > 0 || j.hint == nestLoop {
			j.rest = append(j.rest, e)
			continue
		}
		for side, key := range [2]expr.Expr{left, right} {
			if c, ok := key.(expr.Column); ok {
				j.keys[side] = append(j.keys[side], c.Index)
				continue
			}
			j.keys[side] = append(j.keys[side], j.widths[side]+len(computed[side]))
			computed[side] = append(computed[side], key)
		}
		j.nullsEqual = append(j.nullsEqual, nullsEqual)
	}
	if j.nullAware && len(j.keys[0]) == 0 {
		j.nullAware, j.rest = false, conjuncts(condition)
	}
	for side, exprs := range computed {
		if len(exprs) == 0 {
			continue
		}
		var err error
		if j.sides[side], err = p.withColumns(j.sides[side], exprs); err != nil {
			return err
		}
	}
	j.settle(len(computed[0]))
	return nil
}

// settle says which columns come out, and where the right ones are for the conditions that are left, behind the added left ones.
func (j *joining) settle(added int) {
	j.emit = []int{} // nil would be all
	for _, i := range j.give {
		if i >= j.widths[0] {
			i += added
		}
		j.emit = append(j.emit, i)
	}
	for i, e := range j.rest {
		j.rest[i] = expr.Rewrite(e, func(e expr.Expr) expr.Expr {
			if c, ok := e.(expr.Column); ok && c.Index >= j.widths[0] {
				c.Index += added
				return c
			}
			return e
		})
	}
}

// withColumns adds computed columns to those of a node.
func (p *planner) withColumns(in *Node, exprs []expr.Expr) (*Node, error) {
	columns, as := slices.Clone(in.Columns), in.Columns.Names()
	var all []expr.Expr
	for i := range in.Columns {
		all = append(all, in.Columns.Column(i))
	}
	for i, e := range exprs {
		columns, as = append(columns, plan.Column{Name: "$f" + itoa(len(in.Columns)+i), Type: e.Type()}), append(as, "$f"+itoa(len(in.Columns)+i))
	}
	return p.calc(in, nil, append(all, exprs...), as, columns)
}

// notIn is a = b of OR(a = b, a IS NULL, b IS NULL): what NOT IN has become.
func notIn(e expr.Expr) (expr.Expr, bool) {
	or, ok := e.(expr.Call)
	if !ok || or.Function.Name != "OR" {
		return nil, false
	}
	args := disjuncts(or)
	equal, ok := args[0].(expr.Call)
	if !ok || equal.Function.Name != "=" {
		return nil, false
	}
	for _, a := range args[1:] {
		isNull, ok := a.(expr.Call)
		if !ok || isNull.Function.Name != "IS NULL" || isNull.Args[0].String() != equal.Args[0].String() && isNull.Args[0].String() != equal.Args[1].String() {
			return nil, false
		}
	}
	return equal, true
}

func disjuncts(e expr.Expr) []expr.Expr {
	c, ok := e.(expr.Call)
	if !ok || c.Function.Name != "OR" {
		return []expr.Expr{e}
	}
	var out []expr.Expr
	for _, a := range c.Args {
		out = append(out, disjuncts(a)...)
	}
	return out
}

// equality is an expression of the left side that must equal one of the right side, whose columns are counted from 0.
func (j *joining) equality(e expr.Expr) (left, right expr.Expr, nullsEqual, ok bool) {
	c, isCall := e.(expr.Call)
	if !isCall || c.Function.Name != "=" && c.Function.Name != "IS NOT DISTINCT FROM" || !comparable(c.Args[0].Type(), c.Args[1].Type()) {
		return nil, nil, false, false
	}
	nullsEqual = c.Function.Name != "="
	of := [2]int{j.side(c.Args[0]), j.side(c.Args[1])}
	switch of {
	case [2]int{0, 1}:
		return c.Args[0], j.fromZero(c.Args[1]), nullsEqual, true
	case [2]int{1, 0}:
		return c.Args[1], j.fromZero(c.Args[0]), nullsEqual, true
	}
	return nil, nil, false, false
}

// comparable says whether values of two types are equal if they are so in memory.
func comparable(a, b datatype.Type) bool {
	return a.EqualButNull(b) || a.IsCharacter() && b.IsCharacter() || a.IsBinary() && b.IsBinary() ||
		a.Kind == datatype.KindDecimal && b.Kind == datatype.KindDecimal && a.Scale == b.Scale && (a.Precision <= 18) == (b.Precision <= 18)
}

// side is the only side that an expression reads; -1 if there is none.
func (j *joining) side(e expr.Expr) int {
	side := -2
	expr.Walk(e, func(e expr.Expr) bool {
		switch e := e.(type) {
		case expr.Column:
			of := 0
			if e.Index >= j.widths[0] {
				of = 1
			}
			if side == -2 {
				side = of
			} else if side != of {
				side = -1
			}
		case expr.Call:
			if e.Function.Volatile {
				side = -1
			}
		}
		return true
	})
	return max(side, -1)
}

func (j *joining) fromZero(e expr.Expr) expr.Expr {
	return expr.Rewrite(e, func(e expr.Expr) expr.Expr {
		if c, ok := e.(expr.Column); ok {
			c.Index -= j.widths[0]
			return c
		}
		return e
	})
}

// condition combines what is left; nil is TRUE.
func (j *joining) condition() expr.Expr {
	switch len(j.rest) {
	case 0:
		return nil
	case 1:
		return j.rest[0]
	}
	nullable := false
	for _, e := range j.rest {
		nullable = nullable || !e.Type().NotNull
	}
	return expr.Call{Function: expr.MustLookup("AND"), Args: j.rest, Of: datatype.Boolean.WithNull(nullable)}
}

// mayBroadcast says whether a side may be sent to all tasks: its own rows are not emitted.
func (j *joining) mayBroadcast(side int) bool {
	switch j.kind {
	case plan.Inner:
		return true
	case plan.Right:
		return side == 0
	case plan.Full:
		return false
	}
	return side == 1
}

func (p *planner) hashJoin(j *joining) *Node {
	l, r := j.sides[0], j.sides[1]
	buildLeft := !j.nullAware && (l.rows < r.rows && j.kind != plan.Left || j.kind == plan.Right)
	build := 1
	if buildLeft {
		build = 0
	}
	single := l.single && r.single
	broadcasts, adaptive := false, false
	if side := j.hinted; !j.nullAware && (j.hint == broadcastHint && j.mayBroadcast(side) || j.hint == shuffleHash) {
		build, buildLeft = side, side == 0
	}
	switch {
	case single:
	case j.hint == broadcastHint && build == j.hinted && j.mayBroadcast(build):
		broadcasts = true
		single = p.spread(j, build)
	case !j.nullAware && j.hint == shuffleHash:
		for side := range j.sides {
			j.sides[side] = exchangeByHash(j.sides[side], j.keys[side])
		}
	case j.mayBroadcast(build) && (j.nullAware || p.broadcasts(j.sides[build])):
		broadcasts = true
		single = p.spread(j, build)
	default:
		for side := range j.sides {
			j.sides[side] = exchangeByHash(j.sides[side], j.keys[side])
		}
		if adaptive = p.Adaptive && j.mayBroadcast(build); adaptive {
			j.sides[build].exchange.replicable = true
		}
	}
	condition, emit, kind := j.condition(), j.emit, joinKinds[j.kind]
	left, right := l.types(), r.types()
	return &Node{Kind: "HashJoin", adaptive: adaptive, Columns: j.columns, Inputs: j.sides[:], rows: j.rows(), single: single, from: j.fromSides(len(left)), filters: j.filtering(build),
		operator: func() operator.Operator {
			return &relational.HashJoin{Kind: kind, Left: left, Right: right, LeftKeys: j.keys[0], RightKeys: j.keys[1], NullsEqual: j.nullsEqual,
				Condition: condition, BuildLeft: buildLeft, NullAware: j.nullAware, Swaps: !broadcasts && j.hint != shuffleHash, Emit: emit, Options: p.kernel}
		},
		describe: func(infix bool) string {
			s := j.describe(l.Columns, r.Columns, infix)
			if broadcasts {
				s += ", isBroadcast=[true]"
			}
			return s + ", build=[" + []string{"left", "right"}[build] + "]"
		}}
}

// spread sends the build side to wherever the other is. It says whether that is one task.
func (p *planner) spread(j *joining, build int) bool {
	if j.sides[1-build].single {
		j.sides[build] = gathered(j.sides[build])
		return true
	}
	j.sides[build] = everywhere(j.sides[build])
	return false
}

// exchangeByHash is hashed also for rows that are on one task: those of the other side are not.
func exchangeByHash(n *Node, keys []int) *Node {
	if n.single {
		copied := *n
		copied.single = false
		out := hashed(&copied, keys)
		out.Inputs = []*Node{n}
		return out
	}
	return hashed(n, keys)
}

func (p *planner) nestedLoop(j *joining) *Node {
	l, r := j.sides[0], j.sides[1]
	build := 1
	if j.kind == plan.Right || j.kind == plan.Inner && l.rows < r.rows {
		build = 0
	}
	if j.hint == nestLoop && (j.kind == plan.Inner || j.mayBroadcast(j.hinted)) {
		build = j.hinted
	}
	single := true
	if j.mayBroadcast(build) {
		single = p.spread(j, build)
	} else {
		j.sides = [2]*Node{gathered(l), gathered(r)}
	}
	condition, emit, kind := j.condition(), j.emit, joinKinds[j.kind]
	left, right := l.types(), r.types()
	return &Node{Kind: "NestedLoopJoin", Columns: j.columns, Inputs: j.sides[:], rows: j.rows(), single: single, from: j.fromSides(len(left)),
		operator: func() operator.Operator {
			return &relational.NestedLoopJoin{Kind: kind, Left: left, Right: right, Condition: condition, BuildLeft: build == 0, Emit: emit, Options: p.kernel}
		},
		describe: func(infix bool) string {
			return j.describe(l.Columns, r.Columns, infix) + ", build=[" + []string{"left", "right"}[build] + "]"
		}}
}

// rows is how many rows the join is taken to give.
func (j *joining) rows() float64 {
	l, r := j.sides[0].rows, j.sides[1].rows
	switch {
	case j.kind == plan.Semi || j.kind == plan.Anti:
		return max(1, l/2)
	case len(j.keys[0]) == 0 && len(j.rest) == 0:
		return l * r
	}
	return max(l, r)
}

func (j *joining) describe(left, right plan.Schema, infix bool) string {
	both := append(slices.Clone(left), right...)
	kind := map[plan.JoinKind]string{plan.Inner: "InnerJoin", plan.Left: "LeftOuterJoin", plan.Right: "RightOuterJoin", plan.Full: "FullOuterJoin",
		plan.Semi: "LeftSemiJoin", plan.Anti: "LeftAntiJoin"}[j.kind]
	var on []string
	for i, k := range j.keys[0] {
		on = append(on, equal(left[k].Name, right[j.keys[1][i]].Name, infix))
	}
	for _, e := range j.rest {
		on = append(on, text(e, both, infix))
	}
	where := "true"
	if len(on) > 0 {
		where = list(on, func(s string) string { return s })
	}
	s := "joinType=[" + kind + "], where=[" + where + "], select=[" + list(j.columns, func(c plan.Column) string { return c.Name }) + "]"
	if j.nullAware {
		s += ", nullAware=[true]"
	}
	return s
}

func equal(a, b string, infix bool) string {
	if infix {
		return "(" + a + " = " + b + ")"
	}
	return "=(" + a + ", " + b + ")"
}
