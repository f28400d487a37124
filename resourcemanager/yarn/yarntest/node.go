package yarntest

import (
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
)

// node answers calls to the NodeManager of a host.
func (c *Cluster) node(host string) func(*ipctest.Call) ipctest.Answer {
	return func(call *ipctest.Call) ipctest.Answer {
		if c.lost(host) {
			return ipctest.Answer{HangUp: true}
		}
		switch call.Method {
		case "startContainers":
			return respond(call, &wire.StartContainersRequest{}, func(r *wire.StartContainersRequest) (*wire.StartContainersResponse, error) {
				return faulty(c, call.Method, func() (*wire.StartContainersResponse, error) { return c.start(host, r) })
			})
		case "stopContainers":
			return respond(call, &wire.StopContainersRequest{}, func(r *wire.StopContainersRequest) (*wire.StopContainersResponse, error) {
				return faulty(c, call.Method, func() (*wire.StopContainersResponse, error) { return c.stop(r), nil })
			})
		case "getContainerStatuses":
			return respond(call, &wire.GetContainerStatusesRequest{}, func(r *wire.GetContainerStatusesRequest) (*wire.GetContainerStatusesResponse, error) {
				return faulty(c, call.Method, func() (*wire.GetContainerStatusesResponse, error) { return c.statuses(r), nil })
			})
		}
		return unknown(call)
	}
}

func (c *Cluster) lost(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead[host]
}

func failed(id *wire.ContainerId, class, message string) *wire.ContainerException {
	return &wire.ContainerException{ContainerId: id, Exception: &wire.SerializedException{
		ClassName: proto.String("org.apache.hadoop.yarn.exceptions." + class), Message: &message,
	}}
}

func (c *Cluster) start(host string, r *wire.StartContainersRequest) (*wire.StartContainersResponse, error) {
	answer := &wire.StartContainersResponse{}
	for _, one := range r.GetStartContainerRequest() {
		name := string(one.GetContainerToken().GetIdentifier())
		k := c.containers[name]
		if k == nil || k.NodeId.GetHost() != host {
			return nil, exception("InvalidContainerException", "Container %s rejected as it is allocated by a previous RM", name)
		}
		switch err := c.mayStart(host, name, one.GetContainerLaunchContext()); {
		case k.Launch != nil:
			answer.FailedRequests = append(answer.FailedRequests, failed(k.Id, "YarnException", "Unauthorized request to start container. \nAttempt to relaunch the same container with id "+name+"."))
		case err != nil:
			answer.FailedRequests = append(answer.FailedRequests, failed(k.Id, "YarnException", err.Error()))
		default:
			k.Launch = one.GetContainerLaunchContext()
			answer.SucceededRequests = append(answer.SucceededRequests, k.Id)
		}
	}
	return answer, nil
}

func (c *Cluster) mayStart(host, name string, launch *wire.ContainerLaunchContext) error {
	if c.Start == nil {
		return nil
	}
	return c.Start(host, name, launch)
}

func (c *Cluster) stop(r *wire.StopContainersRequest) *wire.StopContainersResponse {
	for _, id := range r.GetContainerId() {
		c.exit(id.Text(), -105, "Container killed by the ApplicationMaster.")
	}
	return &wire.StopContainersResponse{SucceededRequests: r.GetContainerId()}
}

func (c *Cluster) statuses(r *wire.GetContainerStatusesRequest) *wire.GetContainerStatusesResponse {
	answer := &wire.GetContainerStatusesResponse{}
	for _, id := range r.GetContainerId() {
		if k := c.containers[id.Text()]; k == nil || k.Launch == nil {
			answer.FailedRequests = append(answer.FailedRequests, failed(id, "YarnException", "Container "+id.Text()+" is not handled by this NodeManager"))
			continue
		}
		answer.Status = append(answer.Status, &wire.ContainerStatus{ContainerId: id, State: wire.ContainerState_C_RUNNING.Enum()})
	}
	return answer
}
