package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// File is a log in files of one directory, for a JobManager that is alone. It always leads, in a term that grows with every
// start. An entry is written and synced before it is applied.
//
// The directory holds segments NNN.log, named by the index before their first entry, snapshots NNN.snapshot, named by the index
// of their last entry, and a lock. A start reads the newest snapshot and the entries after it. The last record may be torn by a
// crash and is then cut off; anything else that does not fit is an error.
type File struct {
	Watch
	mu      sync.Mutex
	opt     FileOptions
	machine Machine
	lock    io.Closer
	segment segment
	index   uint64
	term    uint64
	closed  error
}

// FileOptions says where and how.
type FileOptions struct {
	Dir string
	// Segment is the size in bytes after which a snapshot is taken and older files are removed; 0 takes 8 MiB.
	Segment int64
	// Wrap, when not nil, comes between the log and the segments that it writes: tests inject faults by it.
	Wrap func(SegmentFile) SegmentFile
}

// SegmentFile is the part of *os.File that appending needs.
type SegmentFile interface {
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

// segment is the file that is appended to.
type segment struct {
	file SegmentFile
	size int64
}

// OpenFile opens the log in opt.Dir, making it if there is none, and brings the machine up to date.
func OpenFile(opt FileOptions, machine Machine) (*File, error) {
	if opt.Segment == 0 {
		opt.Segment = 8 << 20
	}
	if opt.Wrap == nil {
		opt.Wrap = func(f SegmentFile) SegmentFile { return f }
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("log directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(opt.Dir, "lock"))
	if err != nil {
		return nil, err
	}
	f := &File{opt: opt, machine: machine, lock: lock}
	if err := f.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.term++
	if err := f.append(recordTerm, f.index, encodeTerm(f.term)); err != nil {
		return nil, errors.Join(fmt.Errorf("begin term %d of the log in %s: %w", f.term, opt.Dir, err), f.Close())
	}
	f.Set(Leadership{Leading: true, Term: f.term, Leader: "local"})
	return f, nil
}

// Propose implements Log.
func (f *File) Propose(ctx context.Context, entry []byte) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := check(ctx, entry, f.closed); err != nil {
		return 0, err
	}
	if err := f.append(recordEntry, f.index+1, entry); err != nil {
		return 0, err
	}
	f.index++
	if _, err := f.machine.Apply(f.index, entry); err != nil {
		return 0, f.fail(fmt.Errorf("%w: %w", ErrClosed, err))
	}
	if f.segment.size > f.opt.Segment {
		if err := f.compact(f.machine.Snapshot()); err != nil {
			return f.index, nil // the entry is durable; the next one finds out what is wrong
		}
	}
	return f.index, nil
}

// fail closes the log for good.
func (f *File) fail(err error) error {
	f.closed = err
	f.Set(Leadership{})
	return err
}

// append writes one record and syncs it. When the disk is full what was written is cut off and nothing has happened. After a
// failed sync nobody knows what is on disk, so the log closes.
func (f *File) append(kind byte, index uint64, payload []byte) error {
	b := encodeRecord(kind, index, payload)
	_, err := f.segment.file.WriteAt(b, f.segment.size)
	if err != nil {
		if cut := f.segment.file.Truncate(f.segment.size); cut != nil {
			return f.fail(fmt.Errorf("%w: %w: write and cut off a record of the log in %s: %w; restart when the disk works", ErrUnknown, ErrClosed, f.opt.Dir, errors.Join(err, cut)))
		}
		if full(err) {
			return fmt.Errorf("%w in %s: %w; free space on that disk", ErrFull, f.opt.Dir, err)
		}
		return fmt.Errorf("write to the log in %s: %w", f.opt.Dir, err)
	}
	if err := f.segment.file.Sync(); err != nil {
		return f.fail(fmt.Errorf("%w: %w: sync the log in %s: %w; restart when the disk works", ErrUnknown, ErrClosed, f.opt.Dir, err))
	}
	f.segment.size += int64(len(b))
	return nil
}

func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// compact makes a snapshot durable, begins a new segment and removes what is older.
func (f *File) compact(snapshot []byte) error {
	if err := writeSnapshot(f.opt.Dir, f.index, f.term, snapshot); err != nil {
		return err
	}
	old := f.segment.file
	if err := f.begin(f.index); err != nil {
		return err
	}
	f.removeBefore(f.index)
	return old.Close()
}

// begin makes the segment after an index the current one.
func (f *File) begin(index uint64) error {
	file, err := os.OpenFile(filepath.Join(f.opt.Dir, segmentName(index)), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("begin a segment of the log: %w", err)
	}
	if err := syncDir(f.opt.Dir); err != nil {
		return errors.Join(err, file.Close())
	}
	f.segment = segment{file: f.opt.Wrap(file)}
	return nil
}

// Verify implements Log.
func (f *File) Verify(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return check(ctx, nil, f.closed)
}

// Restore implements Log.
func (f *File) Restore(ctx context.Context, snapshot []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := check(ctx, nil, f.closed); err != nil {
		return err
	}
	f.index++
	if err := f.compact(snapshot); err != nil {
		return f.fail(fmt.Errorf("%w: %w: restore the log in %s: %w", ErrUnknown, ErrClosed, f.opt.Dir, err))
	}
	if err := f.machine.Restore(snapshot); err != nil {
		return f.fail(fmt.Errorf("%w: %w", ErrClosed, err))
	}
	return nil
}

// Close implements Log.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lock == nil {
		return nil
	}
	f.closed = ErrClosed
	f.Set(Leadership{})
	var err error
	if f.segment.file != nil {
		err = f.segment.file.Close()
	}
	err = errors.Join(err, f.lock.Close())
	f.lock = nil
	return err
}
