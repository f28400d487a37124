package submission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
)

// Sizes of containers whose memory nobody sets: a JobManager and the driver of a program, which need little, and a TaskManager
// and a worker, which may use all they have. A Go process maps about 1.2 GiB of addresses at its start, and where NodeManagers
// check virtual memory, a container may map 2.1 times its memory.
const (
	MasterMemory = 1536 * config.Megabyte
	WorkerMemory = 2560 * config.Megabyte
)

// Spec is an application as it is wanted.
type Spec struct {
	Name, Queue, Type, NodeLabel string
	Tags                         []string
	Priority                     int // -1: the queue's
	Attempts                     int
	Replicas                     int           // of the JobManager
	FailuresInterval             time.Duration // attempts that have failed longer ago do not count
	Lifetime                     time.Duration // 0: for ever
	LogsInclude, LogsExclude     string        // of the files that YARN collects while the application runs
	Master, Worker               Size
}

// Size is a kind of containers.
type Size struct {
	MemoryMB  int64
	VCores    int32
	NodeLabel string // empty: the application's
}

// FromConfig reads a Spec.
func FromConfig(c *config.Configuration, program string) (Spec, error) {
	s := Spec{
		Name: config.Get(c, config.YarnName), Queue: config.Get(c, config.YarnQueue), Type: config.Get(c, config.YarnType),
		NodeLabel: config.Get(c, config.YarnNodeLabel), Tags: config.Get(c, config.YarnTags), Priority: config.Get(c, config.YarnPriority),
		Attempts: config.Get(c, config.YarnAttempts), Replicas: config.Get(c, config.JobManagerReplicas), FailuresInterval: config.Get(c, config.YarnAttemptFailuresInterval),
		Lifetime: config.Get(c, config.YarnLifetime), LogsInclude: config.Get(c, config.YarnRolledLogsInclude),
		LogsExclude: config.Get(c, config.YarnRolledLogsExclude),
		Master:      Size{MemoryMB: megabytes(config.Get(c, config.JobManagerProcessSize), MasterMemory), VCores: int32(config.Get(c, config.YarnMasterVCores))},
		Worker: Size{MemoryMB: megabytes(config.Get(c, config.TaskManagerProcessSize), WorkerMemory), VCores: int32(config.Get(c, config.YarnContainerVCores)),
			NodeLabel: config.Get(c, config.YarnTaskManagerNodeLabel)},
	}
	if s.Name == "" {
		s.Name = program
	}
	if s.Worker.VCores <= 0 {
		s.Worker.VCores = int32(max(1, config.Get(c, config.TaskSlots)))
	}
	return s, s.valid()
}

func megabytes(size, otherwise config.MemorySize) int64 {
	if size == 0 {
		size = otherwise
	}
	return int64((size + config.Megabyte - 1) / config.Megabyte)
}

// Limits of YARN.
const (
	maxTypeLength = 20
	maxTags       = 10
	maxTagLength  = 100
)

// valid checks what YARN refuses anywhere.
func (s *Spec) valid() error {
	if len(s.Type) > maxTypeLength {
		return fmt.Errorf("%s: %q has %d characters, and YARN allows %d", config.YarnType.Key, s.Type, len(s.Type), maxTypeLength)
	}
	if s.Replicas != 1 && s.Replicas != 3 && s.Replicas != 5 {
		return fmt.Errorf("%s: %d: three can lose one, five can lose two; else set 1", config.JobManagerReplicas.Key, s.Replicas)
	}
	if len(s.Tags) > maxTags {
		return fmt.Errorf("%s: there are %d tags, and YARN allows %d", config.YarnTags.Key, len(s.Tags), maxTags)
	}
	for _, tag := range s.Tags {
		if len(tag) > maxTagLength || strings.ContainsFunc(tag, func(r rune) bool { return r > 127 }) {
			return fmt.Errorf("%s: YARN does not take the tag %q: at most %d characters, of ASCII", config.YarnTags.Key, tag, maxTagLength)
		}
	}
	return nil
}

// Context is what is submitted: master says how the ApplicationMaster is started. Containers outlive an ApplicationMaster that
// dies, so that the next attempt finds them.
func (s *Spec) Context(id *wire.ApplicationId, master *wire.ContainerLaunchContext) *wire.ApplicationSubmissionContext {
	c := &wire.ApplicationSubmissionContext{
		ApplicationId: id, ApplicationName: &s.Name, Queue: &s.Queue, ApplicationType: &s.Type, AmContainerSpec: master,
		MaxAppAttempts: proto.Int32(int32(s.Attempts)), AttemptFailuresValidityInterval: proto.Int64(s.FailuresInterval.Milliseconds()),
		KeepContainersAcrossApplicationAttempts: proto.Bool(true),
		Resource:                                &wire.Resource{Memory: &s.Master.MemoryMB, VirtualCores: &s.Master.VCores},
	}
	for _, tag := range s.Tags {
		c.ApplicationTags = append(c.ApplicationTags, strings.ToLower(tag))
	}
	slices.Sort(c.ApplicationTags)
	c.ApplicationTags = slices.Compact(c.ApplicationTags)
	if s.Priority >= 0 {
		c.Priority = &wire.Priority{Priority: proto.Int32(int32(s.Priority))}
	}
	if s.NodeLabel != "" {
		c.NodeLabelExpression = &s.NodeLabel
	}
	if s.Lifetime > 0 {
		seconds := int64(max(1, s.Lifetime/time.Second))
		c.ApplicationTimeouts = []*wire.ApplicationLifetime{{ApplicationTimeoutType: wire.ApplicationTimeoutType_APP_TIMEOUT_LIFETIME.Enum(), Timeout: &seconds}}
	}
	if s.LogsInclude != "" || s.LogsExclude != "" {
		// What is not said stands for all logs, and for none.
		c.LogAggregationContext = &wire.LogAggregationContext{RolledLogsIncludePattern: &s.LogsInclude, RolledLogsExcludePattern: &s.LogsExclude}
		if s.LogsInclude == "" {
			c.LogAggregationContext.RolledLogsIncludePattern = proto.String(".*")
		}
	}
	return c
}
