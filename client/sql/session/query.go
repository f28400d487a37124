package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/optimizer"
	"github.com/leatproject/leat/client/sql/physical"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/column"
)

// filterRows is from how many rows on tables are read with runtime filters.
var filterRows = 20_000.0

// planned is a statement on its way to a job.
type planned struct {
	logical   plan.Node
	optimised plan.Node
	physical  *physical.Node
	zone      *time.Location
}

// plan makes the physical plan of a bound statement that runs as a job of its own.
func (s *Session) plan(ctx context.Context, n plan.Node) (planned, error) {
	return s.planFor(ctx, n, s.env.Bounded())
}

// planFor makes a plan; batch says that the job surely runs in BATCH.
func (s *Session) planFor(ctx context.Context, n plan.Node, batch bool) (p planned, err error) {
	if p.zone, err = s.zone(); err != nil {
		return p, err
	}
	p.logical = n
	n = s.atThisTime(n, p.zone)
	tables := &tables{session: s, ctx: ctx, zone: p.zone}
	if p.optimised, err = optimizer.Optimize(n, tables); err != nil {
		return p, err
	}
	o := physical.Options{Tables: tables, Zone: p.zone, Estimate: optimizer.Estimate(tables)}
	conf := s.env.Configuration()
	o.BroadcastBytes = float64(config.Get(conf, config.BroadcastThreshold))
	if batch {
		o.FilterRows = filterRows
		strategy := config.Get(conf, config.AdaptiveBroadcast)
		o.Adaptive, o.Static = strategy != config.NeverAdaptive && s.env.Adaptive(), strategy == config.AutoAdaptive
	}
	p.physical, err = physical.Plan(p.optimised, o)
	return p, err
}

func (s *Session) query(ctx context.Context, q *ast.QueryStatement) error {
	n, err := s.binder().Query(q.Query)
	if err != nil {
		return mistake(q.Pos, err)
	}
	p, err := s.plan(ctx, n)
	if err != nil {
		return mistake(q.Pos, err)
	}
	w, err := s.out.Table(n.Schema(), result.Options{Zone: p.zone, Changelog: s.changelog()})
	if err != nil {
		return mistake(q.Pos, err)
	}
	datastream.CollectVectors(physical.NewBuilder(s.env).Build(p.physical), func(_ context.Context, b *column.Batch) error {
		return w.Write(column.Vectors(b))
	})
	if _, err := s.run(ctx, "collect", q.Pos); err != nil {
		return err
	}
	return w.Close()
}

// run executes a program over bounded data.
func (s *Session) run(ctx context.Context, name string, at ast.Pos) (*datastream.Result, error) {
	s.env.Set(config.RuntimeMode.Key, string(config.Automatic))
	done, err := s.env.Execute(ctx, name)
	if err == nil {
		s.tellMalformed(done)
	}
	var rejected *datastream.RejectedError
	if errors.As(err, &rejected) && !datastream.Told(err) {
		err = mistake(at, rejected.Err)
	}
	return done, err
}

// tellMalformed says how many records could not be read.
func (s *Session) tellMalformed(done *datastream.Result) {
	var n int64
	for _, v := range done.Vertices {
		for _, metrics := range v.Metrics {
			n += metrics["numRecordsInErrors"]
		}
	}
	if n > 0 {
		s.out.Message(fmt.Sprintf("[WARN] Records that could not be read and were left out: %d", n))
	}
}

// insert runs statements that write as one job.
func (s *Session) insert(ctx context.Context, at ast.Pos, statements []*ast.Insert) error {
	builder := physical.NewBuilder(s.env)
	var names []string
	for _, i := range statements {
		sink, err := s.binder().Insert(i)
		if err != nil {
			return mistake(i.Pos, err)
		}
		p, err := s.plan(ctx, sink)
		if err != nil {
			return mistake(i.Pos, err)
		}
		builder.Build(p.physical)
		names = append(names, strings.Join(sink.Path, "."))
	}
	done, err := s.run(ctx, "insert-into_"+strings.Join(names, "_"), at)
	switch {
	case err != nil:
		return err
	case done.Submitted:
		s.out.Message("[INFO] SQL update statement has been successfully submitted to the cluster:\nJob ID: " + done.JobID)
	default:
		s.succeeded()
	}
	return nil
}

