package wire

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// epochShift is where the count of ResourceManager restarts begins in a container's number.
const epochShift = 40

// Text is the id as YARN's tools print it: application_1732190000000_0007.
func (x *ApplicationId) Text() string {
	return fmt.Sprintf("application_%d_%04d", x.GetClusterTimestamp(), x.GetId())
}

// Text is the id as YARN's tools print it: appattempt_1732190000000_0007_000001.
func (x *ApplicationAttemptId) Text() string {
	return fmt.Sprintf("appattempt_%d_%04d_%06d", x.GetApplicationId().GetClusterTimestamp(), x.GetApplicationId().GetId(), x.GetAttemptId())
}

// Text is the id as YARN's tools print it: container_1732190000000_0007_01_000002, or container_e03_1732190000000_0007_01_000002
// when the ResourceManager has been restarted three times.
func (x *ContainerId) Text() string {
	attempt := x.GetAppAttemptId()
	app := attempt.GetApplicationId()
	epoch := ""
	if e := x.GetId() >> epochShift; e != 0 {
		epoch = fmt.Sprintf("e%02d_", e)
	}
	return fmt.Sprintf("container_%s%d_%04d_%02d_%06d", epoch, app.GetClusterTimestamp(), app.GetId(), attempt.GetAttemptId(), x.GetId()&(1<<epochShift-1))
}

// Text is the address of the NodeManager: host:port.
func (x *NodeId) Text() string { return net.JoinHostPort(x.GetHost(), strconv.Itoa(int(x.GetPort()))) }

// ParseApplicationID is the reverse of ApplicationId.Text.
func ParseApplicationID(text string) (*ApplicationId, error) {
	rest, ok := strings.CutPrefix(text, "application_")
	n, good := numbers(rest, 2)
	if !ok || !good || int64(int32(n[1])) != n[1] {
		return nil, fmt.Errorf("%q is no application id; write it like application_1732190000000_0007", text)
	}
	return applicationID(n), nil
}

// ParseContainerID is the reverse of ContainerId.Text; a container learns its id so, from the variable CONTAINER_ID.
func ParseContainerID(text string) (*ContainerId, error) {
	wrong := fmt.Errorf("%q is no container id; it looks like container_1732190000000_0007_01_000002", text)
	rest, ok := strings.CutPrefix(text, "container_")
	var epoch int64
	if after, has := strings.CutPrefix(rest, "e"); has && ok {
		head, tail, _ := strings.Cut(after, "_")
		e, good := numbers(head, 1)
		if !good || e[0] >= 1<<(63-epochShift) {
			return nil, wrong
		}
		epoch, rest = e[0], tail
	}
	n, good := numbers(rest, 4)
	if !ok || !good || int64(int32(n[1])) != n[1] || int64(int32(n[2])) != n[2] || n[3] >= 1<<epochShift {
		return nil, wrong
	}
	attempt, id := int32(n[2]), epoch<<epochShift|n[3]
	return &ContainerId{AppAttemptId: &ApplicationAttemptId{ApplicationId: applicationID(n), AttemptId: &attempt}, Id: &id}, nil
}

func applicationID(n []int64) *ApplicationId {
	id := int32(n[1])
	return &ApplicationId{ClusterTimestamp: &n[0], Id: &id}
}

// numbers reads so many decimal numbers with underscores between.
func numbers(text string, count int) ([]int64, bool) {
	fields := strings.Split(text, "_")
	if len(fields) != count {
		return nil, false
	}
	all := make([]int64, count)
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 63)
		if err != nil {
			return nil, false
		}
		all[i] = int64(n)
	}
	return all, true
}
