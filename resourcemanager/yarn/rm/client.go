package rm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	hadoop "github.com/leatproject/leat/storage/hadoop/wire"
)

// Client calls the port of users. It is safe for concurrent use.
type Client struct {
	rpc       *ipc.Client
	conf      conf.Conf
	addresses []string
	user      string
}

// ErrUnknownQueue is a queue that does not exist.
var ErrUnknownQueue = errors.New("the queue does not exist")

// NewApplication reserves an id, and tells how large a container can be.
func (c *Client) NewApplication(ctx context.Context) (*wire.ApplicationId, *wire.Resource, error) {
	answer := &wire.GetNewApplicationResponse{}
	err := c.rpc.Call(ctx, "getNewApplication", &wire.GetNewApplicationRequest{}, answer)
	return answer.GetApplicationId(), answer.GetMaximumCapability(), err
}

// Report tells about an application.
func (c *Client) Report(ctx context.Context, id *wire.ApplicationId) (*wire.ApplicationReport, error) {
	answer := &wire.GetApplicationReportResponse{}
	err := c.rpc.Call(ctx, "getApplicationReport", &wire.GetApplicationReportRequest{ApplicationId: id}, answer)
	return answer.GetApplicationReport(), err
}

// Applications tells about those that the request asks for.
func (c *Client) Applications(ctx context.Context, request *wire.GetApplicationsRequest) ([]*wire.ApplicationReport, error) {
	answer := &wire.GetApplicationsResponse{}
	err := c.rpc.Call(ctx, "getApplications", request, answer)
	return answer.GetApplications(), err
}

// Queue tells about a queue, by its name or, where names are not unique, by its path. ErrUnknownQueue if there is none.
func (c *Client) Queue(ctx context.Context, name string) (*wire.QueueInfo, error) {
	answer := &wire.GetQueueInfoResponse{}
	err := c.rpc.Call(ctx, "getQueueInfo", &wire.GetQueueInfoRequest{QueueName: &name}, answer)
	if err == nil && answer.GetQueueInfo() == nil {
		err = fmt.Errorf("%w: %s", ErrUnknownQueue, name)
	}
	return answer.GetQueueInfo(), err
}

// Queues are the paths, or with old ResourceManagers the names, of all queues that applications can be submitted to.
func (c *Client) Queues(ctx context.Context) ([]string, error) {
	answer := &wire.GetQueueInfoResponse{}
	request := &wire.GetQueueInfoRequest{QueueName: proto.String("root"), IncludeChildQueues: proto.Bool(true), Recursive: proto.Bool(true)}
	if err := c.rpc.Call(ctx, "getQueueInfo", request, answer); err != nil {
		return nil, err
	}
	return leaves(answer.GetQueueInfo(), nil), nil
}

func leaves(q *wire.QueueInfo, all []string) []string {
	for _, child := range q.GetChildQueues() {
		all = leaves(child, all)
	}
	switch {
	case q == nil || len(q.GetChildQueues()) > 0:
		return all
	case q.GetQueuePath() != "":
		return append(all, q.GetQueuePath())
	}
	return append(all, q.GetQueueName())
}

// MaySubmit tells whether the user may submit to a queue, whose path is given. It is true of queues that the ResourceManager does
// not tell about.
func (c *Client) MaySubmit(ctx context.Context, path string) (bool, error) {
	answer := &wire.GetQueueUserAclsInfoResponse{}
	if err := c.rpc.Call(ctx, "getQueueUserAcls", &wire.GetQueueUserAclsInfoRequest{}, answer); err != nil {
		return false, err
	}
	name := path[strings.LastIndexByte(path, '.')+1:]
	for _, q := range answer.GetQueueUserAcls() {
		if q.GetQueueName() == path || q.GetQueueName() == name {
			return len(q.GetUserAcls()) > 0, nil // who administers a queue may submit to it, too
		}
	}
	return true, nil
}

// Nodes tells about the nodes in those states; all nodes if none are given.
func (c *Client) Nodes(ctx context.Context, states ...wire.NodeState) ([]*wire.NodeReport, error) {
	answer := &wire.GetClusterNodesResponse{}
	err := c.rpc.Call(ctx, "getClusterNodes", &wire.GetClusterNodesRequest{NodeStates: states}, answer)
	return answer.GetNodeReports(), err
}

// Metrics counts the nodes of the cluster by their states.
func (c *Client) Metrics(ctx context.Context) (*wire.YarnClusterMetrics, error) {
	answer := &wire.GetClusterMetricsResponse{}
	err := c.rpc.Call(ctx, "getClusterMetrics", &wire.GetClusterMetricsRequest{}, answer)
	return answer.GetClusterMetrics(), err
}

// DelegationToken gets a token for the port of users that renewer may renew. It needs a login by Kerberos (Options.NoTokens).
// It is nil on a cluster that is not secured.
func (c *Client) DelegationToken(ctx context.Context, renewer string) (*credentials.Token, error) {
	if !c.conf.Kerberos() {
		return nil, nil
	}
	answer := &hadoop.GetDelegationTokenResponse{}
	if err := c.rpc.Call(ctx, "getDelegationToken", &hadoop.GetDelegationTokenRequest{Renewer: &renewer}, answer); err != nil {
		return nil, err
	}
	if answer.Token == nil {
		return nil, nil
	}
	t := credentials.FromProto(answer.GetToken())
	t.Service = tokenService(ctx, c.conf, c.addresses)
	return t, nil
}

// Cancel makes a delegation token invalid.
func (c *Client) Cancel(ctx context.Context, t *credentials.Token) error {
	return c.rpc.Call(ctx, "cancelDelegationToken", &hadoop.CancelDelegationTokenRequest{Token: t.Proto()}, &hadoop.CancelDelegationTokenResponse{})
}

// User is who the ResourceManager takes this client for, as far as it is known here.
func (c *Client) User() string { return c.user }

// String names the ResourceManagers.
func (c *Client) String() string { return c.rpc.String() }

// Close ends the connection.
func (c *Client) Close() { c.rpc.Close() }
