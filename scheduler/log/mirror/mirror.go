package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/storage/clock"
)

// Options of a mirrored log.
type Options struct {
	Place
	// Generation is the claimed one that the log belongs to.
	Generation uint64
	// Rebuild makes a snapshot of what the last generation has left; a new generation begins with it.
	Rebuild func(Left) ([]byte, error)
	Clock   clock.Clock
	Logger  *slog.Logger
	// Retry is how long to wait after a failed write before the next try; 0 takes a second. Every is the number of files of facts
	// after which a snapshot takes their place; 0 takes 1000. Look is how often every member looks whether a newer generation has
	// begun; 0 takes 5 s.
	Retry time.Duration
	Every int
	Look  time.Duration
}

// Log is a log whose facts are also files. It implements log.Log; it leads when the log beneath does and its snapshot is written.
type Log struct {
	log.Watch
	opt     Options
	inner   log.Log
	machine *machine
	ctx     context.Context
	cancel  context.CancelFunc
	stopped chan struct{}

	again chan struct{} // has an element when leadership was given up although the log beneath still leads

	mu     sync.Mutex // held while files are written
	term   uint64     // of the files
	count  uint64     // of files in this term
	facts  int        // files since the last snapshot
	whole  bool       // the files have everything that was applied
	fenced error
}

// Open opens the log beneath by open, which must use the machine that it is given, and mirrors its facts.
func Open(opt Options, m log.Machine, open func(log.Machine) (log.Log, error)) (*Log, error) {
	if opt.Retry == 0 {
		opt.Retry = time.Second
	}
	if opt.Every == 0 {
		opt.Every = 1000
	}
	if opt.Look == 0 {
		opt.Look = 5 * time.Second
	}
	l := &Log{opt: opt, machine: &machine{Machine: m}, again: make(chan struct{}, 1), stopped: make(chan struct{})}
	inner, err := open(l.machine)
	if err != nil {
		return nil, err
	}
	l.inner = inner
	l.ctx, l.cancel = context.WithCancel(context.Background())
	go l.follow()
	return l, nil
}

// follow leads when the log beneath does.
func (l *Log) follow() {
	defer close(l.stopped)
	for l.ctx.Err() == nil && l.Leadership().Over == nil {
		changed := l.inner.Changed()
		now := l.inner.Leadership()
		if !now.Leading {
			l.show(now)
		} else if now != l.Leadership() {
			err := l.begin(now.Term)
			if errors.Is(err, log.ErrFenced) {
				return
			}
			if err != nil {
				l.opt.Logger.Error("this JobManager cannot lead yet", "error", err)
				l.show(log.Leadership{Term: now.Term})
				l.pause(changed)
				continue
			}
			l.show(now)
		}
		look := make(chan struct{})
		disarm := l.opt.Clock.AfterFunc(l.opt.Look, func() { close(look) })
		select {
		case <-changed:
		case <-l.again:
			l.pause(changed)
		case <-look:
			l.look()
		case <-l.ctx.Done():
		}
		disarm()
	}
}

// show changes the leadership, unless it is over for good.
func (l *Log) show(now log.Leadership) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced == nil {
		l.Set(now)
	}
}

// pause waits before the next try.
func (l *Log) pause(changed <-chan struct{}) {
	wake := make(chan struct{})
	defer l.opt.Clock.AfterFunc(l.opt.Retry, func() { close(wake) })()
	select {
	case <-wake:
	case <-changed:
	case <-l.ctx.Done():
	}
}

// begin writes the snapshot with which this member leads. The first leader of a generation takes over what the last one has left:
// the first snapshot of a generation has it, or older files would be given up too early.
func (l *Log) begin(term uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, err := l.opt.files(l.ctx, l.opt.Generation, snapshotSuffix)
	if err != nil {
		return err
	}
	if len(own) == 0 {
		if err := l.inherit(); err != nil {
			return fmt.Errorf("take over from the last generation of cluster %s: %w", l.opt.Cluster, err)
		}
	}
	if l.term != term {
		l.term, l.count = term, 0
	}
	return l.snapshot(l.ctx)
}

func (l *Log) inherit() error {
	left, err := Read(l.ctx, l.opt.Place, l.opt.Generation)
	if err != nil || left.Snapshot == nil {
		return err
	}
	b, err := l.opt.Rebuild(left)
	if err != nil {
		return err
	}
	return l.inner.Restore(l.ctx, b)
}

// snapshot writes the whole state and removes what it makes superfluous.
func (l *Log) snapshot(ctx context.Context) error {
	b := l.machine.snapshot()
	sequence, err := l.write(ctx, snapshotSuffix, b)
	if err != nil {
		return err
	}
	l.facts, l.whole = 0, true
	if err := l.clean(ctx, sequence); err != nil {
		l.opt.Logger.Warn("old files of the mirror stay for now", "error", err)
	}
	return nil
}

