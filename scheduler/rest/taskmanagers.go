package rest

import (
	"cmp"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) taskManagers(r *http.Request) (any, error) {
	all := messages.TaskManagers{TaskManagers: []messages.TaskManager{}}
	since, err := s.opt.JobManager.SinceHeartbeat(r.Context())
	if err != nil {
		return nil, err
	}
	s.opt.JobManager.View(func(st *job.State) {
		for t := range st.TaskManagers {
			all.TaskManagers = append(all.TaskManagers, s.taskManagerOf(t, since))
		}
	})
	return all, nil
}

func (s *Server) taskManager(r *http.Request) (any, error) {
	var d messages.TaskManagerDetails
	since, err := s.opt.JobManager.SinceHeartbeat(r.Context())
	if err != nil {
		return nil, err
	}
	err = s.withTaskManager(r, func(t *job.TaskManager) {
		d = messages.TaskManagerDetails{TaskManager: s.taskManagerOf(t, since), AllocatedSlots: []messages.AllocatedSlot{}}
		for i := range t.Slots {
			if id := owner(&t.Slots[i]); id != "" {
				d.AllocatedSlots = append(d.AllocatedSlots, messages.AllocatedSlot{JobID: string(id), Resource: resourceOf(jobmanager.MetaOf(t), 1, len(t.Slots)),
					AssignedTasks: len(t.Slots[i].Tasks)})
			}
		}
		p := s.processOf(t)
		d.Metrics = messages.TaskManagerMetrics{HeapUsed: p.GetHeap(), HeapCommitted: p.GetCommitted(), HeapMax: p.GetLimit(), NonHeapMax: -1,
			GarbageCollectors: []messages.GarbageCollector{{Name: "Go", Count: p.GetCollections(), Time: p.GetCollecting() / 1e6}}}
	})
	return d, err
}

// withTaskManager calls f with the path's TaskManager.
func (s *Server) withTaskManager(r *http.Request, f func(*job.TaskManager)) error {
	resource := r.PathValue("taskmanager")
	err := notFound("TaskManager %s does not exist", resource)
	s.opt.JobManager.View(func(st *job.State) {
		if t, ok := st.Registered(resource); ok {
			err = nil
			f(t)
		}
	})
	return err
}

// owner is the job that has a slot, or whose task is in it.
func owner(s *job.Slot) job.ID {
	if s.Job == "" && len(s.Tasks) > 0 {
		return s.Tasks[0].Job
	}
	return s.Job
}

func hostOf(t *job.TaskManager) string {
	host, _, _ := net.SplitHostPort(t.Address)
	return cmp.Or(jobmanager.MetaOf(t).Host, host)
}

func (s *Server) taskManagerOf(t *job.TaskManager, since map[string]time.Duration) messages.TaskManager {
	meta := jobmanager.MetaOf(t)
	_, port, _ := net.SplitHostPort(t.Address)
	dataPort, err := strconv.Atoi(port)
	if err != nil {
		dataPort = -1
	}
	free, assigned := 0, 0
	for i := range t.Slots {
		assigned += len(t.Slots[i].Tasks)
		if owner(&t.Slots[i]) == "" {
			free++
		}
	}
	p, total := s.processOf(t), managed(t)
	x := messages.TaskManager{ID: t.Resource, Path: t.Address, DataPort: dataPort, JMXPort: -1, SlotsNumber: len(t.Slots), FreeSlots: free, AssignedTasks: assigned,
		TotalResource: resourceOf(meta, len(t.Slots), len(t.Slots)), FreeResource: resourceOf(meta, free, len(t.Slots)),
		Hardware: messages.Hardware{CPUCores: int(meta.Cores), PhysicalMemory: meta.Memory, FreeMemory: max(0, meta.Memory-p.GetMemory()), ManagedMemory: total},
		Memory:   messages.Memory{ManagedMemory: total, TotalFlinkMemory: total, TotalProcessMemory: p.GetLimit()},
		Host:     hostOf(t), Version: meta.Build, TimeSinceLastHeartbeat: -1}
	if d, ok := since[t.Resource]; ok {
		x.TimeSinceLastHeartbeat = s.opt.JobManager.Wall().Add(-d).UnixMilli()
	}
	return x
}

// resourceOf is the share of some of a TaskManager's slots.
func resourceOf(meta jobmanager.Meta, slots, all int) messages.Resource {
	return messages.Resource{CPUCores: float64(meta.Cores) * float64(slots) / float64(max(1, all)), ManagedMemory: meta.SlotMemory * int64(slots) >> 20,
		ExtendedResources: map[string]float64{}}
}
