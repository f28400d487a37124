package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

const membersPath = "/jobmanager/members"

// Members returns the JobManagers of the cluster as the leader knows them.
func (c *Client) Members(ctx context.Context) (messages.Members, error) {
	return ask[messages.Members](ctx, c, call{method: http.MethodGet, path: membersPath})
}

// AddMember makes the JobManager at a control address a member, or tells the others that a member is there now. It returns the
// member's ID.
func (c *Client) AddMember(ctx context.Context, address string) (id string, err error) {
	x, err := call{method: http.MethodPost, path: membersPath}.jsonBody(messages.NewMember{Address: address})
	if err != nil {
		return "", err
	}
	added, err := ask[messages.MemberAdded](ctx, c, x)
	return added.ID, err
}

// RemoveMember ends the membership of a JobManager, named by its ID or control address.
func (c *Client) RemoveMember(ctx context.Context, member string) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodDelete, path: membersPath + "/" + url.PathEscape(member)})
	return err
}

// Transfer has a JobManager lead, named by its ID or control address, and returns when it does.
func (c *Client) Transfer(ctx context.Context, member string) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodPost, path: membersPath + "/" + url.PathEscape(member) + "/leader"})
	return err
}

// Shutdown ends a cluster whose TaskManagers were started for it. It does not wait for the end.
func (c *Client) Shutdown(ctx context.Context) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodDelete, path: "/cluster"})
	return err
}
