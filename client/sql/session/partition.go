package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/storage/connector/filesystem"
	files "github.com/leatproject/leat/storage/filesystem"
)

// partitions are those that a table has, and that have the values of a PARTITION clause.
func (s *Session) partitions(ctx context.Context, st *ast.Show) ([]string, error) {
	path := s.Catalogs.Qualify(st.Name.Strings())
	t, _, err := s.Catalogs.Table(path)
	if err != nil {
		return nil, err
	}
	wanted, err := partitionValues(path, t, st.Spec)
	if err != nil {
		return nil, err
	}
	table, err := s.partitioned(ctx, path, t)
	if err != nil {
		return nil, err
	}
	return table.Partitions(ctx, wanted)
}

// partitioned opens a table whose partitions are directories.
func (s *Session) partitioned(ctx context.Context, path catalog.Path, t *catalog.Table) (*filesystem.Table, error) {
	if t.Options["connector"] != "filesystem" {
		return nil, fmt.Errorf("table %s of connector %s has no partitions that could be listed", path.Object, t.Options["connector"])
	}
	table, _, err := (&tables{session: s, ctx: ctx}).files(path.Strings(), t.Options)
	return table, err
}

// partitionValues are the texts of a PARTITION clause by their keys.
func partitionValues(path catalog.Path, t *catalog.Table, spec []ast.Assignment) (map[string]string, error) {
	if len(t.PartitionBy) == 0 {
		return nil, fmt.Errorf("table %s is not partitioned", path.Object)
	}
	values := map[string]string{}
	for _, a := range spec {
		key := a.Column.Name
		text, ok := ast.Constant(a.Value)
		_, twice := values[key]
		switch {
		case !slices.Contains(t.PartitionBy, key):
			return nil, ast.Errorf(a.Column.Pos, "%s is no partition column of %s: %s are", key, path.Object, strings.Join(t.PartitionBy, ", "))
		case twice:
			return nil, ast.Errorf(a.Column.Pos, "PARTITION has two values for %s", key)
		case !ok:
			return nil, ast.Errorf(a.Column.Pos, "PARTITION takes %s = constant; that of NULL is the option 'partition.default-name'", key)
		}
		values[key] = text
	}
	return values, nil
}

// alterPartitions makes or removes directories of partitions; done is false for what changes the table itself. The driver alone does it.
func (s *Session) alterPartitions(ctx context.Context, path catalog.Path, t *catalog.Table, action ast.AlterAction) (done bool, err error) {
	var specs [][]ast.Assignment
	var expected error
	change := (*filesystem.Table).AddPartition
	switch a := action.(type) {
	case *ast.AlterAddPartitions:
		specs = a.Partitions
		if a.IfNotExists {
			expected = files.ErrExist
		}
		for i, o := range a.Options {
			if len(o) > 0 {
				return true, ast.Errorf(a.Pos, "partition %d has options: a partition is a directory of files, which has none", i+1)
			}
		}
	case *ast.AlterDrop:
		if a.What != "PARTITION" {
			return false, nil
		}
		specs, change = a.Partitions, (*filesystem.Table).DropPartition
		if a.Exists {
			expected = files.ErrNotExist
		}
	default:
		return false, nil
	}
	all := make([]map[string]string, len(specs))
	for i, spec := range specs {
		if all[i], err = partitionValues(path, t, spec); err != nil {
			return true, err
		}
	}
	table, err := s.partitioned(ctx, path, t)
	if err != nil {
		return true, err
	}
	failed := once(s, "partitions", func() string {
		for _, values := range all {
			if err := change(table, ctx, values); err != nil && (expected == nil || !errors.Is(err, expected)) {
				return err.Error()
			}
		}
		return ""
	})
	if failed != "" {
		return true, errors.New(failed)
	}
	return true, nil
}