// explainCreate is what CREATE TABLE AS writes; the table is there only meanwhile.
func (s *Session) explainCreate(c *ast.CreateTable) (*plan.Sink, error) {
	if c.As == nil {
		return nil, ast.Errorf(c.Pos, "EXPLAIN of CREATE TABLE needs AS and a query")
	}
	t, err := s.binder().Table(c)
	if err != nil {
		return nil, err
	}
	path := s.Catalogs.Qualify(c.Name.Strings())
	if _, _, err := s.Catalogs.Table(path); err == nil {
		return nil, ast.Errorf(c.Name.Pos, "table %s is there already", path.Object)
	}
	if err := s.Catalogs.PutTemporary(path, t, false); err != nil {
		return nil, err
	}
	n, err := s.binder().Insert(&ast.Insert{Pos: c.Pos, Table: &ast.TableName{Pos: c.Name.Pos, Name: c.Name}, Query: c.As})
	return n, errors.Join(err, s.Catalogs.DropTemporary(path))
}

// advice is what PLAN_ADVICE adds: there is none for bounded data.
func advice(e *ast.Explain) string {
	if slices.Contains(e.Details, "PLAN_ADVICE") {
		return "\nNo available advice...\n"
	}
	return ""
}

// explain prints the three sections.
func (s *Session) explain(ctx context.Context, e *ast.Explain) error {
	var roots []plan.Node
	var err error
	switch st := e.Statement.(type) {
	case *ast.QueryStatement:
		var n plan.Node
		n, err = s.binder().Query(st.Query)
		roots = append(roots, n)
	case *ast.Insert:
		var n *plan.Sink
		n, err = s.binder().Insert(st)
		roots = append(roots, n)
	case *ast.CreateTable:
		var n *plan.Sink
		n, err = s.explainCreate(st)
		roots = append(roots, n)
	case *ast.StatementSet:
		for _, i := range st.Inserts {
			n, bad := s.binder().Insert(i)
			if err = bad; err != nil {
				break
			}
			roots = append(roots, n)
		}
	default:
		err = ast.Errorf(e.Statement.Position(), "EXPLAIN takes a query, INSERT, CREATE TABLE AS or a statement set")
	}
	if err != nil {
		return mistake(e.Pos, err)
	}
	heading := "Optimized Physical Plan"
	if slices.Contains(e.Details, "PLAN_ADVICE") {
		heading += " With Advice"
	}
	if slices.Contains(e.Details, "JSON_EXECUTION_PLAN") {
		return &Mistake{&ast.Error{Pos: e.Pos, Message: "EXPLAIN JSON_EXECUTION_PLAN is not supported", Hint: "a job that runs shows its plan at /jobs/JOB/plan"}}
	}
	details := physical.Details{Rows: slices.Contains(e.Details, "ESTIMATED_COST"), Changes: slices.Contains(e.Details, "CHANGELOG_MODE")}
	var logical, chosen []string
	var nodes []*physical.Node
	for _, n := range roots {
		p, err := s.plan(ctx, n)
		if err != nil {
			return mistake(e.Pos, err)
		}
		logical, chosen, nodes = append(logical, plan.Draw(n)), append(chosen, p.physical.Draw(details)), append(nodes, p.physical)
	}
	return s.out.Text("== Abstract Syntax Tree ==\n" + strings.Join(logical, "\n") + "\n== " + heading + " ==\n" + strings.Join(chosen, "\n") + advice(e) +
		"\n== Optimized Execution Plan ==\n" + physical.DrawExecution(nodes...))
}
