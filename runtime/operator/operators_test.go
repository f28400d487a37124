package operator

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// parsed is what the files of the package say of its types.
type parsed struct {
	fields   map[string][]string // of structs; embedded ones by their type
	embedded map[string][]string
	methods  map[string]map[string]bool
}

func parsePackage(t *testing.T) *parsed {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	s := &parsed{map[string][]string{}, map[string][]string{}, map[string]map[string]bool{}}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			s.declaration(d)
		}
	}
	return s
}

func (s *parsed) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if ts, ok := spec.(*ast.TypeSpec); ok {
				if st, ok := ts.Type.(*ast.StructType); ok {
					s.structure(ts.Name.Name, st)
				}
			}
		}
	case *ast.FuncDecl:
		if d.Recv == nil {
			return
		}
		of := typeName(d.Recv.List[0].Type)
		if s.methods[of] == nil {
			s.methods[of] = map[string]bool{}
		}
		s.methods[of][d.Name.Name] = true
	}
}

func (s *parsed) structure(name string, st *ast.StructType) {
	s.fields[name] = []string{}
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			s.fields[name] = append(s.fields[name], n.Name)
		}
		if len(f.Names) == 0 {
			of := typeName(f.Type)
			s.embedded[name] = append(s.embedded[name], of)
			s.fields[name] = append(s.fields[name], of)
		}
	}
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return "imported " + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return fmt.Sprintf("%T", e)
}

// has tells whether a type has a method, of its own or of what it embeds.
func (s *parsed) has(name, method string) bool {
	return s.methods[name][method] || slices.ContainsFunc(s.embedded[name], func(e string) bool { return s.has(e, method) })
}

// operators are the types that implement Operator.
func (s *parsed) operators() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		if ast.IsExported(name) && (s.has(name, "Process") && s.has(name, "EndInput") || slices.Contains(s.embedded[name], "Operator")) {
			names = append(names, name)
		}
	}
	return names
}

// TestOperatorsSaveTheirState holds every operator with every field against testdata/operators, which says what becomes of its
// state in checkpoints:
//
//	none     it holds nothing from one batch to the next that belongs to records
//	anew     what it knows of records before a restart it learns again from those that follow, as in Flink
//	saved    States has it, and package client/datastream/rescale shows that it comes back
//	refused  a job with checkpoints that has the operator is refused (Unsaved)
//	batch    the operator exists in BATCH only, where there are no checkpoints
//
// Who writes an operator, or gives one a field, says there what it holds.
func TestOperatorsSaveTheirState(t *testing.T) {
	s := parsePackage(t)
	said := map[string]bool{}
	datadriven.RunTest(t, "testdata/operators", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			name := strings.TrimSpace(line)
			said[name] = true
			require.Contains(t, s.operators(), name, "%s: no such operator", d.Pos)
			if d.Cmd != "batch" {
				require.Equal(t, d.Cmd == "refused", s.has(name, "Unsaved"), "%s: %s is refused if it has the method Unsaved", d.Pos, name)
			}
			fmt.Fprintln(&out, name+":", strings.Join(s.fields[name], " "))
		}
		return out.String()
	})
	for _, name := range s.operators() {
		require.True(t, said[name], "operator %s is not in testdata/operators: say there what becomes of its state in checkpoints", name)
	}
}