// write writes the next file and makes sure that its generation was not over by then. Files are numbered by term and within it,
// so what a deposed leader writes late comes before the snapshot of its successor.
func (l *Log) write(ctx context.Context, suffix string, b []byte) (sequence uint64, err error) {
	if l.fenced != nil {
		return 0, l.fenced
	}
	l.count++
	sequence = l.term<<32 | l.count
	if err := l.opt.write(ctx, l.opt.file(l.opt.Generation, sequence, suffix), b); err != nil {
		return 0, err
	}
	if err := l.opt.ended(ctx, l.opt.Generation); err != nil {
		l.fence(err)
		return 0, err
	}
	return sequence, nil
}

// clean removes what a snapshot has made superfluous, here and in older generations. Begin files stay.
func (l *Log) clean(ctx context.Context, snapshot uint64) error {
	all, err := l.opt.generations(ctx)
	for _, g := range all {
		if err != nil || g > l.opt.Generation {
			break
		}
		for _, suffix := range []string{factsSuffix, snapshotSuffix} {
			files, listErr := l.opt.files(ctx, g, suffix)
			err = errors.Join(err, listErr)
			for _, f := range files {
				if g < l.opt.Generation || f.sequence < snapshot {
					err = errors.Join(err, l.opt.FS.Remove(ctx, f.path))
				}
			}
		}
	}
	return err
}

// Propose implements log.Log. When the log has taken the entry but its facts could not be written, the result is ErrUnknown.
func (l *Log) Propose(ctx context.Context, entry []byte) (uint64, error) {
	if now := l.Leadership(); !now.Leading {
		return 0, l.refused()
	}
	l.machine.expect()
	defer l.machine.done()
	index, err := l.inner.Propose(ctx, entry)
	if err != nil {
		if errors.Is(err, log.ErrUnknown) {
			l.resign()
		}
		return 0, err
	}
	if err := l.mirror(ctx, index); err != nil {
		l.resign()
		return 0, fmt.Errorf("%w: %w", log.ErrUnknown, err)
	}
	return index, nil
}

// mirror writes the facts of the entries up to index, each in its turn.
func (l *Log) mirror(ctx context.Context, index uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.machine.upTo(index) {
		if !l.whole {
			return errors.New("the facts before it are not written")
		}
		if _, err := l.write(ctx, factsSuffix, f.bytes); err != nil {
			l.whole = false
			return err
		}
		l.facts++
	}
	if l.facts >= l.opt.Every {
		if err := l.snapshot(ctx); err != nil {
			l.opt.Logger.Warn("the snapshot of the mirror is put off", "error", err)
		}
	}
	return nil
}

// resign stops leading until a snapshot has been written that has what may be missing.
func (l *Log) resign() {
	l.mu.Lock()
	l.whole = false
	l.mu.Unlock()
	l.show(log.Leadership{Term: l.Leadership().Term})
	select {
	case l.again <- struct{}{}:
	default:
	}
}

func (l *Log) refused() error {
	switch {
	case l.ctx.Err() != nil:
		return log.ErrClosed
	case l.Leadership().Over != nil:
		return l.Leadership().Over
	}
	return fmt.Errorf("%w: %s does", log.ErrNotLeader, l.inner.Leadership().Leader)
}

// fence ends the member for good if a newer generation has begun. l.mu is held.
func (l *Log) fence(err error) {
	if errors.Is(err, log.ErrFenced) && l.fenced == nil {
		l.fenced = err
		l.Set(log.Leadership{Over: err})
	}
}

// look finds out whether a newer generation has begun while there is nothing to write.
func (l *Log) look() {
	err := l.opt.ended(l.ctx, l.opt.Generation)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fence(err)
}

// Verify implements log.Log.
func (l *Log) Verify(ctx context.Context) error {
	if !l.Leadership().Leading {
		return l.refused()
	}
	if err := l.opt.ended(ctx, l.opt.Generation); err != nil {
		return err
	}
	return l.inner.Verify(ctx)
}

// Restore implements log.Log.
func (l *Log) Restore(ctx context.Context, snapshot []byte) error {
	if !l.Leadership().Leading {
		return l.refused()
	}
	if err := l.inner.Restore(ctx, snapshot); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.snapshot(ctx); err != nil {
		return fmt.Errorf("%w: %w", log.ErrUnknown, err)
	}
	return nil
}

// Close implements log.Log.
func (l *Log) Close() error {
	l.cancel()
	<-l.stopped
	l.Set(log.Leadership{})
	return l.inner.Close()
}
