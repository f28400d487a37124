package session

import (
	"time"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// atThisTime replaces what is the same for a whole statement: its time, the current database.
func (s *Session) atThisTime(n plan.Node, zone *time.Location) plan.Node {
	if !asksForTime(n) {
		return s.replaced(n, time.Time{}, zone)
	}
	at := once(s, "time", func() time.Time { return s.begun })
	return s.replaced(n, at, zone)
}

// session functions by what they give.
var timeFunctions = map[string]func(at time.Time, zone *time.Location) any{
	"CURRENT_TIMESTAMP": instant, "NOW": instant, "CURRENT_ROW_TIMESTAMP": instant, "PROCTIME": instant,
	"LOCALTIMESTAMP": func(at time.Time, zone *time.Location) any { return wall(at, zone) },
	"CURRENT_DATE": func(at time.Time, zone *time.Location) any {
		return wall(at, zone).Unix() / 86400
	},
	"LOCALTIME":      func(at time.Time, zone *time.Location) any { return wall(at, zone).UnixMilli() % 86_400_000 },
	"UNIX_TIMESTAMP": func(at time.Time, _ *time.Location) any { return at.Unix() },
}

func instant(at time.Time, _ *time.Location) any { return at.UTC().Truncate(time.Millisecond) }

// wall is what a clock shows, as if it were UTC.
func wall(at time.Time, zone *time.Location) time.Time {
	_, offset := at.In(zone).Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second).Truncate(time.Millisecond)
}

func asksForTime(n plan.Node) (asks bool) {
	walk(n, map[plan.Node]bool{}, func(e expr.Expr) {
		if c, ok := e.(expr.Call); ok && len(c.Args) == 0 && timeFunctions[c.Function.Name] != nil {
			asks = true
		}
	})
	return asks
}

// walk calls f with all expressions of a plan, sub-queries among them.
func walk(n plan.Node, seen map[plan.Node]bool, f func(expr.Expr)) {
	if seen[n] {
		return
	}
	seen[n] = true
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		expr.Walk(e, func(e expr.Expr) bool {
			f(e)
			if q, ok := e.(plan.Subquery); ok {
				walk(q.Plan, seen, f)
			}
			return true
		})
		return e
	})
	for _, in := range n.Inputs() {
		walk(in, seen, f)
	}
}

func (s *Session) replaced(n plan.Node, at time.Time, zone *time.Location) plan.Node {
	done := map[plan.Node]plan.Node{}
	var replace func(n plan.Node) plan.Node
	value := func(e expr.Expr) expr.Expr {
		switch e := e.(type) {
		case plan.Subquery:
			e.Plan = replace(e.Plan)
			return e
		case expr.Call:
			if len(e.Args) > 0 {
				return e
			}
			if f := timeFunctions[e.Function.Name]; f != nil {
				return expr.Literal{Value: f(at, zone), Of: e.Of}
			}
			if e.Function.Name == "CURRENT_DATABASE" {
				_, database := s.Catalogs.Current()
				return expr.Literal{Value: database, Of: datatype.String.Required()}
			}
		}
		return e
	}
	replace = func(n plan.Node) plan.Node {
		if made, ok := done[n]; ok {
			return made
		}
		made := n
		if in := n.Inputs(); len(in) > 0 {
			out := make([]plan.Node, len(in))
			changed := false
			for i := range in {
				out[i] = replace(in[i])
				changed = changed || out[i] != in[i]
			}
			if changed {
				made = n.With(out)
			}
		}
		uses := false
		plan.MapExprs(made, func(e expr.Expr) expr.Expr {
			expr.Walk(e, func(e expr.Expr) bool {
				switch e := e.(type) {
				case plan.Subquery:
					uses = true
				case expr.Call:
					uses = uses || len(e.Args) == 0 && (timeFunctions[e.Function.Name] != nil || e.Function.Name == "CURRENT_DATABASE")
				}
				return true
			})
			return e
		})
		if uses {
			made = plan.MapExprs(made, func(e expr.Expr) expr.Expr { return expr.Rewrite(e, value) })
		}
		done[n] = made
		return made
	}
	return replace(n)
}
