package binder

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/datatype"
)

// session is what a script leaves behind it.
type session struct {
	Binder
	shown io.Writer // of SHOW CREATE TABLE
}

func newSession() *session {
	return &session{shown: io.Discard, Binder: Binder{Catalogs: catalog.NewManager(), File: func(path string) (*catalog.Table, error) {
		if !strings.HasSuffix(path, ".csv") {
			return nil, fmt.Errorf("file %s does not exist", path)
		}
		return &catalog.Table{Columns: []catalog.Column{{Name: "city", Type: datatype.String}, {Name: "n", Type: datatype.BigInt}}}, nil
	}}}
}

// run binds all statements of a script, creates what they create, and gives the plans of the others.
func (s *session) run(source string) (plans []plan.Node, err error) {
	p := parser.New(source)
	for {
		statement, _, err := p.Next()
		if err == io.EOF {
			return plans, nil
		}
		if err != nil {
			return plans, err
		}
		n, err := s.statement(statement)
		if err != nil {
			if e, ok := err.(*ast.Error); ok && e.Source == "" {
				e.Source = source
			}
			return plans, err
		}
		if n != nil {
			plans = append(plans, n)
		}
	}
}

func (s *session) statement(statement ast.Statement) (plan.Node, error) {
	put := func(name ast.ObjectName, t *catalog.Table, err error) error {
		if err != nil {
			return err
		}
		return s.Catalogs.PutTemporary(s.Catalogs.Qualify(name.Strings()), t, true)
	}
	switch st := statement.(type) {
	case *ast.CreateTable:
		t, err := s.Table(st)
		return nil, put(st.Name, t, err)
	case *ast.CreateView:
		t, err := s.View(st)
		return nil, put(st.Name, t, err)
	case *ast.AlterTable:
		old, _, err := s.Catalogs.Table(s.Catalogs.Qualify(st.Name.Strings()))
		if err != nil {
			return nil, err
		}
		t, err := s.Alter(old, st)
		return nil, put(st.Name, t, err)
	case *ast.Show:
		if st.What != "CREATE TABLE" {
			return nil, nil
		}
		path := s.Catalogs.Qualify(st.Name.Strings())
		t, temporary, err := s.Catalogs.Table(path)
		if err != nil {
			return nil, err
		}
		_, err = io.WriteString(s.shown, catalog.ShowCreate(path, t, temporary))
		return nil, err
	case *ast.Insert:
		n, err := s.Insert(st)
		if err != nil {
			return nil, err
		}
		return n, nil
	case *ast.QueryStatement:
		return s.Query(st.Query)
	}
	return nil, nil
}

// TestBind runs the scripts of testdata: plan draws what each query becomes, types prints the columns, error what is wrong.
func TestBind(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newSession()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var b strings.Builder
			s.shown = &b
			plans, err := s.run(d.Input)
			for _, n := range plans {
				switch d.Cmd {
				case "types":
					for _, c := range n.Schema() {
						fmt.Fprintf(&b, "%s %s\n", c.Name, c.Type)
					}
				default:
					b.WriteString(plan.Draw(n))
				}
			}
			if err != nil {
				b.WriteString(err.Error() + "\n")
			}
			return b.String()
		})
	})
}

func TestColumnsOfAPlanExist(t *testing.T) {
	s := newSession()
	plans, err := s.run("CREATE TABLE t (a INT, b STRING); SELECT a, COUNT(*) c FROM t WHERE b IN (SELECT b FROM t u WHERE u.a = t.a) GROUP BY a")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "c"}, plans[0].Schema().Names())
}
