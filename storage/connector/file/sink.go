package file

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

// SinkOptions are the options of a Sink of rows of type T. The zero value is right for most.
type SinkOptions[T any] struct {
	// Prefix and Suffix are put around SUBTASK-N in the names of parts: PREFIX-SUBTASK-N SUFFIX. The prefix is "part" when
	// empty; a suffix such as ".csv" goes before that of the compression.
	Prefix, Suffix string
	// Compression is any but Bzip2.
	Compression format.Compression
	// Rolling says when a part is full. The zero value is one part to the end in BATCH, and 128 MiB or a minute on a stream.
	Rolling Rolling
	// Bucket returns the subdirectory of DIR that a row goes to, with slashes; nil and "" are DIR itself. Each bucket that was
	// written to since the last checkpoint holds an open file and up to 256 KiB of memory.
	Bucket func(row T) string
	// Overwrite replaces what is there: in BATCH all visible files in DIR whose names begin with the prefix, in STREAMING
	// files of the same name. Without it such a file is an error.
	Overwrite bool
	// Replace puts the output of a job in BATCH in the place of all of DIR, such as a partition dt=2026-11-20, whatever was in it:
	// readers see the old or the new, never parts of both. A run that is repeated replaces what it has written before. The file
	// Manifest in DIR says what that was.
	Replace bool
	// Clock measures Rolling.Interval; the machine's when nil.
	Clock clock.Clock
}

// Rolling says when a part is finished and the next one begun; what is 0 does not count. A part also ends with each
// checkpoint (Flink's OnCheckpointRollingPolicy) and at the end of the input.
type Rolling struct {
	Size     int64         // bytes of records before compression
	Records  int64         // records
	Interval time.Duration // since the part was begun
}

// streamRolling is how parts of a stream roll when nothing was said, as Flink's: what is read for ever must become visible
// some time.
var streamRolling = Rolling{Size: 128 << 20, Interval: time.Minute}

// Sink writes rows of type T into parts DIR/part-SUBTASK-N, which become visible when they are committed.
type Sink[T any] struct {
	dir     string
	encoder format.Encoder[T]
	options SinkOptions[T]
}

var (
	_ sink.TwoPhase           = (*Sink[string])(nil)
	_ sink.ConcurrentAttempts = (*Sink[string])(nil)
)

// ConcurrentAttempts implements sink.ConcurrentAttempts.
func (s *Sink[T]) ConcurrentAttempts() {}

// NewSink returns a sink that writes to the directory dir, which need not exist.
func NewSink[T any](dir string, encoder format.Encoder[T], options SinkOptions[T]) (*Sink[T], error) {
	_, within, err := filesystem.Split(dir)
	if err != nil {
		return nil, fmt.Errorf("file sink: %w", err)
	}
	if options.Prefix == "" {
		options.Prefix = "part"
	}
	if strings.Contains(options.Prefix+options.Suffix, "/") || filesystem.Hidden(options.Prefix) {
		return nil, fmt.Errorf("file sink %s: prefix %q and suffix %q must not hold a slash and the prefix must not begin with . or _, "+
			"which would hide the files", dir, options.Prefix, options.Suffix)
	}
	if err := options.Compression.Writable(); err != nil {
		return nil, fmt.Errorf("file sink %s: %w", dir, err)
	}
	if options.Rolling.Size < 0 || options.Rolling.Records < 0 || options.Rolling.Interval < 0 {
		return nil, fmt.Errorf("file sink %s: rolling size, records and interval must not be negative", dir)
	}
	if base := path.Base(path.Clean(within)); options.Replace && (options.Bucket != nil || base == "." || base == ".." || base == "/") {
		return nil, fmt.Errorf("file sink %s: Replace needs a directory with a name, and no buckets", dir)
	}
	if options.Clock == nil {
		options.Clock = clock.Real
	}
	return &Sink[T]{dir, encoder, options}, nil
}

// NewWriter implements sink.Sink. Output that is in the way is found here, or in Write when there are buckets.
func (s *Sink[T]) NewWriter(ctx context.Context, env sink.Env) (sink.Writer, error) {
	fs, within, err := filesystem.For(ctx, s.dir)
	if err != nil {
		return nil, fmt.Errorf("file sink: %w", err)
	}
	w := &writer[T]{
		ctx: ctx, fs: fs, root: within, sink: s, env: env, whole: true, rolling: s.options.Rolling,
		parts: map[string]*part{}, next: map[string]int{},
	}
	if s.options.Bucket == nil {
		return w, w.enter("")
	}
	return w, nil
}

// NewCommitter implements sink.TwoPhase.
func (s *Sink[T]) NewCommitter(ctx context.Context) (sink.Committer, error) {
	fs, within, err := filesystem.For(ctx, s.dir)
	if err != nil {
		return nil, fmt.Errorf("file sink: %w", err)
	}
	return &committer{fs: fs, dir: within, prefix: s.options.Prefix, overwrite: s.options.Overwrite, whole: s.options.Replace}, nil
}
