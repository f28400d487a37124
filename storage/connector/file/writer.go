package file

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/sink"
)

// writer writes the parts of one sub-task, at most one at a time in each bucket.
type writer[T any] struct {
	ctx      context.Context // governs the files
	fs       filesystem.FileSystem
	root     string // DIR within fs
	sink     *Sink[T]
	env      sink.Env
	parts    map[string]*part // being written, by bucket
	next     map[string]int   // the number of the next part, by bucket
	finished []committable    // since the last Flush
	whole    bool             // whether nothing was flushed before the end
	rolling  Rolling
}

// Write implements sink.Writer.
func (w *writer[T]) Write(_ context.Context, b *column.Batch) error {
	rows := column.Rows[T](b)
	if w.sink.options.Bucket == nil {
		return w.writeRows("", rows)
	}
	for len(rows) > 0 {
		bucket, n := w.sink.options.Bucket(rows[0]), 1
		for n < len(rows) && w.sink.options.Bucket(rows[n]) == bucket {
			n++
		}
		if err := w.writeRows(bucket, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (w *writer[T]) writeRows(bucket string, rows []T) (err error) {
	p := w.parts[bucket]
	if p != nil && w.old(p) {
		if err := w.roll(bucket); err != nil {
			return err
		}
		p = nil
	}
	for i := range rows {
		if p == nil {
			if p, err = w.begin(bucket); err != nil {
				return err
			}
		}
		if p.buf, err = w.sink.encoder.Append(p.buf, &rows[i]); err != nil {
			return fmt.Errorf("file sink %s: encode record: %w", w.sink.dir, err)
		}
		p.records++
		if len(p.buf) >= flushSize {
			if err := p.flush(); err != nil {
				return fmt.Errorf("file sink: %w", err)
			}
		}
		if w.rolling.full(p) {
			if err := w.roll(bucket); err != nil {
				return err
			}
			p = nil
		}
	}
	return nil
}

func (w *writer[T]) begin(bucket string) (*part, error) {
	if err := w.enter(bucket); err != nil {
		return nil, err
	}
	o := w.sink.options
	name := fmt.Sprintf("%s%d%s", w.own(), w.next[bucket], w.extension())
	p, err := createPart(w.ctx, w.fs, w.env.JobID, path.Join(w.root, bucket, name), o.Compression)
	if err != nil {
		return nil, w.cannot(err)
	}
	p.begun = o.Clock.Now()
	p.buf = w.sink.encoder.Header(nil)
	w.next[bucket]++
	w.parts[bucket] = p
	return p, nil
}

// enter finds the first part number of a bucket when it is met for the first time. Output that is there already is an error,
// or a reader would take it for this job's: in DIR parts of any sub-task, in a bucket, which is met while the job runs, this
// sub-task's. A later attempt, or a job that goes on from a checkpoint, goes on after whatever the earlier ones have written, be
// it visible or hidden.
func (w *writer[T]) enter(bucket string) error {
	if _, known := w.next[bucket]; known {
		return nil
	}
	for _, element := range strings.Split(bucket, "/") {
		if bucket != "" && (element == "" || filesystem.Hidden(element)) {
			return fmt.Errorf("file sink %s: bucket %q: its elements must not be empty or begin with . or _, which would hide them",
				w.sink.dir, bucket)
		}
	}
	entries, err := w.fs.List(w.ctx, path.Join(w.root, bucket))
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return w.cannot(err)
	}
	parts := w.sink.options.Prefix + "-"
	if bucket != "" {
		parts = w.own()
	}
	next, later := 0, w.env.Attempt > 0 || w.env.Restored
	for _, e := range entries {
		taken := strings.HasPrefix(e.Name(), parts) && strings.TrimLeft(e.Name()[len(parts):], "-0123456789") == w.extension()
		rest, own := strings.CutPrefix(strings.TrimPrefix(e.Name(), "."), w.own())
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		n, err := strconv.Atoi(digits)
		switch {
		case later && own && err == nil:
			next = max(next, n+1)
		case !later && !w.sink.options.Overwrite && !w.sink.options.Replace && taken:
			return existsError(e.Path)
		}
	}
	w.next[bucket] = next
	return nil
}

// cannot adds to an error what file systems, which do not know that this is about output, leave open.
func (w *writer[T]) cannot(err error) error {
	var at *filesystem.PathError
	if errors.As(err, &at) && (at.Kind == nil || at.Kind == filesystem.ErrExist) {
		return fmt.Errorf("file sink: %w; %s must be a directory, or not exist yet, where files can be made", err, w.sink.dir)
	}
	return fmt.Errorf("file sink: %w", err)
}

func existsError(target string) error {
	return fmt.Errorf("file sink: output file %s: %w; remove it, choose another directory, or set the option Overwrite",
		target, filesystem.ErrExist)
}

func (w *writer[T]) extension() string {
	return w.sink.options.Suffix + string(w.sink.options.Compression)
}

// own is how the names of this sub-task's parts begin.
func (w *writer[T]) own() string { return ownParts(w.sink.options.Prefix, w.env.Subtask) }

func ownParts(prefix string, subtask int) string { return fmt.Sprintf("%s-%d-", prefix, subtask) }

// roll finishes the part of a bucket.
func (w *writer[T]) roll(bucket string) error {
	p := w.parts[bucket]
	if err := p.finish(); err != nil {
		return fmt.Errorf("file sink: %w", err)
	}
	delete(w.parts, bucket)
	w.finished = append(w.finished, committable{hidden: p.hidden, target: p.target})
	return nil
}

// old tells whether a part has been written to for as long as it may.
func (w *writer[T]) old(p *part) bool {
	return w.rolling.Interval > 0 && w.sink.options.Clock.Now().Sub(p.begun) >= w.rolling.Interval
}

// Roll implements sink.Roller.
func (w *writer[T]) Roll(context.Context) ([]sink.Committable, error) {
	if w.rolling == (Rolling{}) {
		w.rolling = streamRolling
	}
	for bucket, p := range w.parts {
		if w.old(p) {
			if err := w.roll(bucket); err != nil {
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
func (w *writer[T]) Flush(_ context.Context, end bool) ([]sink.Committable, error) {
	buckets := make([]string, 0, len(w.parts))
	for bucket := range w.parts {
		buckets = append(buckets, bucket)
	}
	slices.Sort(buckets)
	for _, bucket := range buckets {
		if err := w.roll(bucket); err != nil {
			return nil, err
		}
	}
	whole := end && w.whole
	if whole && len(w.finished) == 0 && (w.sink.options.Overwrite || w.sink.options.Replace) {
		w.finished = append(w.finished, committable{})
	}
	return w.take(whole), nil
}

// take returns what was finished since the last call.
func (w *writer[T]) take(whole bool) []sink.Committable {
	out := make([]sink.Committable, len(w.finished))
	for i, c := range w.finished {
		c.whole = whole
		out[i] = c.encode()
	}
	w.whole, w.finished = false, nil
	return out
}

// Close implements sink.Writer: it removes what was not handed over by Flush.
func (w *writer[T]) Close() error {
	var errs []error
	for _, p := range w.parts {
		errs = append(errs, p.file.Abort())
	}
	ctx := context.WithoutCancel(w.ctx)
	for _, c := range w.finished {
		if c.hidden != "" {
			errs = append(errs, w.fs.Remove(ctx, c.hidden))
		}
	}
	w.parts, w.finished = map[string]*part{}, nil
	return errors.Join(errs...)
}
