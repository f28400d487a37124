package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

func schedulePath(name string) string { return "/schedules/" + url.PathEscape(name) }

// Schedules returns the schedules of the cluster, by their names.
func (c *Client) Schedules(ctx context.Context) ([]messages.Schedule, error) {
	all, err := ask[messages.Schedules](ctx, c, call{method: http.MethodGet, path: "/schedules"})
	return all.Schedules, err
}

// Schedule returns a schedule with its latest runs, the newest first.
func (c *Client) Schedule(ctx context.Context, name string) (messages.ScheduleDetails, error) {
	return ask[messages.ScheduleDetails](ctx, c, call{method: http.MethodGet, path: schedulePath(name)})
}

// AddSchedule enters a schedule whose program is in the blob store, see Store.
func (c *Client) AddSchedule(ctx context.Context, name string, n messages.NewSchedule) error {
	x, err := call{method: http.MethodPut, path: schedulePath(name)}.jsonBody(n)
	if err != nil {
		return err
	}
	_, err = ask[struct{}](ctx, c, x)
	return err
}

// RemoveSchedule forgets a schedule. A run of it goes on.
func (c *Client) RemoveSchedule(ctx context.Context, name string) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodDelete, path: schedulePath(name)})
	return err
}

// PauseSchedule has a schedule begin nothing until it is resumed.
func (c *Client) PauseSchedule(ctx context.Context, name string, paused bool) error {
	mode := "resume"
	if paused {
		mode = "pause"
	}
	_, err := ask[struct{}](ctx, c, call{method: http.MethodPatch, path: schedulePath(name), query: url.Values{"mode": {mode}}})
	return err
}
