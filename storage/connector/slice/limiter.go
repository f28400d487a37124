package slice

import (
	"context"
	"time"

	"github.com/leatproject/leat/storage/clock"
)

// Rate limits how many records the readers of a source make, each an equal share.
type Rate struct {
	// PerSecond is the number of records per second of all readers together; 0 is no limit.
	PerSecond float64
	// Burst is how many records all readers together may make at once after a pause; 10 ms' worth when 0.
	Burst int64
}

// limiter is a token bucket. One goroutine owns it.
type limiter struct {
	clock     clock.Clock
	perSecond float64
	burst     float64
	// quantum is how many records are worth waking up for: a millisecond's, but at least one.
	quantum float64
	tokens  float64
	at      time.Time // when tokens was right
}

func newLimiter(r Rate, readers int, c clock.Clock) *limiter {
	l := &limiter{clock: c, perSecond: r.PerSecond / float64(readers), burst: float64(r.Burst) / float64(readers), at: c.Now()}
	if r.Burst == 0 {
		l.burst = l.perSecond / 100
	}
	l.burst = max(l.burst, 1)
	l.quantum = min(max(l.perSecond/1000, 1), l.burst)
	l.tokens = l.quantum
	return l
}

// take waits until there is something to take and takes up to n tokens.
func (l *limiter) take(ctx context.Context, n int64) (int64, error) {
	want := min(float64(n), l.quantum)
	for {
		l.refill()
		// The clock counts in nanoseconds, which may leave a hair less than a whole token.
		if l.tokens+1e-6 >= want {
			taken := max(min(n, int64(l.tokens+1e-6)), 1)
			l.tokens -= float64(taken)
			return taken, nil
		}
		if err := l.wait(ctx, time.Duration((want-l.tokens)/l.perSecond*float64(time.Second))+1); err != nil {
			return 0, err
		}
	}
}

func (l *limiter) giveBack(n int64) { l.tokens += float64(n) }

func (l *limiter) refill() {
	now := l.clock.Now()
	l.tokens = min(l.burst, l.tokens+now.Sub(l.at).Seconds()*l.perSecond)
	l.at = now
}

func (l *limiter) wait(ctx context.Context, d time.Duration) error {
	due := make(chan struct{})
	stop := l.clock.AfterFunc(d, func() { close(due) })
	defer stop()
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
