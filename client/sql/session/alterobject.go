package session

import (
	"maps"

	"github.com/leatproject/leat/client/sql/ast"
)

// alterObject changes the options or the comment of a catalog or of a database.
func (s *Session) alterObject(a *ast.AlterObject) error {
	if a.Kind == ast.DatabaseObject {
		return s.alterDatabase(a)
	}
	name := a.Name.Last()
	c, err := s.Catalogs.Catalog(name)
	if err != nil {
		return err
	}
	made, ok := s.created[name]
	if !ok {
		made.options = map[string]string{"type": kindOfCatalog(c)}
	}
	made.options = changed(made.options, a)
	if a.Comment != nil {
		made.comment = *a.Comment
	}
	s.created[name] = made
	return nil
}

func (s *Session) alterDatabase(a *ast.AlterObject) error {
	c, name, err := s.database(a.Name.Strings())
	if err != nil {
		return err
	}
	d, err := c.Database(name)
	if err != nil {
		return err
	}
	d.Options = changed(d.Options, a)
	if a.Comment != nil {
		d.Comment = *a.Comment
	}
	return c.AlterDatabase(name, d)
}

// changed is a copy of options with what SET and RESET say.
func changed(options map[string]string, a *ast.AlterObject) map[string]string {
	out := maps.Clone(options)
	if out == nil {
		out = map[string]string{}
	}
	for _, o := range a.Set {
		out[o.Key] = o.Value
	}
	for _, key := range a.Reset {
		delete(out, key)
	}
	return out
}
