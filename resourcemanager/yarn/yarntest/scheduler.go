package yarntest

import (
	"context"
	"errors"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// UseToken is for master.Scheduler; the token is not looked at.
func (c *Cluster) UseToken(*credentials.Token) {}

var errBroken = errors.New("the connection is broken")

// faulty makes a call with what Fault says.
func faulty[R any](c *Cluster, method string, call func() (R, error)) (answer R, err error) {
	var none R
	fault := None
	if c.Fault != nil {
		fault = c.Fault(method)
	}
	if fault == LoseRequest {
		return none, errBroken
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer, err = call(); fault == LoseAnswer {
		return none, errBroken
	}
	return answer, err
}

// Register is a call of an ApplicationMaster.
func (c *Cluster) Register(_ context.Context, r *wire.RegisterApplicationMasterRequest) (*wire.RegisterApplicationMasterResponse, error) {
	return faulty(c, "registerApplicationMaster", func() (*wire.RegisterApplicationMasterResponse, error) { return c.register(r) })
}

// Allocate is a call of an ApplicationMaster.
func (c *Cluster) Allocate(_ context.Context, r *wire.AllocateRequest) (*wire.AllocateResponse, error) {
	return faulty(c, "allocate", func() (*wire.AllocateResponse, error) { return c.allocate(r) })
}

// Finish is a call of an ApplicationMaster.
func (c *Cluster) Finish(_ context.Context, r *wire.FinishApplicationMasterRequest) (*wire.FinishApplicationMasterResponse, error) {
	return faulty(c, "finishApplicationMaster", func() (*wire.FinishApplicationMasterResponse, error) { return c.finish(r) })
}

// alive checks that the attempt may call, and that it has registered.
func (c *Cluster) alive(registered bool) error {
	switch a := &c.attempt; {
	case a.over:
		return exception("ApplicationAttemptNotFoundException", "Application attempt doesn't exist in ApplicationMasterService cache.")
	case registered && !a.registered:
		return exception("ApplicationMasterNotRegisteredException", "AM is not registered for known application attempt.")
	case !registered && a.registered:
		return exception("InvalidApplicationMasterRequestException", "Application Master is already registered")
	}
	return nil
}

func (c *Cluster) register(*wire.RegisterApplicationMasterRequest) (*wire.RegisterApplicationMasterResponse, error) {
	if err := c.alive(false); err != nil {
		return nil, err
	}
	a := &c.attempt
	a.registered = true
	answer := &wire.RegisterApplicationMasterResponse{MaximumCapability: c.Maximum, Queue: proto.String("default")}
	for _, name := range slices.Sorted(maps.Keys(c.containers)) {
		k := c.containers[name]
		if k.Id.GetAppAttemptId().GetAttemptId() == a.number {
			continue
		}
		answer.ContainersFromPreviousAttempts = append(answer.ContainersFromPreviousAttempts, k.Container)
		if host := k.NodeId.GetHost(); !a.tokens[host] {
			a.tokens[host] = true
			answer.NmTokensFromPreviousAttempts = append(answer.NmTokensFromPreviousAttempts, nmToken(host))
		}
	}
	return answer, nil
}

func nmToken(host string) *wire.NMToken {
	return &wire.NMToken{NodeId: nodeID(host), Token: token(credentials.KindNodeManager, "nm-"+host)}
}

func (c *Cluster) allocate(r *wire.AllocateRequest) (*wire.AllocateResponse, error) {
	if err := c.alive(true); err != nil {
		return nil, err
	}
	a := &c.attempt
	switch {
	case r.GetResponseId()+1 == a.last && a.answer != nil:
		return a.answer, nil
	case r.GetResponseId() != a.last:
		return nil, exception("InvalidApplicationMasterRequestException", "Invalid responseId in AllocateRequest, expect responseId to be %d, but get %d", a.last, r.GetResponseId())
	}
	for _, ask := range r.GetAsk() {
		if ask.GetCapability().GetMemory() > c.Maximum.GetMemory() || ask.GetCapability().GetVirtualCores() > c.Maximum.GetVirtualCores() {
			return nil, exception("InvalidResourceRequestException", "Invalid resource request! Cannot allocate containers as requested resource is greater than maximum allowed allocation.")
		}
		a.asks[askKey{ask.GetPriority().GetPriority(), ask.GetResourceName(), ask.GetAllocationRequestId()}] = ask
	}
	for _, id := range r.GetRelease() {
		c.exit(id.Text(), -100, "Container released by application")
	}
	for _, host := range r.GetBlacklistRequest().GetBlacklistAdditions() {
		a.blacklist[host] = true
	}
	for _, host := range r.GetBlacklistRequest().GetBlacklistRemovals() {
		delete(a.blacklist, host)
	}
	a.last++
	answer := &wire.AllocateResponse{ResponseId: proto.Int32(a.last), NumClusterNodes: proto.Int32(int32(len(c.hosts) - len(c.dead)))}
	if !a.hold {
		c.grant(answer)
	}
	answer.CompletedContainerStatuses, answer.Preempt, answer.UpdatedNodes = a.ended, a.preempt, a.nodes
	a.told, a.ended, a.preempt, a.nodes = a.ended, nil, nil, nil
	if a.roll != "" {
		answer.AmRmToken = token(credentials.KindAMRM, a.roll)
	}
	a.answer = answer
	return answer, nil
}

// grant answers all asks for which there is a node.
func (c *Cluster) grant(answer *wire.AllocateResponse) {
	a := &c.attempt
	keys := slices.SortedFunc(maps.Keys(a.asks), func(x, y askKey) int { return int(x.id - y.id) })
	for _, key := range keys {
		ask := a.asks[key]
		if key.name != "*" || ask.GetNumContainers() == 0 {
			continue
		}
		for n := int(ask.GetNumContainers()) + a.surplus; n > 0; n-- {
			host := c.place(key, ask)
			if host == "" {
				break
			}
			a.surplus = max(0, a.surplus-1)
			c.container(answer, ask, host)
			left := proto.CloneOf(ask)
			left.NumContainers = proto.Int32(0)
			a.asks[key] = left
		}
	}
}

// place finds a host: one that was asked for, else any if that is allowed.
func (c *Cluster) place(key askKey, ask *wire.ResourceRequest) string {
	for range c.hosts {
		c.placed++
		host := c.hosts[c.placed%len(c.hosts)]
		named := c.attempt.asks[askKey{key.priority, host, key.id}] != nil
		if !c.dead[host] && !c.attempt.blacklist[host] && (named || ask.GetRelaxLocality()) {
			return host
		}
	}
	return ""
}

func (c *Cluster) container(answer *wire.AllocateResponse, ask *wire.ResourceRequest, host string) {
	a := &c.attempt
	memory := (ask.GetCapability().GetMemory() + Granularity - 1) / Granularity * Granularity
	id := &wire.ContainerId{
		AppAttemptId: &wire.ApplicationAttemptId{
			ApplicationId: &wire.ApplicationId{ClusterTimestamp: proto.Int64(clusterTimestamp), Id: proto.Int32(1)}, AttemptId: proto.Int32(a.number),
		},
		Id: proto.Int64(c.epoch<<40 + int64(c.placed)),
	}
	k := &wire.Container{
		Id: id, NodeId: nodeID(host), Priority: ask.Priority, AllocationRequestId: ask.AllocationRequestId,
		Resource:       &wire.Resource{Memory: &memory, VirtualCores: ask.GetCapability().VirtualCores},
		ContainerToken: token(credentials.KindContainer, id.Text()),
	}
	c.containers[id.Text()] = &Container{Container: k}
	answer.AllocatedContainers = append(answer.AllocatedContainers, k)
	if !a.tokens[host] {
		a.tokens[host] = true
		answer.NmTokens = append(answer.NmTokens, nmToken(host))
	}
}

func (c *Cluster) finish(r *wire.FinishApplicationMasterRequest) (*wire.FinishApplicationMasterResponse, error) {
	if err := c.alive(true); err != nil {
		return nil, err
	}
	c.attempt.final = r.GetFinalApplicationStatus()
	c.attempt.finishing++
	return &wire.FinishApplicationMasterResponse{IsUnregistered: proto.Bool(c.attempt.finishing > 2)}, nil
}
