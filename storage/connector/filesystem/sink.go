package filesystem

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/sink"
)

// SinkOptions say how rows are written to a table.
type SinkOptions struct {
	// Overwrite replaces what is there when the job commits: the whole table or, where it is partitioned, the partitions that rows go to
	// and the one that Static names; each of them by file.ReplaceDir. A table whose directory has to keep its place is emptied first.
	Overwrite bool
	// Static are the values of the first partition keys that PARTITION (key = value) gives. Rows have them in their columns all the same.
	Static map[string]string
	// Clock measures the age of parts; the machine's when nil.
	Clock clock.Clock
}

// Sink writes rows, which have all columns of the table, into parts DIR/[key=value/...]part-SUBTASK-N-ID, which become visible when they
// are committed. Where the option sink.single-file says so it writes one file, by one task.
type Sink struct {
	table   *Table
	options SinkOptions
	encoder *encoder
	static  string // the directory of the static partition below the table's
}

var (
	_ sink.TwoPhase           = (*Sink)(nil)
	_ sink.ConcurrentAttempts = (*Sink)(nil)
)

// prefix is how the names of parts begin.
const prefix = "part"

// Sink returns a sink of all columns of the table.
func (t *Table) Sink(o SinkOptions) (*Sink, error) {
	fail := func(err error) (*Sink, error) { return nil, fmt.Errorf("table of %s: %w", t.settings.path, err) }
	if t.isPattern() {
		return fail(fmt.Errorf("rows cannot be written to a pattern; give a directory"))
	}
	if t.settings.single && len(t.partitions) > 0 {
		return fail(fmt.Errorf("a table of one file has no partitions; leave out 'sink.single-file'"))
	}
	if o.Clock == nil {
		o.Clock = clock.Real
	}
	s := &Sink{table: t, options: o}
	var err error
	if s.encoder, err = t.encoder(); err != nil {
		return fail(err)
	}
	if s.static, err = t.staticPartition(o.Static); err != nil {
		return fail(err)
	}
	return s, nil
}

// staticPartition is the directory of the values of the first partition keys.
func (t *Table) staticPartition(values map[string]string) (string, error) {
	var elements []string
	for _, c := range t.partitions {
		f := t.fields[c]
		text, ok := values[f.Name]
		if !ok {
			break
		}
		v, err := t.partitionValue(f, text)
		if err != nil {
			return "", fmt.Errorf("PARTITION (%s = %s): %w", f.Name, text, err)
		}
		elements = append(elements, string(t.appendPartition(nil, f.Name, v, 0)))
	}
	if len(elements) < len(values) {
		return "", fmt.Errorf("PARTITION has values for %d keys of which %d are the first partition keys of the table; give them in the table's order",
			len(values), len(elements))
	}
	return path.Join(elements...), nil
}

// Parallelism is how many tasks may write: 0 for any number.
func (s *Sink) Parallelism() int {
	if s.table.settings.single {
		return 1
	}
	return s.table.settings.parallelism
}

// ConcurrentAttempts implements sink.ConcurrentAttempts.
func (s *Sink) ConcurrentAttempts() {}

// NewWriter implements sink.Sink.
func (s *Sink) NewWriter(ctx context.Context, env sink.Env) (sink.Writer, error) {
	fs, within, err := filesystem.For(ctx, s.table.settings.path)
	if err != nil {
		return nil, fmt.Errorf("filesystem sink: %w", err)
	}
	w := &writer{ctx: ctx, fs: fs, root: within, sink: s, env: env, parts: map[string]*part{}, whole: true}
	if s.table.settings.single {
		if env.Parallelism > 1 {
			return nil, fmt.Errorf("filesystem sink: %s is one file and is written by one task, not %d", s.table.settings.path, env.Parallelism)
		}
		if _, err := fs.Stat(ctx, within); err == nil && !s.options.Overwrite && env.Attempt == 0 {
			return nil, fmt.Errorf("filesystem sink: %s: %w; use INSERT OVERWRITE, or another path", s.table.settings.path, filesystem.ErrExist)
		}
	}
	return w, nil
}

// NewCommitter implements sink.TwoPhase.
func (s *Sink) NewCommitter(ctx context.Context) (sink.Committer, error) {
	fs, within, err := filesystem.For(ctx, s.table.settings.path)
	if err != nil {
		return nil, fmt.Errorf("filesystem sink: %w", err)
	}
	dir, names := within, prefix
	if s.table.settings.single {
		dir, names = path.Dir(within), path.Base(within)
	}
	r := replacer{sink: s, fs: fs, root: within}
	if s.options.Overwrite {
		return file.NewCommitter(fs, dir, names, r.replace), nil
	}
	return file.NewCommitter(fs, dir, names, nil), nil
}

// replacer removes what a commit replaces.
type replacer struct {
	sink *Sink
	fs   filesystem.FileSystem
	root string
}

// replace removes what files replace. Partitions are replaced here, each at once.
func (r replacer) replace(ctx context.Context, files []file.Committable) error {
	keep, partitions := map[string]bool{}, map[string][]file.Committable{}
	if r.sink.static != "" {
		partitions[path.Join(r.root, r.sink.static)] = nil // also without rows
	}
	for _, f := range files {
		if f.Target == "" {
			continue
		}
		keep[f.Target] = true
		dir := path.Dir(f.Target)
		if r.sink.static != "" {
			dir = path.Join(r.root, r.sink.static)
		}
		partitions[dir] = append(partitions[dir], f)
	}
	switch {
	case r.sink.table.settings.single:
		return r.replaceFile(ctx, files)
	case len(r.sink.table.partitions) == 0:
		return r.replaceTable(ctx, files, keep)
	}
	for _, dir := range slices.Sorted(maps.Keys(partitions)) {
		if err := file.ReplaceDir(ctx, r.fs, dir, partitions[dir]); err != nil {
			return err
		}
	}
	return nil
}

// replaceTable replaces the directory of a table without partitions, or what is in it.
func (r replacer) replaceTable(ctx context.Context, files []file.Committable, keep map[string]bool) error {
	name := path.Base(path.Clean(r.root))
	pinned, err := name == "." || name == ".." || name == "/", error(nil)
	if p, ok := r.fs.(filesystem.Pinner); ok && !pinned {
		pinned, err = p.Pinned(ctx, r.root)
	}
	if err == nil && !pinned {
		err = file.ReplaceDir(ctx, r.fs, r.root, files)
		pinned = errors.Is(err, file.ErrPinned)
	}
	if pinned {
		return r.empty(ctx, r.root, keep)
	}
	return err
}

// replaceFile removes the file of a table that is one, unless the new one is in its place.
func (r replacer) replaceFile(ctx context.Context, files []file.Committable) error {
	for _, f := range files {
		if _, err := r.fs.Stat(ctx, f.Hidden); f.Hidden != "" && err == nil {
			if err := r.fs.Remove(ctx, f.Target); err != nil {
				return err
			}
		}
	}
	return nil
}

// empty removes all visible files below a directory but some.
func (r replacer) empty(ctx context.Context, dir string, keep map[string]bool) error {
	entries, err := r.fs.List(ctx, dir)
	if err != nil {
		return ignoreMissing(err)
	}
	for _, e := range entries {
		switch {
		case filesystem.Hidden(e.Name()) || keep[e.Path]:
		case e.IsDir:
			err = r.empty(ctx, e.Path, keep)
		default:
			err = r.fs.Remove(ctx, e.Path)
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}
