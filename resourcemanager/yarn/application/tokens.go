package application

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// tokensPrefix begins the names of files with new delegation tokens; the time when they were got follows.
const tokensPrefix = "tokens-"

// Issue gets new delegation tokens, and tells when the first of them ends.
type Issue func(context.Context) (tokens *credentials.Credentials, end time.Time, err error)

// IssueByKerberos gets tokens of the NameNode of an authority from a login that the configuration describes, which is their
// renewer too.
func IssueByKerberos(c conf.Conf, authority string) Issue {
	return func(ctx context.Context) (*credentials.Credentials, time.Time, error) {
		nn, err := namenode.Connect(namenode.Options{Conf: c, Authority: authority, NoTokens: true})
		if err != nil {
			return nil, time.Time{}, err
		}
		defer nn.Close()
		t, err := nn.DelegationToken(ctx, nn.User())
		if err != nil {
			return nil, time.Time{}, err
		}
		if t == nil {
			return nil, time.Time{}, errors.New("the NameNode has given no delegation token")
		}
		end, err := nn.Renew(ctx, t)
		tokens := &credentials.Credentials{}
		tokens.Add(t.Service, t)
		return tokens, end, err
	}
}

// Renewal has new delegation tokens in the hands of all containers of an application before the old ones end: those of YARN
// end after some days for good, and are renewed only as long as the ResourceManager does it.
type Renewal struct {
	Container *Container
	Stage     submission.Stage
	Issue     Issue
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Tokens are got again after so much of the time that they last, and sooner after a failure.
const (
	renewedAfter  = 0.75
	failurePauses = 20
	leastPause    = time.Second
	mostPause     = 5 * time.Minute
)

// Run gets tokens after a pause, and then again and again until ctx ends.
func (r *Renewal) Run(ctx context.Context, pause time.Duration) {
	lasts := time.Duration(0)
	for sleep(ctx, r.Clock, pause) {
		end, err := r.Once(ctx)
		if err != nil {
			pause = min(max(lasts/failurePauses, leastPause), mostPause)
			r.Logger.Warn("yarn: no new delegation tokens: jobs fail when the old ones have ended", "again in", pause, "error", err)
			continue
		}
		lasts = end.Sub(r.Clock.Now())
		pause = max(time.Duration(renewedAfter*float64(lasts)), leastPause)
		r.Logger.Info("yarn: got new delegation tokens", "end", end, "again in", pause)
	}
}

// Once gets new tokens for this container and, by a file, for the others.
func (r *Renewal) Once(ctx context.Context) (end time.Time, err error) {
	tokens, end, err := r.Issue(ctx)
	if err != nil {
		return end, err
	}
	if err := r.Container.Renew(tokens); err != nil {
		return end, err
	}
	name := fmt.Sprintf("%s%016d", tokensPrefix, r.Clock.Now().UnixMilli())
	if _, err := r.Stage.Own(ctx, r.Container.Application().Text(), name, strings.NewReader(string(tokens.Marshal()))); err != nil {
		return end, fmt.Errorf("giving delegation tokens to workers: %w", err)
	}
	return end, nil
}

// Workers look for tokens that often in the time that those of HDFS last, but not more often or less often than that.
const (
	looks     = 40
	leastLook = time.Second
	mostLook  = 15 * time.Minute
)

// Follow takes over the tokens that Renewal leaves, until ctx ends. It returns at once if the container has none.
func (c *Container) Follow(ctx context.Context, stage submission.Stage, k clock.Clock, logger *slog.Logger) {
	t := c.Credentials().Find(credentials.KindHDFS)
	if t == nil {
		return
	}
	pause := mostLook
	if issued, end, ok := t.Lifetime(); ok {
		pause = min(max(end.Sub(issued)/looks, leastLook), mostLook)
	}
	for sleep(ctx, k, pause) {
		content, err := stage.Newest(ctx, c.Application().Text(), tokensPrefix)
		if errors.Is(err, filesystem.ErrNotExist) {
			continue
		}
		var tokens *credentials.Credentials
		if err == nil {
			tokens, err = credentials.Parse(content)
		}
		if err == nil {
			err = c.Renew(tokens)
		}
		if err != nil && ctx.Err() == nil {
			logger.Warn("yarn: new delegation tokens were not taken over", "error", err)
		}
	}
}

// sleep is false if ctx ended first.
func sleep(ctx context.Context, k clock.Clock, d time.Duration) bool {
	over := make(chan struct{})
	defer k.AfterFunc(d, func() { close(over) })()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}
