package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/storage/connector/filesystem"
)

// file is the table that a file is: looked at once for a statement, in workers as the driver has seen it.
func (s *Session) file(path string) (*catalog.Table, error) {
	if t := s.tables[path]; t != nil {
		return t.Clone(), nil
	}
	type seen struct {
		Table     []byte // as JSON
		Temporary string
		Error     string
	}
	found := once(s, "file", func() seen {
		t, temporary, err := inferred(s.ctx, path)
		if err != nil {
			return seen{Error: err.Error()}
		}
		if temporary != "" {
			s.temporary = append(s.temporary, temporary)
		}
		encoded, err := json.Marshal(t)
		if err != nil {
			return seen{Error: err.Error()}
		}
		return seen{Table: encoded, Temporary: temporary}
	})
	if found.Error != "" {
		return nil, errors.New(found.Error)
	}
	t := new(catalog.Table)
	if err := json.Unmarshal(found.Table, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.tables[path] = t
	if found.Temporary != "" {
		s.copied[path] = t
	}
	return t.Clone(), nil
}

// Close removes what the session has put aside: copies of what could be read only once.
func (s *Session) Close() error {
	var errs []error
	for _, name := range s.temporary {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("removing a copy of the standard input: %w", err))
		}
	}
	s.temporary = nil
	clear(s.copied)
	return errors.Join(errs...)
}

// inferred looks at files. temporary is a copy of what can be read only once.
func inferred(ctx context.Context, path string) (t *catalog.Table, temporary string, err error) {
	in, err := filesystem.Infer(ctx, path)
	if err != nil {
		return nil, "", err
	}
	t = &catalog.Table{Options: in.Options, PartitionBy: in.PartitionKeys}
	for _, f := range in.Fields {
		t.Columns = append(t.Columns, catalog.Column{Name: f.Name, Type: f.Type})
	}
	return t, in.Temporary, nil
}
