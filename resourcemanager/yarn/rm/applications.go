package rm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// ErrRejected is an application that YARN has not accepted, or that failed or was killed before what was waited for.
var ErrRejected = errors.New("rejected by YARN")

// ErrForbidden is an application of a user who may not submit to its queue.
var ErrForbidden = errors.New("the user may not submit to the queue")

// noRight is what a ResourceManager says then, whatever the class of its exception.
const noRight = "does not have permission to submit"

// Pauses between two questions about an application.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// Submit hands an application to the ResourceManager and returns when it is accepted: it may wait for room then. It is safe to
// call again with the same context. The error is ErrRejected when YARN says no, and ErrForbidden if it says so to this user only.
func (c *Client) Submit(ctx context.Context, s *wire.ApplicationSubmissionContext) (*wire.ApplicationReport, error) {
	for {
		err := c.rpc.Call(ctx, "submitApplication", &wire.SubmitApplicationRequest{ApplicationSubmissionContext: s}, &wire.SubmitApplicationResponse{})
		if err != nil && strings.Contains(err.Error(), noRight) {
			return nil, fmt.Errorf("%w: %w", ErrForbidden, err)
		}
		if err != nil {
			return nil, err
		}
		report, err := c.Await(ctx, s.GetApplicationId(), wire.ApplicationState_ACCEPTED, nil)
		// A ResourceManager that took over before the application was saved does not know of it.
		if !errors.Is(err, ApplicationNotFoundException) {
			return report, err
		}
		if err := pause(ctx, firstPause); err != nil {
			return nil, err
		}
	}
}

// Await asks for reports until the application is in that state or beyond it, and hands each to progress, which may be nil.
// An application that fails or is killed is ErrRejected, unless a final state was waited for.
func (c *Client) Await(ctx context.Context, id *wire.ApplicationId, state wire.ApplicationState, progress func(*wire.ApplicationReport)) (*wire.ApplicationReport, error) {
	for wait := firstPause; ; wait = min(wait*3/2, lastPause) {
		report, err := c.Report(ctx, id)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(report)
		}
		now := report.GetYarnApplicationState()
		switch {
		case (now == wire.ApplicationState_FAILED || now == wire.ApplicationState_KILLED) && state < wire.ApplicationState_FINISHED:
			return report, fmt.Errorf("%w: %s is %s: %s", ErrRejected, id.Text(), strings.ToLower(now.String()), strings.TrimSpace(report.GetDiagnostics()))
		case now >= state:
			return report, nil
		}
		if err := pause(ctx, wait); err != nil {
			return report, err
		}
	}
}

// Kill ends an application and returns when YARN says that it has ended. One that has ended before is no error.
func (c *Client) Kill(ctx context.Context, id *wire.ApplicationId, why string) error {
	request := &wire.KillApplicationRequest{ApplicationId: id, Diagnostics: &why}
	for wait := firstPause; ; wait = min(wait*3/2, lastPause) {
		answer := &wire.KillApplicationResponse{}
		if err := c.rpc.Call(ctx, "forceKillApplication", request, answer); err != nil || answer.GetIsKillCompleted() {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
