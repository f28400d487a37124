package yarntest

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	hadoop "github.com/leatproject/leat/storage/hadoop/wire"
)

// App is an application that was submitted.
type App struct {
	Context *wire.ApplicationSubmissionContext
	// States are what reports say, one after the other; the last one stays.
	States      []wire.ApplicationState
	Diagnostics string
}

// App returns an application by its number; nil if there is none.
func (c *Cluster) App(number int32) *App {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apps[number]
}

// ForgetApps is a ResourceManager that took over before it had seen what was submitted.
func (c *Cluster) ForgetApps() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.apps)
}

func (c *Cluster) client(call *ipctest.Call) ipctest.Answer {
	switch call.Method {
	case "getNewApplication":
		return reply(c, call, &wire.GetNewApplicationRequest{}, func(*wire.GetNewApplicationRequest) (*wire.GetNewApplicationResponse, error) {
			id := &wire.ApplicationId{ClusterTimestamp: proto.Int64(clusterTimestamp), Id: proto.Int32(int32(len(c.apps) + 1))}
			return &wire.GetNewApplicationResponse{ApplicationId: id, MaximumCapability: c.Maximum}, nil
		})
	case "submitApplication":
		return reply(c, call, &wire.SubmitApplicationRequest{}, c.submit)
	case "getApplicationReport":
		return reply(c, call, &wire.GetApplicationReportRequest{}, c.report)
	case "getApplications":
		return reply(c, call, &wire.GetApplicationsRequest{}, c.list)
	case "forceKillApplication":
		return reply(c, call, &wire.KillApplicationRequest{}, c.kill)
	case "getQueueInfo":
		return reply(c, call, &wire.GetQueueInfoRequest{}, c.queue)
	case "getQueueUserAcls":
		return reply(c, call, &wire.GetQueueUserAclsInfoRequest{}, c.rights)
	case "getClusterNodes":
		return reply(c, call, &wire.GetClusterNodesRequest{}, func(*wire.GetClusterNodesRequest) (*wire.GetClusterNodesResponse, error) {
			answer := &wire.GetClusterNodesResponse{}
			for _, host := range c.hosts {
				answer.NodeReports = append(answer.NodeReports, &wire.NodeReport{NodeId: nodeID(host), NodeState: wire.NodeState_NS_RUNNING.Enum(), Capability: c.Maximum})
			}
			return answer, nil
		})
	case "getClusterMetrics":
		return reply(c, call, &wire.GetClusterMetricsRequest{}, func(*wire.GetClusterMetricsRequest) (*wire.GetClusterMetricsResponse, error) {
			return &wire.GetClusterMetricsResponse{ClusterMetrics: &wire.YarnClusterMetrics{NumActiveNms: proto.Int32(int32(len(c.hosts) - len(c.dead)))}}, nil
		})
	case "getDelegationToken":
		return reply(c, call, &hadoop.GetDelegationTokenRequest{}, func(r *hadoop.GetDelegationTokenRequest) (*hadoop.GetDelegationTokenResponse, error) {
			return &hadoop.GetDelegationTokenResponse{Token: token("RM_DELEGATION_TOKEN", "for "+r.GetRenewer())}, nil
		})
	}
	return unknown(call)
}

func reply[Q, A proto.Message](c *Cluster, call *ipctest.Call, request Q, do func(Q) (A, error)) ipctest.Answer {
	return respond(call, request, func(r Q) (A, error) { return faulty(c, call.Method, func() (A, error) { return do(r) }) })
}

// ClosedQueue is one that nobody may submit to.
const ClosedQueue = "closed"

