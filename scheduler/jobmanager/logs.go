package jobmanager

import (
	"context"
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
)

// logPatience is how much longer than LogRequest.wait_millis an answer of a TaskManager is waited for.
const logPatience = 10 * time.Second

// logRead is a request for a log that was not answered yet.
type logRead struct {
	request *rpc.LogRequest
	answer  chan *rpc.LogReply
}

// Log asks a TaskManager, by its resource name, for a piece of a log or for the list of them. ErrNotFound when it is not
// connected.
func (m *JobManager) Log(ctx context.Context, resource string, r *rpc.LogRequest) (*rpc.LogReply, error) {
	r.Request = m.requests.Add(1)
	answer := make(chan *rpc.LogReply, 1)
	err := m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		s := m.leader.sessions[resource]
		if s == nil || s.number == 0 {
			return fmt.Errorf("TaskManager %s: %w", resource, ErrNotFound)
		}
		if s.reads == nil {
			s.reads = map[uint64]logRead{}
		}
		s.reads[r.Request] = logRead{r, answer}
		if !m.tell(s, &rpc.Down{Message: &rpc.Down_Log{Log: r}}) {
			delete(s.reads, r.Request)
			return fmt.Errorf("TaskManager %s does not read what it is sent: look at its host", resource)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	waiting, stop := context.WithTimeout(ctx, logPatience+time.Duration(r.GetWaitMillis())*time.Millisecond)
	defer stop()
	select {
	case reply, ok := <-answer:
		switch {
		case !ok:
			return nil, fmt.Errorf("TaskManager %s was lost while its log was read: %w", resource, ErrNotFound)
		case reply.GetError() != "":
			return nil, fmt.Errorf("TaskManager %s: %s: %w", resource, reply.GetError(), ErrNotFound)
		}
		return reply, nil
	case <-m.done:
		return nil, ErrStopped
	case <-waiting.Done():
		_ = m.post(context.WithoutCancel(ctx), func() {
			if m.leader != nil && m.leader.sessions[resource] != nil {
				delete(m.leader.sessions[resource].reads, r.Request)
			}
		})
		return nil, fmt.Errorf("reading the log of TaskManager %s: %w", resource, context.Cause(waiting))
	}
}

// SinceHeartbeat is how long ago a TaskManager was heard of; false when it is not connected.
func (m *JobManager) SinceHeartbeat(ctx context.Context) (map[string]time.Duration, error) {
	since := map[string]time.Duration{}
	err := m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		for resource, s := range m.leader.sessions {
			since[resource] = m.opt.Clock.Now().Sub(s.heard)
		}
		return nil
	})
	return since, err
}

// HostsOf names the TaskManagers on which a job's tasks are or were last, by resource, in the order of their registration.
func (m *JobManager) HostsOf(id job.ID) (resources []string) {
	m.View(func(s *job.State) {
		j, ok := s.Job(id)
		if !ok {
			return
		}
		at := map[job.TM]bool{}
		for v := range j.Vertices {
			for i := range j.Vertices[v].Subtasks {
				at[j.Vertices[v].Subtasks[i].TM] = true
			}
		}
		for t := range s.TaskManagers {
			if at[t.Number] {
				resources = append(resources, t.Resource)
			}
		}
	})
	return resources
}
