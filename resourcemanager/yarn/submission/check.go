package submission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
)

// Cluster is what is known of a cluster before a submission.
type Cluster struct {
	Maximum *wire.Resource  // the largest container
	Queue   *wire.QueueInfo // nil: it does not exist
	Queues  []string        // all, when the wanted one does not exist
	Nodes   []*wire.NodeReport
}

// Look asks the ResourceManager, and reserves the id of the application.
func Look(ctx context.Context, client *rm.Client, queue string) (*wire.ApplicationId, Cluster, error) {
	var c Cluster
	id, maximum, err := client.NewApplication(ctx)
	if err != nil {
		return nil, c, err
	}
	c.Maximum = maximum
	if c.Queue, err = client.Queue(ctx, queue); errors.Is(err, rm.ErrUnknownQueue) {
		c.Queues, err = client.Queues(ctx)
	}
	if err != nil {
		return nil, c, err
	}
	c.Nodes, err = client.Nodes(ctx, wire.NodeState_NS_RUNNING)
	return id, c, err
}

// Finding is something that speaks against a submission.
type Finding struct {
	Text  string
	Fatal bool // YARN would refuse the application, or it would never run
}

// Check compares an application with the cluster.
func (s *Spec) Check(c Cluster) []Finding {
	var all []Finding
	add := func(fatal bool, format string, arguments ...any) {
		all = append(all, Finding{fmt.Sprintf(format, arguments...), fatal})
	}
	s.checkQueue(c, add)
	for _, k := range []struct {
		what, memory, vcores string
		size                 Size
		used                 int64 // megabytes; 0: all that it has
	}{
		{"the JobManager", config.JobManagerProcessSize.Key, config.YarnMasterVCores.Key, s.Master, masterUses},
		{"a TaskManager", config.TaskManagerProcessSize.Key, config.YarnContainerVCores.Key, s.Worker, 0},
	} {
		switch size := k.size; {
		case size.MemoryMB > c.Maximum.GetMemory():
			add(true, "%s of %d MB is larger than any container can be: yarn.scheduler.maximum-allocation-mb is %d; lower %s", k.what, size.MemoryMB, c.Maximum.GetMemory(), k.memory)
		case size.VCores > c.Maximum.GetVirtualCores():
			add(true, "%s of %d vcores is larger than any container can be: yarn.scheduler.maximum-allocation-vcores is %d; lower %s", k.what, size.VCores, c.Maximum.GetVirtualCores(), k.vcores)
		case len(c.Nodes) > 0 && !slices.ContainsFunc(c.Nodes, func(n *wire.NodeReport) bool { return fits(size, n) }):
			add(false, "no node is as large as %s of %d MB and %d vcores: the application waits until there is one; lower %s or %s", k.what, size.MemoryMB, size.VCores, k.memory, k.vcores)
		}
		if least := leastMemory(k.used); k.size.MemoryMB < least {
			add(false, "%s of %d MB is killed where NodeManagers check virtual memory (yarn.nodemanager.vmem-check-enabled, on by default): set %s to %d mb or more",
				k.what, k.size.MemoryMB, k.memory, least)
		}
	}
	if len(c.Nodes) == 0 {
		add(false, "the cluster has no running nodes: the application waits until there are some")
	}
	return all
}

// Forbidden says that the user may not submit to the queue.
func (s *Spec) Forbidden(user string) string {
	return fmt.Sprintf("queue %q takes no applications of user %s: set %s to another, or ask who runs the cluster for the right to submit", s.Queue, user, config.YarnQueue.Key)
}

func (s *Spec) checkQueue(c Cluster, add func(fatal bool, format string, arguments ...any)) {
	q := c.Queue
	if q == nil {
		add(true, "queue %q does not exist%s%s; set %s", s.Queue, config.DidYouMean(s.Queue, append(names(c.Queues), c.Queues...)), list(c.Queues), config.YarnQueue.Key)
		return
	}
	switch {
	case len(q.GetChildQueues()) > 0:
		var children []string
		for _, child := range q.GetChildQueues() {
			children = append(children, child.GetQueueName())
		}
		add(true, "queue %q takes no applications, the queues below it do: %s; set %s", s.Queue, strings.Join(children, ", "), config.YarnQueue.Key)
	case q.State != nil && q.GetState() != wire.QueueState_Q_RUNNING:
		add(true, "queue %q is %s and takes no applications; set %s to another, or ask who runs the cluster", s.Queue,
			strings.ToLower(strings.TrimPrefix(q.GetState().String(), "Q_")), config.YarnQueue.Key)
	}
	for _, k := range []struct{ key, label string }{{config.YarnNodeLabel.Key, s.NodeLabel}, {config.YarnTaskManagerNodeLabel.Key, s.Worker.NodeLabel}} {
		if labels := q.GetAccessibleNodeLabels(); k.label != "" && !slices.Contains(labels, "*") && !slices.Contains(labels, k.label) {
			add(true, "queue %q has no access to nodes with the label %q, only to %q; change %s", s.Queue, k.label, labels, k.key)
		}
	}
}

// names are the last elements of paths of queues.
func names(paths []string) []string {
	var all []string
	for _, p := range paths {
		all = append(all, p[strings.LastIndexByte(p, '.')+1:])
	}
	return all
}

const listed = 10

// list is some of the queues, for people.
func list(queues []string) string {
	switch {
	case len(queues) == 0:
		return ""
	case len(queues) > listed:
		return fmt.Sprintf(" (there are %s and %d more)", strings.Join(queues[:listed], ", "), len(queues)-listed)
	}
	return fmt.Sprintf(" (there are %s)", strings.Join(queues, ", "))
}

func fits(s Size, n *wire.NodeReport) bool {
	return s.MemoryMB <= n.GetCapability().GetMemory() && s.VCores <= n.GetCapability().GetVirtualCores()
}

// Megabytes that a process of Go maps beside what it uses, and that JobManager and driver use.
const (
	mapped     = 1250
	masterUses = 256
)

// leastMemory is how many megabytes a container of two Go processes must have to survive YARN's default check of virtual memory,
// which allows 2.1 times that, when they use so many of them; 0 stands for all.
func leastMemory(used int64) int64 {
	if used == 0 {
		return (2*mapped*10 + 10) / 11
	}
	return ((2*mapped+used)*10 + 20) / 21
}
