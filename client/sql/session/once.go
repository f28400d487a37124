package session

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/storage/vector"
)

// once is datastream.Once for the statement that runs. All processes must ask for the same values in the same order.
func once[T any](s *Session, what string, f func() T) T {
	s.onces++
	return datastream.Once(s.env, fmt.Sprintf("sql/%d/%d/%d/%s", s.ordinal, s.number, s.onces, what), f)
}

// recorded is a catalog that outlives the process. The driver alone reads and changes it; workers, and a driver that is run again, are
// told what came of that.
type recorded struct {
	session *Session
	stored  catalog.Catalog
}

// answer is what a catalog has answered, as JSON, or the error and which of the package's it is.
type answer struct {
	Value     []byte
	Error, Is string
}

// catalogErrors are told apart by who calls a catalog.
var catalogErrors = []error{catalog.ErrNotFound, catalog.ErrExists, catalog.ErrNotEmpty}

// recall asks the catalog, or gives what it has answered.
func recall[T any](r *recorded, ask func() (T, error)) (value T, err error) {
	a := once(r.session, "catalog", func() (a answer) {
		value, err := ask()
		if err == nil {
			a.Value, err = json.Marshal(value)
		}
		if err != nil {
			a.Error = err.Error()
		}
		for _, is := range catalogErrors {
			if errors.Is(err, is) {
				a.Is = is.Error()
			}
		}
		return a
	})
	switch {
	case a.Error == "" && a.Value == nil:
		return value, errors.New("what the catalog has answered is not known here: a program must execute the same statements whenever it runs")
	case a.Error == "":
		return value, json.Unmarshal(a.Value, &value)
	}
	for _, is := range catalogErrors {
		if a.Is == is.Error() {
			return value, &catalogError{a.Error, is}
		}
	}
	return value, errors.New(a.Error)
}

func recallError(r *recorded, ask func() error) error {
	_, err := recall(r, func() (bool, error) { return true, ask() })
	return err
}

type catalogError struct {
	text string
	is   error
}

// Error implements error.
func (e *catalogError) Error() string { return e.text }

// Unwrap returns which error of package catalog it is.
func (e *catalogError) Unwrap() error { return e.is }

// Databases implements catalog.Catalog.
func (r *recorded) Databases() ([]string, error) { return recall(r, r.stored.Databases) }

// Database implements catalog.Catalog.
func (r *recorded) Database(name string) (catalog.Database, error) {
	return recall(r, func() (catalog.Database, error) { return r.stored.Database(name) })
}

// CreateDatabase implements catalog.Catalog.
func (r *recorded) CreateDatabase(name string, d catalog.Database) error {
	return recallError(r, func() error { return r.stored.CreateDatabase(name, d) })
}

// AlterDatabase implements catalog.Catalog.
func (r *recorded) AlterDatabase(name string, d catalog.Database) error {
	return recallError(r, func() error { return r.stored.AlterDatabase(name, d) })
}

// DropDatabase implements catalog.Catalog.
func (r *recorded) DropDatabase(name string, tables bool) error {
	return recallError(r, func() error { return r.stored.DropDatabase(name, tables) })
}

// Tables implements catalog.Catalog.
func (r *recorded) Tables(database string) ([]string, error) {
	return recall(r, func() ([]string, error) { return r.stored.Tables(database) })
}

// Table implements catalog.Catalog.
func (r *recorded) Table(database, name string) (*catalog.Table, error) {
	return recall(r, func() (*catalog.Table, error) { return r.stored.Table(database, name) })
}

// PutTable implements catalog.Catalog.
func (r *recorded) PutTable(database, name string, t *catalog.Table, replace bool) error {
	return recallError(r, func() error { return r.stored.PutTable(database, name, t, replace) })
}

// DropTable implements catalog.Catalog.
func (r *recorded) DropTable(database, name string) error {
	return recallError(r, func() error { return r.stored.DropTable(database, name) })
}

// RenameTable implements catalog.Catalog.
func (r *recorded) RenameTable(database, from, to string) error {
	return recallError(r, func() error { return r.stored.RenameTable(database, from, to) })
}

// silence is the output of sessions in workers.
type silence struct{}

// Table implements Output.
func (silence) Table(plan.Schema, result.Options) (result.Writer, error) { return silence{}, nil }

// Text implements Output.
func (silence) Text(string) error { return nil }

// Message implements Output.
func (silence) Message(string) {}

// Write implements result.Writer.
func (silence) Write(*vector.Batch) error { return nil }

// Close implements result.Writer.
func (silence) Close() error { return nil }
