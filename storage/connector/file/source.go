package file

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// DefaultSplitSize is the length of the ranges that files are cut into, in bytes.
const DefaultSplitSize = 64 << 20

// SourceOptions are the options of a Source. The zero value is right for most.
type SourceOptions struct {
	// SplitSize is the length of a split in bytes; DefaultSplitSize when 0.
	SplitSize int64
	// Malformed is the policy for records that cannot be read.
	Malformed format.Policy
	// Monitor is the interval at which to look for new files, for ever. 0 reads the files that are there and ends. A file
	// counts as new when its path, size or modification time is, so files should appear by rename.
	Monitor time.Duration
	// Keep leaves out the files for which it is false; nil keeps all.
	Keep func(path string) bool
	// Clock measures Monitor; the machine's when nil.
	Clock clock.Clock
}

// complete sets what was left to its default.
func (o *SourceOptions) complete() {
	if o.SplitSize == 0 {
		o.SplitSize = DefaultSplitSize
	}
	if o.Clock == nil {
		o.Clock = clock.Real
	}
}

// Source reads rows of type T from files.
type Source[T any] struct {
	paths   []string
	format  format.StreamFormat[T]
	options SourceOptions
}

var _ source.Source = (*Source[string])(nil)

// NewSource returns a source of the files that paths stand for: files, directories (all files below whose names do not
// begin with . or _) and patterns (*, ?, [a-z], **). A path that nothing matches is an error when reading starts, except
// while monitoring.
func NewSource[T any](paths []string, f format.StreamFormat[T], options SourceOptions) (*Source[T], error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("file source: no path; give a file, a directory or a pattern")
	}
	if options.SplitSize < 0 || options.Monitor < 0 {
		return nil, fmt.Errorf("file source %s: split size and monitoring interval must not be negative", strings.Join(paths, ", "))
	}
	options.complete()
	return &Source[T]{append([]string(nil), paths...), f, options}, nil
}

// Boundedness implements source.Source.
func (s *Source[T]) Boundedness() source.Boundedness {
	if s.options.Monitor > 0 {
		return source.Unbounded
	}
	return source.Bounded
}

// ReadsSuccessively implements source.Successive.
func (s *Source[T]) ReadsSuccessively() {}

// NewEnumerator implements source.Source.
func (s *Source[T]) NewEnumerator(_ context.Context, _ int) (source.Enumerator, error) {
	return NewEnumerator(s.paths, s.format.Splittable(), s.options), nil
}

// NewReader implements source.Source.
func (s *Source[T]) NewReader(_ context.Context, env source.Env) (source.Reader, error) {
	return &reader[T]{format: s.format, malformed: s.options.Malformed.Handler(env)}, nil
}
