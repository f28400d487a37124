package master

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// ErrTooLarge is an ask for more than any container can have.
var ErrTooLarge = errors.New("larger than any container of the cluster")

// anywhere is the resource name of requests that any node may serve.
const anywhere = "*"

// Ask is one container that is wanted.
type Ask struct {
	// ID, not negative, comes back with the container, even to a later attempt. No two asks of an application have the same.
	ID        int64
	MemoryMB  int64
	VCores    int32
	Priority  int32  // a lower number is served first
	NodeLabel string // empty: the queue's default
	// Hosts are where the container should be, and Racks their racks, without which YARN ignores them. Empty: anywhere.
	Hosts, Racks []string
	// Strict excludes all other hosts.
	Strict bool
}

// check compares an ask with the largest container; nil means that it is not known.
func (a *Ask) check(maximum *wire.Resource) error {
	switch {
	case maximum == nil:
	case a.MemoryMB > maximum.GetMemory():
		return fmt.Errorf("%w: %d MB are asked for, and yarn.scheduler.maximum-allocation-mb is %d", ErrTooLarge, a.MemoryMB, maximum.GetMemory())
	case a.VCores > maximum.GetVirtualCores():
		return fmt.Errorf("%w: %d vcores are asked for, and yarn.scheduler.maximum-allocation-vcores is %d", ErrTooLarge, a.VCores, maximum.GetVirtualCores())
	}
	return nil
}

// requests is the ask on the wire, for 1 container, or 0 to take it back. The execution type is always set: some
// ResourceManagers fail without.
func (a *Ask) requests(count int32) []*wire.ResourceRequest {
	request := func(name string, relax bool) *wire.ResourceRequest {
		return &wire.ResourceRequest{
			Priority: &wire.Priority{Priority: &a.Priority}, ResourceName: proto.String(name), NumContainers: proto.Int32(count),
			Capability:    &wire.Resource{Memory: &a.MemoryMB, VirtualCores: &a.VCores},
			RelaxLocality: proto.Bool(relax), AllocationRequestId: &a.ID,
			ExecutionTypeRequest: &wire.ExecutionTypeRequest{ExecutionType: wire.ExecutionType_GUARANTEED.Enum()},
		}
	}
	var all []*wire.ResourceRequest
	for _, host := range a.Hosts {
		all = append(all, request(host, true))
	}
	for _, rack := range a.Racks {
		all = append(all, request(rack, !a.Strict))
	}
	last := request(anywhere, !a.Strict)
	if a.NodeLabel != "" {
		last.NodeLabelExpression = &a.NodeLabel
	}
	return append(all, last)
}
