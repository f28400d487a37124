package backfill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/clock"
)

// Outcome is how a run has ended.
type Outcome struct {
	Code    int    // exit code; 0: it has succeeded
	Message string // why not
	Log     string // the file with what it has printed
}

// Options are those of Run. Ledger, Lock and Execute are needed.
type Options struct {
	Ledger *Ledger
	Lock   *Lock
	// Execute runs one interval. It is called concurrently, and returns early when ctx ends.
	Execute  func(ctx context.Context, r Record) Outcome
	Parallel int // runs at a time; 0: 1
	Clock    clock.Clock
	// Notice hears of each run that has ended, one after the other.
	Notice func(r Record)
}

// Hopeless are exit codes after which other intervals would fail as well: wrong usage, no cluster, no right. No more are begun.
var hopeless = map[int]bool{2: true, 3: true, 4: true}

// Plan is what is to be run of some intervals: those that have not succeeded, or all if again is set. The others are skipped.
func Plan(intervals []Interval, latest map[string]Record, again bool) (runs []Record, skipped int) {
	for _, i := range intervals {
		before, ok := latest[i.Key()]
		if ok && before.State == Succeeded && !again {
			skipped++
			continue
		}
		runs = append(runs, Record{Interval: i, Attempt: before.Attempt + 1})
	}
	return runs, skipped
}

// CatchUp is a range that begins with the first interval that the ledger knows, if that is earlier: what was not run while cron, a
// host or the cluster was away is among its intervals. zone is that of the range.
func CatchUp(r Range, latest map[string]Record) Range {
	var first time.Time
	for _, record := range latest {
		if first.IsZero() || record.Interval.Start.Before(first) {
			first = record.Interval.Start
		}
	}
	if !first.IsZero() {
		r.From, r.Last = first.In(r.Zone).Format(time.RFC3339), ""
	}
	return r
}

// Run runs what was planned, in that order, and writes the ledger. The error is that of the ledger or of ctx; runs that fail are in
// the Summary.
func Run(ctx context.Context, o Options, runs []Record) (Summary, error) {
	if o.Clock == nil {
		o.Clock = clock.Real
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &running{Options: o, ctx: ctx, abandon: cancel, began: o.Clock.Now()}
	if o.Lock.Lost != nil {
		go func() {
			select {
			case <-o.Lock.Lost:
				cancel(fmt.Errorf("%w: this process was not heard of for too long, and another may have begun", ErrLocked))
			case <-ctx.Done():
			}
		}()
	}
	queue := make(chan Record)
	var workers sync.WaitGroup
	for range max(1, o.Parallel) {
		workers.Go(func() {
			for record := range queue {
				r.one(record)
			}
		})
	}
	for _, record := range runs {
		if !r.give(queue, record) {
			break
		}
	}
	close(queue)
	workers.Wait()
	r.summary.Left = len(runs) - r.summary.Succeeded - len(r.summary.Failures)
	r.summary.Took = o.Clock.Now().Sub(r.began)
	if r.err == nil && ctx.Err() != nil {
		r.err = context.Cause(ctx)
	}
	return r.summary, r.err
}

// running is a Run that goes on.
type running struct {
	Options
	ctx     context.Context
	abandon context.CancelCauseFunc
	began   time.Time

	mu      sync.Mutex
	stopped bool // no more are begun
	err     error
	summary Summary
}

// give hands a run to a worker; false if no more are to be begun.
func (r *running) give(queue chan<- Record, record Record) bool {
	select {
	case queue <- record:
	case <-r.ctx.Done():
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.stopped
}

// one runs an interval.
func (r *running) one(record Record) {
	r.mu.Lock()
	stopped := r.stopped || r.ctx.Err() != nil
	r.mu.Unlock()
	if stopped {
		return
	}
	record.Host, _ = os.Hostname()
	record.PID, record.State, record.Began = os.Getpid(), Started, r.Clock.Now().UTC()
	if err := r.Ledger.Write(r.ctx, record); err != nil {
		r.fail(err)
		return
	}
	o := r.Execute(r.ctx, record)
	record.Code, record.Message, record.Log, record.Ended = o.Code, o.Message, o.Log, r.Clock.Now().UTC()
	record.State = Succeeded
	if o.Code != 0 {
		record.State = Failed
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), time.Minute) // an outcome is kept in spite of Ctrl-C
	defer cancel()
	if err := r.Ledger.Write(after, record); err != nil {
		r.fail(fmt.Errorf("interval %s has ended with exit code %d, which could not be noted: %w", record.Interval, o.Code, err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.Code == 0 {
		r.summary.Succeeded++
	} else {
		r.summary.Failures = append(r.summary.Failures, record)
		r.stopped = r.stopped || hopeless[o.Code]
	}
	if r.Notice != nil {
		r.Notice(record)
	}
}

// fail ends all, since what cannot be noted must not be begun.
func (r *running) fail(err error) {
	r.mu.Lock()
	r.err, r.stopped = errors.Join(r.err, err), true
	r.mu.Unlock()
	r.abandon(err)
}
