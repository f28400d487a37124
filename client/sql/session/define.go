package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/storage/filesystem"
)

func keysOf(m map[string]string) iter.Seq[string] { return maps.Keys(m) }

// use changes the current catalog or database.
func (s *Session) use(u *ast.Use) (err error) {
	if u.Kind == ast.CatalogObject {
		err = s.Catalogs.UseCatalog(u.Name.Last())
	} else {
		err = s.Catalogs.UseDatabase(u.Name.Strings())
	}
	if err == nil {
		s.succeeded()
	}
	return err
}

// createTable makes a table, and fills it if there is a query.
func (s *Session) createTable(ctx context.Context, c *ast.CreateTable) error {
	t, err := s.binder().Table(c)
	if err != nil {
		return mistake(c.Pos, err)
	}
	path := s.Catalogs.Qualify(c.Name.Strings())
	if err := s.put(path, t, c.Temporary, c.OrReplace); err != nil {
		if c.IfNotExists && errors.Is(err, catalog.ErrExists) {
			s.succeeded()
			return nil
		}
		return mistake(c.Name.Pos, err)
	}
	if c.As == nil {
		s.succeeded()
		return nil
	}
	err = s.insert(ctx, c.Pos, []*ast.Insert{{Pos: c.Pos, Table: &ast.TableName{Pos: c.Name.Pos, Name: c.Name}, Query: c.As}})
	if err != nil {
		return errors.Join(err, s.drop(path, c.Temporary))
	}
	return nil
}

func (s *Session) put(path catalog.Path, t *catalog.Table, temporary, replace bool) error {
	if temporary {
		return s.Catalogs.PutTemporary(path, t, replace)
	}
	c, err := s.Catalogs.Catalog(path.Catalog)
	if err != nil {
		return err
	}
	return c.PutTable(path.Database, path.Object, t, replace)
}

func (s *Session) drop(path catalog.Path, temporary bool) error {
	if temporary {
		return s.Catalogs.DropTemporary(path)
	}
	c, err := s.Catalogs.Catalog(path.Catalog)
	if err != nil {
		return err
	}
	return c.DropTable(path.Database, path.Object)
}

// define executes the other statements that change catalogs; false for those that are none.
func (s *Session) define(ctx context.Context, statement ast.Statement) (bool, error) {
	switch st := statement.(type) {
	case *ast.CreateView:
		t, err := s.binder().View(st)
		if err == nil {
			err = s.put(s.Catalogs.Qualify(st.Name.Strings()), t, st.Temporary, st.OrReplace)
		}
		return true, unless(st.IfNotExists, catalog.ErrExists, err)
	case *ast.CreateCatalog:
		return true, unless(st.IfNotExists, catalog.ErrExists, s.createCatalog(ctx, st))
	case *ast.CreateDatabase:
		return true, unless(st.IfNotExists, catalog.ErrExists, s.createDatabase(st))
	case *ast.Drop:
		return true, unless(st.IfExists, catalog.ErrNotFound, s.dropObject(st))
	case *ast.AlterTable:
		return true, unless(st.IfExists, catalog.ErrNotFound, s.alterTable(ctx, st))
	case *ast.AlterView:
		return true, s.alterView(st)
	case *ast.AlterObject:
		return true, s.alterObject(st)
	}
	return false, nil
}

// unless drops an error that IF EXISTS or IF NOT EXISTS expects.
func unless(expected bool, is, err error) error {
	if expected && errors.Is(err, is) {
		return nil
	}
	return err
}

// createdCatalog is what CREATE CATALOG said.
type createdCatalog struct {
	options map[string]string
	comment string
}

func (s *Session) createCatalog(ctx context.Context, c *ast.CreateCatalog) error {
	options := map[string]string{}
	for _, o := range c.Options {
		options[o.Key] = o.Value
	}
	made := createdCatalog{options: options}
	if c.Comment != nil {
		made.comment = *c.Comment
	}
	err := s.registerCatalog(ctx, c, options)
	if err == nil {
		s.created[c.Name.Name] = made
	}
	return err
}

func (s *Session) registerCatalog(ctx context.Context, c *ast.CreateCatalog, options map[string]string) error {
	switch kind := options["type"]; kind {
	case "generic_in_memory":
		database := options["default-database"]
		if database == "" {
			database = "default"
		}
		return s.Catalogs.Register(c.Name.Name, catalog.NewMemory(database))
	case "file":
		if options["path"] == "" {
			return fmt.Errorf("catalog %s of type file needs the option 'path': the directory that it lives in", c.Name.Name)
		}
		fs, dir, err := filesystem.For(ctx, options["path"])
		if err != nil {
			return err
		}
		f := &recorded{s, catalog.NewFile(context.WithoutCancel(ctx), fs, dir)}
		if databases, err := f.Databases(); err != nil {
			return err
		} else if len(databases) == 0 {
			if err := f.CreateDatabase(catalog.DefaultDatabase, catalog.Database{}); err != nil {
				return err
			}
		}
		return s.Catalogs.Register(c.Name.Name, f)
	default:
		return fmt.Errorf("catalog %s: 'type' = '%s' is not there: generic_in_memory and file are", c.Name.Name, kind)
	}
}

