package nm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/sasl"
)

const protocol = "org.apache.hadoop.yarn.api.ContainerManagementProtocolPB"

// ErrNoToken is a NodeManager that this attempt has no token for: it has no container there.
var ErrNoToken = errors.New("no token for the NodeManager")

// Options make Nodes. Conf and Token are needed.
type Options struct {
	Conf conf.Conf
	// Token is the newest token for a NodeManager, nil if there is none.
	Token         func(*wire.NodeId) *credentials.Token
	Logger        *slog.Logger
	CallerContext string // for the audit log; may be empty
	Dial          func(ctx context.Context, network, address string) (net.Conn, error)
}

// Nodes calls NodeManagers. It is safe for concurrent use.
type Nodes struct {
	opt Options
	rpc ipc.Options // of all nodes

	mu     sync.Mutex
	nodes  map[string]*ipc.Client // by host:port
	closed bool
}

// New makes Nodes. It does not connect.
func New(o Options) (*Nodes, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	rpc := ipc.Options{Service: "NodeManager", Protocol: protocol, CallerContext: o.CallerContext, Logger: o.Logger, Dial: o.Dial, FirstPatience: 10 * time.Second}
	if err := namenode.Timeouts(o.Conf, &rpc); err != nil {
		return nil, err
	}
	var err error
	if rpc.Patience, err = o.Conf.Milliseconds("yarn.client.nodemanager-connect.max-wait-ms", 30*time.Second); err != nil {
		return nil, err
	}
	if rpc.Login.Protection, err = sasl.Protections(o.Conf.Get("hadoop.rpc.protection", "")); err != nil {
		return nil, fmt.Errorf("%w: hadoop.rpc.protection: %w", conf.ErrConfiguration, err)
	}
	return &Nodes{opt: o, rpc: rpc, nodes: map[string]*ipc.Client{}}, nil
}

// Start starts a container. It returns when the NodeManager has accepted it; if its files cannot be fetched or its command
// cannot be run, the ResourceManager tells of its end. Calling again after an answer was lost is safe.
func (n *Nodes) Start(ctx context.Context, c *wire.Container, launch *wire.ContainerLaunchContext) error {
	request := &wire.StartContainersRequest{StartContainerRequest: []*wire.StartContainerRequest{{ContainerLaunchContext: launch, ContainerToken: c.GetContainerToken()}}}
	answer := &wire.StartContainersResponse{}
	if err := n.call(ctx, c, "startContainers", request, answer, func() []*wire.ContainerException { return answer.GetFailedRequests() }); err != nil {
		if strings.Contains(err.Error(), "Attempt to relaunch the same container") {
			return nil // an earlier try got through
		}
		return err
	}
	return nil
}

// Stop stops a container. One that has ended is no error.
func (n *Nodes) Stop(ctx context.Context, c *wire.Container) error {
	answer := &wire.StopContainersResponse{}
	return n.call(ctx, c, "stopContainers", &wire.StopContainersRequest{ContainerId: []*wire.ContainerId{c.GetId()}}, answer,
		func() []*wire.ContainerException { return answer.GetFailedRequests() })
}

// Status tells how a container is. When its end was told by the ResourceManager, the NodeManager does not know it any more.
func (n *Nodes) Status(ctx context.Context, c *wire.Container) (*wire.ContainerStatus, error) {
	answer := &wire.GetContainerStatusesResponse{}
	err := n.call(ctx, c, "getContainerStatuses", &wire.GetContainerStatusesRequest{ContainerId: []*wire.ContainerId{c.GetId()}}, answer,
		func() []*wire.ContainerException { return answer.GetFailedRequests() })
	if err == nil && len(answer.GetStatus()) == 0 {
		err = fmt.Errorf("NodeManager %s says nothing about %s", c.GetNodeId().Text(), c.GetId().Text())
	}
	if err != nil {
		return nil, err
	}
	return answer.GetStatus()[0], nil
}

// Close ends all connections.
func (n *Nodes) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for _, client := range n.nodes {
		client.Close()
	}
}
