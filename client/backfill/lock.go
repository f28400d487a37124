package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
)

// ErrLocked is the error of a backfill that runs already.
var ErrLocked = errors.New("the backfill runs already")

// A lock elsewhere than on local disks is a file that its holder renames to the next number every beat. Who wants it watches for a
// while: a number that stands still is that of a holder that is gone. Clocks of hosts are not compared.
const (
	beat  = 10 * time.Second
	stale = 6 * beat
)

// Lock is held by the one process that runs a backfill.
type Lock struct {
	release func()
	// Lost is closed when somebody else may have the lock.
	Lost <-chan struct{}
}

// Release lets others have the lock.
func (l *Lock) Release() { l.release() }

// Lock takes the lock of the backfill; ErrLocked says who has it. On local disks a process that dies gives it back; elsewhere that
// takes a minute, and who has the lock is known after ten seconds.
func (l *Ledger) Lock(ctx context.Context, c clock.Clock) (*Lock, error) {
	host, _ := os.Hostname()
	owner := fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, c.Now().UTC().Format(time.RFC3339))
	if l.local {
		return l.flock(owner)
	}
	return l.lease(ctx, c, owner)
}

// flock locks a file of this machine.
func (l *Ledger) flock(owner string) (*Lock, error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, fmt.Errorf("locking the backfill: %w", err)
	}
	file, err := os.OpenFile(path.Join(l.dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the backfill: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		holder, _ := io.ReadAll(io.LimitReader(file, 1000))
		err = fmt.Errorf("locking %s: %w", file.Name(), err)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%w: %s", ErrLocked, holder)
		}
		return nil, errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Truncate(0), write(file, owner)); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the backfill: %w", err), file.Close())
	}
	return &Lock{release: func() { _ = file.Close() }}, nil
}

func write(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// hold is a lock by its file: who has it is the highest epoch that was not released.
type hold struct {
	epoch, beat int
	released    bool
}

const releasedName = "released"

func (h hold) name() string {
	if h.released {
		return strconv.Itoa(h.epoch) + "-" + releasedName
	}
	return strconv.Itoa(h.epoch) + "-" + strconv.Itoa(h.beat)
}

func (l *Ledger) locks() string { return path.Join(l.dir, "lock") }

// holder is who has the lock, and what files older ones have left.
func (l *Ledger) holder(ctx context.Context) (now hold, old []string, err error) {
	now.released = true
	entries, err := l.fs.List(ctx, l.locks())
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return now, nil, fmt.Errorf("locking the backfill: %w", err)
	}
	var all []hold
	for _, e := range entries {
		epoch, rest, _ := strings.Cut(e.Name(), "-")
		number, err := strconv.Atoi(epoch)
		if err != nil {
			continue
		}
		count, err := strconv.Atoi(rest)
		if err == nil || rest == releasedName {
			all = append(all, hold{number, count, rest == releasedName})
		}
	}
	slices.SortFunc(all, func(a, b hold) int { return a.epoch - b.epoch })
	for i, h := range all {
		if i < len(all)-1 {
			old = append(old, h.name())
		}
		now = h
	}
	return now, old, nil
}

// lease takes the lock by files.
func (l *Ledger) lease(ctx context.Context, c clock.Clock, owner string) (*Lock, error) {
	now, old, err := l.holder(ctx)
	if err != nil {
		return nil, err
	}
	first := now
	for since := c.Now(); !now.released && c.Now().Sub(since) < stale; {
		if err := sleep(ctx, c, beat/10); err != nil {
			return nil, err
		}
		if now, old, err = l.holder(ctx); err != nil {
			return nil, err
		}
		if now != first {
			return nil, fmt.Errorf("%w: %s", ErrLocked, l.owner(ctx, now))
		}
	}
	mine := hold{epoch: now.epoch + 1}
	if err := l.create(ctx, path.Join(l.locks(), mine.name()), []byte(owner)); errors.Is(err, filesystem.ErrExist) {
		return nil, fmt.Errorf("%w: another process was faster", ErrLocked)
	} else if err != nil {
		return nil, err
	}
	for _, name := range append(old, now.name()) {
		if err := l.fs.Remove(ctx, path.Join(l.locks(), name)); err != nil {
			return nil, fmt.Errorf("locking the backfill: %w", err)
		}
	}
	return l.keep(ctx, c, mine), nil
}

// owner is what the holder says of itself.
func (l *Ledger) owner(ctx context.Context, h hold) string {
	f, err := l.fs.Open(ctx, path.Join(l.locks(), h.name()))
	if err != nil {
		return "another process has the lock in " + l.locks()
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 1000))
	return string(text)
}

// keep shows that the holder lives until it releases the lock, or somebody else has taken it.
func (l *Ledger) keep(ctx context.Context, c clock.Clock, mine hold) *Lock {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	lost := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for alive := c.Now(); sleep(ctx, c, beat) == nil; {
			next := hold{epoch: mine.epoch, beat: mine.beat + 1}
			err := filesystem.Commit(ctx, l.fs, path.Join(l.locks(), mine.name()), path.Join(l.locks(), next.name()))
			switch {
			case err == nil:
				mine, alive = next, c.Now()
			case errors.Is(err, filesystem.ErrNotExist), c.Now().Sub(alive) > stale/2:
				close(lost)
				return
			}
		}
	})
	return &Lock{Lost: lost, release: sync.OnceFunc(func() {
		stop()
		running.Wait()
		select {
		case <-lost:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beat)
		defer cancel()
		free := hold{epoch: mine.epoch, released: true}
		_ = filesystem.Commit(ctx, l.fs, path.Join(l.locks(), mine.name()), path.Join(l.locks(), free.name())) // else it is stale in a minute
	})}
}

func sleep(ctx context.Context, c clock.Clock, d time.Duration) error {
	over := make(chan struct{})
	stop := c.AfterFunc(d, func() { close(over) })
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