// database splits the name of a database.
func (s *Session) database(parts []string) (catalog.Catalog, string, error) {
	name, _ := s.Catalogs.Current()
	if len(parts) == 2 {
		name = parts[0]
	}
	c, err := s.Catalogs.Catalog(name)
	return c, parts[len(parts)-1], err
}

func (s *Session) createDatabase(d *ast.CreateDatabase) error {
	c, name, err := s.database(d.Name.Strings())
	if err != nil {
		return err
	}
	made := catalog.Database{Options: map[string]string{}}
	if d.Comment != nil {
		made.Comment = *d.Comment
	}
	for _, o := range d.Options {
		made.Options[o.Key] = o.Value
	}
	return c.CreateDatabase(name, made)
}

func (s *Session) dropObject(d *ast.Drop) error {
	switch d.Kind {
	case ast.CatalogObject:
		err := s.Catalogs.Unregister(d.Name.Last())
		if err == nil {
			delete(s.created, d.Name.Last())
		}
		return err
	case ast.DatabaseObject:
		c, name, err := s.database(d.Name.Strings())
		if err != nil {
			return err
		}
		if in, database := s.Catalogs.Current(); name == database && (len(d.Name.Parts) == 1 || d.Name.Parts[0].Name == in) {
			return fmt.Errorf("database %s is the current one: USE another first", name)
		}
		return c.DropDatabase(name, d.Cascade)
	case ast.TableObject, ast.ViewObject:
		path := s.Catalogs.Qualify(d.Name.Strings())
		t, temporary, err := s.Catalogs.Table(path)
		switch {
		case err != nil:
			return err
		case (t.View != nil) != (d.Kind == ast.ViewObject):
			return fmt.Errorf("%s is no %s", path.Object, d.Kind)
		case temporary && !d.Temporary:
			return fmt.Errorf("%s is temporary: DROP TEMPORARY %s %s", path.Object, d.Kind, path.Object)
		case !temporary && d.Temporary:
			return fmt.Errorf("temporary %s %s %w", d.Kind, path.Object, catalog.ErrNotFound)
		}
		return s.drop(path, temporary)
	}
	if d.Kind == ast.FunctionObject {
		return fmt.Errorf("function %s %w: none can be created by a statement", d.Name.Last(), catalog.ErrNotFound)
	}
	return fmt.Errorf("DROP %s is not supported", d.Kind)
}

func (s *Session) alterTable(ctx context.Context, a *ast.AlterTable) error {
	path := s.Catalogs.Qualify(a.Name.Strings())
	t, temporary, err := s.Catalogs.Table(path)
	if err != nil {
		return err
	}
	if rename, ok := a.Action.(*ast.AlterRename); ok {
		return s.rename(path, temporary, rename.To)
	}
	if done, err := s.alterPartitions(ctx, path, t, a.Action); done {
		return err
	}
	changed, err := s.binder().Alter(t, a)
	if err != nil {
		return err
	}
	return s.put(path, changed, temporary, true)
}

func (s *Session) rename(path catalog.Path, temporary bool, to ast.ObjectName) error {
	if temporary {
		return fmt.Errorf("%s is temporary: drop it and create it under the other name", path.Object)
	}
	target := s.Catalogs.Qualify(to.Strings())
	if len(to.Parts) == 1 {
		target.Catalog, target.Database = path.Catalog, path.Database
	}
	if target.Catalog != path.Catalog || target.Database != path.Database {
		return fmt.Errorf("%s cannot be moved to another database by renaming it", path.Object)
	}
	c, err := s.Catalogs.Catalog(path.Catalog)
	if err != nil {
		return err
	}
	return c.RenameTable(path.Database, path.Object, target.Object)
}

func (s *Session) alterView(a *ast.AlterView) error {
	path := s.Catalogs.Qualify(a.Name.Strings())
	t, temporary, err := s.Catalogs.Table(path)
	switch {
	case err != nil:
		return err
	case t.View == nil:
		return fmt.Errorf("%s is no view", path.Object)
	case a.Rename != nil:
		return s.rename(path, temporary, *a.Rename)
	}
	view, err := s.binder().View(&ast.CreateView{Pos: a.Pos, Name: a.Name, Query: a.Query})
	if err != nil {
		return err
	}
	view.Comment = t.Comment
	return s.put(path, view, temporary, true)
}