func (c *Cluster) submit(r *wire.SubmitApplicationRequest) (*wire.SubmitApplicationResponse, error) {
	s := r.GetApplicationSubmissionContext()
	if id := s.GetApplicationId().GetId(); c.apps[id] == nil {
		app := &App{Context: s, States: []wire.ApplicationState{wire.ApplicationState_NEW_SAVING, wire.ApplicationState_SUBMITTED, wire.ApplicationState_ACCEPTED, wire.ApplicationState_RUNNING}}
		if !slices.ContainsFunc(c.Queues, func(q *wire.QueueInfo) bool { return q.GetQueueName() == s.GetQueue() }) {
			app.States, app.Diagnostics = []wire.ApplicationState{wire.ApplicationState_FAILED}, "Application submitted by user alice to unknown queue: "+s.GetQueue()
		}
		if s.GetQueue() == ClosedQueue {
			return nil, exception("YarnException", "org.apache.hadoop.security.AccessControlException: User alice does not have permission to submit %s to queue %s", s.GetApplicationId().Text(), s.GetQueue())
		}
		c.apps[id] = app
	}
	return &wire.SubmitApplicationResponse{}, nil
}

func (c *Cluster) report(r *wire.GetApplicationReportRequest) (*wire.GetApplicationReportResponse, error) {
	app := c.apps[r.GetApplicationId().GetId()]
	if app == nil {
		return nil, exception("ApplicationNotFoundException", "Application with id '%s' doesn't exist in RM.", r.GetApplicationId().Text())
	}
	state := app.States[0]
	if len(app.States) > 1 {
		app.States = app.States[1:]
	}
	return &wire.GetApplicationReportResponse{ApplicationReport: &wire.ApplicationReport{
		ApplicationId: r.ApplicationId, YarnApplicationState: &state, Diagnostics: &app.Diagnostics, Queue: app.Context.Queue,
	}}, nil
}

// list looks at types alone.
func (c *Cluster) list(r *wire.GetApplicationsRequest) (*wire.GetApplicationsResponse, error) {
	answer := &wire.GetApplicationsResponse{}
	for number, app := range c.apps {
		if slices.Contains(r.GetApplicationTypes(), app.Context.GetApplicationType()) {
			id := &wire.ApplicationId{ClusterTimestamp: proto.Int64(clusterTimestamp), Id: &number}
			answer.Applications = append(answer.Applications, &wire.ApplicationReport{ApplicationId: id, Name: app.Context.ApplicationName})
		}
	}
	return answer, nil
}

func (c *Cluster) kill(r *wire.KillApplicationRequest) (*wire.KillApplicationResponse, error) {
	app := c.apps[r.GetApplicationId().GetId()]
	if app == nil {
		return nil, exception("ApplicationNotFoundException", "Trying to kill an absent application %s", r.GetApplicationId().Text())
	}
	killed := app.States[0] == wire.ApplicationState_KILLED
	app.States, app.Diagnostics = []wire.ApplicationState{wire.ApplicationState_KILLED}, r.GetDiagnostics()
	return &wire.KillApplicationResponse{IsKillCompleted: &killed}, nil
}

func (c *Cluster) queue(r *wire.GetQueueInfoRequest) (*wire.GetQueueInfoResponse, error) {
	if r.GetRecursive() {
		return &wire.GetQueueInfoResponse{QueueInfo: &wire.QueueInfo{QueueName: r.QueueName, ChildQueues: c.Queues}}, nil
	}
	for _, q := range c.Queues {
		if q.GetQueueName() == r.GetQueueName() {
			return &wire.GetQueueInfoResponse{QueueInfo: q}, nil
		}
	}
	return &wire.GetQueueInfoResponse{}, nil
}

// rights are those of somebody who may submit everywhere else. Queues are named as by an old ResourceManager.
func (c *Cluster) rights(*wire.GetQueueUserAclsInfoRequest) (*wire.GetQueueUserAclsInfoResponse, error) {
	answer := &wire.GetQueueUserAclsInfoResponse{}
	for _, q := range c.Queues {
		right := &wire.QueueUserACLInfo{QueueName: q.QueueName}
		if q.GetQueueName() != ClosedQueue {
			right.UserAcls = []wire.QueueACL{wire.QueueACL_QACL_SUBMIT_APPLICATIONS}
		}
		answer.QueueUserAcls = append(answer.QueueUserAcls, right)
	}
	return answer, nil
}
