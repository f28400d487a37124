package nomad

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/runtime/config"
)

// WorkerMemory is that of a worker where no size is configured.
const WorkerMemory = 1728 * config.Megabyte

// FromConfig reads what the configuration says of workers: a Spec without what depends on the program, and their size.
func FromConfig(c *config.Configuration, cluster string) (Spec, resourcemanager.Size, error) {
	s := Spec{
		Cluster: cluster, Driver: config.Get(c, config.NomadDriver), Image: config.Get(c, config.NomadImage),
		Datacenters: config.Get(c, config.NomadDatacenters), NodePool: config.Get(c, config.NomadNodePool),
		Priority: config.Get(c, config.NomadPriority), MHz: config.Get(c, config.NomadMHz),
	}
	size := resourcemanager.Size{Slots: max(1, config.Get(c, config.TaskSlots)), MemoryBytes: int64(WorkerMemory)}
	if m := config.Get(c, config.TaskManagerProcessSize); m > 0 {
		size.MemoryBytes = int64(m)
	}
	size.MilliCPUs = 1000 * size.Slots
	if cpu := config.Get(c, config.NomadTaskManagerCPU); cpu > 0 {
		size.MilliCPUs = max(1, int(1000*cpu))
	}
	for _, text := range config.Get(c, config.NomadConstraints) {
		fields := strings.SplitN(strings.TrimSpace(text), " ", 3)
		if len(fields) != 3 {
			return Spec{}, size, fmt.Errorf("%s: %q is not an attribute, an operator and a value with spaces between, as ${attr.cpu.arch} = amd64", config.NomadConstraints.Key, text)
		}
		s.Constraints = append(s.Constraints, Constraint{Attribute: fields[0], Operator: fields[1], Value: fields[2]})
	}
	return s, size, nil
}
