package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
)

// File is a catalog in a directory of any file system, to be shared by sessions and to outlive them. A database is a directory, an object
// a file of JSON whose name ends in a version:
//
//	DIR/DATABASE/database.1.json
//	DIR/DATABASE/tables/NAME.3.json
//
// The highest version counts. A change creates the next one, which fails when another session has done so first, and then removes those
// below; a file is never changed. Names are escaped as in URLs.
type File struct {
	ctx context.Context
	fs  filesystem.FileSystem
	dir string
}

// NewFile opens the catalog in a directory, which is made with its first database. The context governs all later calls.
func NewFile(ctx context.Context, fs filesystem.FileSystem, dir string) *File {
	return &File{ctx: ctx, fs: fs, dir: dir}
}

// maxObject bounds the size in bytes of an object's file.
const maxObject = 16 << 20

func escape(name string) string {
	return strings.NewReplacer(".", "%2E", "_", "%5F").Replace(url.PathEscape(name))
}

func (f *File) database(name string) string { return path.Join(f.dir, escape(name)) }

func (f *File) tables(database string) string { return path.Join(f.database(database), "tables") }

// version is one file of an object.
type version struct {
	name   string // unescaped
	number int
	path   string
}

// versions lists the files of a directory in the order of their versions; a directory that is not there is empty.
func (f *File) versions(dir string) ([]version, error) {
	entries, err := f.fs.List(f.ctx, dir)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list catalog: %w", err)
	}
	var out []version
	for _, e := range entries {
		parts := strings.Split(e.Name(), ".")
		if e.IsDir || len(parts) != 3 || parts[2] != "json" {
			continue
		}
		n, err := strconv.Atoi(parts[1])
		name, escaped := url.PathUnescape(parts[0])
		if err == nil && escaped == nil {
			out = append(out, version{name: name, number: n, path: e.Path})
		}
	}
	slices.SortFunc(out, func(a, b version) int { return a.number - b.number })
	return out, nil
}

// find gives the versions of one object, the newest last.
func (f *File) find(dir, name string) ([]version, error) {
	all, err := f.versions(dir)
	return slices.DeleteFunc(all, func(v version) bool { return v.name != name }), err
}

// write adds a version and removes those before.
func (f *File) write(dir, name string, old []version, object any) error {
	data, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	next := 1
	if len(old) > 0 {
		next = old[len(old)-1].number + 1
	}
	w, err := filesystem.CreateAtomic(f.ctx, f.fs, path.Join(dir, escape(name)+"."+strconv.Itoa(next)+".json"))
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := w.Close(); errors.Is(err, filesystem.ErrExist) {
		return fmt.Errorf("%s was changed by another session at the same time: try again: %w", name, ErrExists)
	} else if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.remove(old)
}

// remove deletes versions, the newest last, so that none below it counts again when it is cut short.
func (f *File) remove(list []version) error {
	for _, v := range list {
		if err := f.fs.Remove(f.ctx, v.path); err != nil {
			return fmt.Errorf("remove %s: %w", v.name, err)
		}
	}
	return nil
}

func (f *File) read(v version, object any) error {
	in, err := f.fs.Open(f.ctx, v.path)
	if err != nil {
		return fmt.Errorf("read %s: %w", v.name, err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxObject))
	if err != nil {
		return fmt.Errorf("read %s: %w", v.name, err)
	}
	if err := json.Unmarshal(data, object); err != nil {
		return fmt.Errorf("read %s: %s is damaged: %w", v.name, v.path, err)
	}
	return nil
}

// Databases gives the names in order.
func (f *File) Databases() ([]string, error) {
	entries, err := f.fs.List(f.ctx, f.dir)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list catalog: %w", err)
	}
	var out []string
	for _, e := range entries {
		name, err := url.PathUnescape(e.Name())
		if !e.IsDir || err != nil {
			continue
		}
		if found, err := f.find(f.database(name), "database"); err != nil {
			return nil, err
		} else if len(found) > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Database describes one.
func (f *File) Database(name string) (d Database, err error) {
	found, err := f.find(f.database(name), "database")
	if err != nil {
		return d, err
	}
	if len(found) == 0 {
		return d, fmt.Errorf("database %s %w", name, ErrNotFound)
	}
	return d, f.read(found[len(found)-1], &d)
}

// CreateDatabase adds an empty one.
func (f *File) CreateDatabase(name string, d Database) error {
	found, err := f.find(f.database(name), "database")
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("database %s %w", name, ErrExists)
	}
	return f.write(f.database(name), "database", nil, d)
}

// AlterDatabase writes the next version of one.
func (f *File) AlterDatabase(name string, d Database) error {
	found, err := f.find(f.database(name), "database")
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("database %s %w", name, ErrNotFound)
	}
	return f.write(f.database(name), "database", found, d)
}

// DropDatabase removes one: its tables first.
func (f *File) DropDatabase(name string, tables bool) error {
	if _, err := f.Database(name); err != nil {
		return err
	}
	list, err := f.versions(f.tables(name))
	if err != nil {
		return err
	}
	if len(list) > 0 && !tables {
		return fmt.Errorf("database %s %w: drop it with CASCADE", name, ErrNotEmpty)
	}
	own, err := f.find(f.database(name), "database")
	if err != nil {
		return err
	}
	if err := f.remove(append(list, own...)); err != nil {
		return err
	}
	for _, dir := range []string{f.tables(name), f.database(name)} {
		if err := f.fs.Remove(f.ctx, dir); err != nil {
			return fmt.Errorf("remove database %s: %w", name, err)
		}
	}
	return nil
}

// Tables gives the names of tables and views in order.
func (f *File) Tables(database string) ([]string, error) {
	if _, err := f.Database(database); err != nil {
		return nil, err
	}
	list, err := f.versions(f.tables(database))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, v := range list {
		out = append(out, v.name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// table gives the versions of a table of a database that is there.
func (f *File) table(database, name string) ([]version, error) {
	if _, err := f.Database(database); err != nil {
		return nil, err
	}
	return f.find(f.tables(database), name)
}

// Table reads one.
func (f *File) Table(database, name string) (*Table, error) {
	found, err := f.table(database, name)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("table %s %w", name, ErrNotFound)
	}
	t := &Table{}
	if err := f.read(found[len(found)-1], t); err != nil {
		return nil, err
	}
	return t.Clone(), nil
}

// PutTable writes one.
func (f *File) PutTable(database, name string, t *Table, replace bool) error {
	found, err := f.table(database, name)
	if err != nil {
		return err
	}
	if len(found) > 0 && !replace {
		return fmt.Errorf("table %s %w", name, ErrExists)
	}
	return f.write(f.tables(database), name, found, t)
}

// DropTable removes one.
func (f *File) DropTable(database, name string) error {
	found, err := f.table(database, name)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("table %s %w", name, ErrNotFound)
	}
	return f.remove(found)
}

// RenameTable writes the table under its new name, then removes the old one.
func (f *File) RenameTable(database, from, to string) error {
	t, err := f.Table(database, from)
	if err != nil {
		return err
	}
	if err := f.PutTable(database, to, t, false); err != nil {
		return err
	}
	return f.DropTable(database, from)
}
