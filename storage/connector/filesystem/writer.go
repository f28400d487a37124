package filesystem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/vector"
)

// writer writes the parts of one sub-task, at most one at a time in each partition.
type writer struct {
	ctx      context.Context // governs the files
	fs       filesystem.FileSystem
	root     string // the table's directory, or file, within fs
	sink     *Sink
	env      sink.Env
	parts    map[string]*part // being written, by partition
	finished []file.Committable
	whole    bool // whether nothing was flushed before the end
	count    int  // parts begun

	key  []byte
	rows map[string][]int32 // scratch: rows by partition
}

// part is a file that is being written under a hidden name.
type part struct {
	hidden, target string
	file           filesystem.Writer
	plain          io.WriteCloser // compresses to file
	rows           columnar.Writer
	begun          time.Time
}

// Write implements sink.Writer.
func (w *writer) Write(_ context.Context, in *column.Batch) error {
	b := column.Vectors(in)
	if b.Rows() == 0 {
		return nil
	}
	t := w.sink.table
	stored := &vector.Batch{Length: b.Length, Selection: b.Selection, Columns: make([]*vector.Vector, len(t.stored))}
	for i, c := range t.stored {
		stored.Columns[i] = b.Columns[c]
	}
	if len(t.partitions) == 0 {
		return w.write("", stored)
	}
	if w.rows == nil {
		w.rows = map[string][]int32{}
	}
	for partition := range w.rows {
		w.rows[partition] = w.rows[partition][:0]
	}
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		w.key = w.key[:0]
		for i, c := range t.partitions {
			if i > 0 {
				w.key = append(w.key, '/')
			}
			w.key = t.appendPartition(w.key, t.fields[c].Name, b.Columns[c], row)
		}
		w.rows[string(w.key)] = append(w.rows[string(w.key)], int32(row))
	}
	for partition, rows := range w.rows {
		if len(rows) == 0 {
			delete(w.rows, partition)
			continue
		}
		stored.Selection = rows
		if err := w.write(partition, stored); err != nil {
			return err
		}
	}
	return nil
}

// write writes rows to a partition.
func (w *writer) write(partition string, b *vector.Batch) (err error) {
	p := w.parts[partition]
	if p == nil {
		if p, err = w.begin(partition); err != nil {
			return err
		}
	}
	if err := p.rows.Write(b); err != nil {
		return fmt.Errorf("filesystem sink: write %s: %w", p.target, err)
	}
	if !w.sink.table.settings.single && (p.rows.Size() >= w.sink.table.settings.rollSize) {
		return w.roll(partition)
	}
	return nil
}

func (w *writer) begin(partition string) (*part, error) {
	var id [4]byte
	rand.Read(id[:]) // never fails
	e := w.sink.encoder
	target := w.root
	if !w.sink.table.settings.single {
		name := fmt.Sprintf("%s-%d-%d-%s%s", prefix, w.env.Subtask, w.count, hex.EncodeToString(id[:]), e.extension)
		target = path.Join(w.root, partition, name)
	}
	p := &part{hidden: file.HiddenFor(w.env.JobID, target), target: target, begun: w.sink.options.Clock.Now()}
	var err error
	if p.file, err = filesystem.CreateHidden(w.ctx, w.fs, p.hidden); err != nil {
		what := w.sink.table.settings.path
		if w.sink.table.settings.single {
			what = "the folder of " + what
		}
		return nil, fmt.Errorf("filesystem sink: %w; %s must be a directory, or not exist yet, where files can be made", err, what)
	}
	if p.plain, err = e.compression.NewWriter(p.file); err == nil {
		p.rows, err = e.new(p.plain)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("filesystem sink: %s: %w", target, err), p.file.Abort())
	}
	w.count++
	w.parts[partition] = p
	return p, nil
}

// roll finishes the part of a partition.
func (w *writer) roll(partition string) error {
	p := w.parts[partition]
	err := p.rows.Close()
	if err == nil {
		err = p.plain.Close()
	}
	if err == nil {
		err = p.file.Close()
	}
	if err != nil {
		return fmt.Errorf("filesystem sink: write %s: %w", p.target, err)
	}
	delete(w.parts, partition)
	w.finished = append(w.finished, file.Committable{Hidden: p.hidden, Target: p.target})
	return nil
}

// Roll implements sink.Roller: parts that are old enough become visible.
func (w *writer) Roll(context.Context) ([]sink.Committable, error) {
	now := w.sink.options.Clock.Now()
	for partition, p := range w.parts {
		if now.Sub(p.begun) >= w.sink.table.settings.rollInterval {
			if err := w.roll(partition); err != nil {
				return nil, err
			}
		}
	}
	if len(w.finished) == 0 {
		return nil, nil
	}
	return w.take(false), nil
}

// Flush implements sink.Writer.
func (w *writer) Flush(_ context.Context, end bool) ([]sink.Committable, error) {
	whole := end && w.whole
	if whole && w.sink.table.settings.single && w.count == 0 { // a table without rows is a file all the same
		if _, err := w.begin(""); err != nil {
			return nil, err
		}
	}
	for _, partition := range slices.Sorted(maps.Keys(w.parts)) {
		if err := w.roll(partition); err != nil {
			return nil, err
		}
	}
	if whole && len(w.finished) == 0 && w.sink.options.Overwrite {
		w.finished = append(w.finished, file.Committable{})
	}
	return w.take(whole), nil
}

// take returns what was finished since the last call.
func (w *writer) take(whole bool) []sink.Committable {
	out := make([]sink.Committable, len(w.finished))
	for i, c := range w.finished {
		c.Whole = whole
		out[i] = c.Encode()
	}
	w.whole, w.finished = false, nil
	return out
}

// Close implements sink.Writer: it removes what was not handed over by Flush.
func (w *writer) Close() error {
	var errs []error
	for _, p := range w.parts {
		errs = append(errs, p.file.Abort())
	}
	for _, c := range w.finished {
		if c.Hidden != "" {
			errs = append(errs, w.fs.Remove(context.WithoutCancel(w.ctx), c.Hidden))
		}
	}
	w.parts, w.finished = map[string]*part{}, nil
	return errors.Join(errs...)
}

func ignoreMissing(err error) error {
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	return err
}
