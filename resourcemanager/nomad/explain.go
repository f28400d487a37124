package nomad

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// Explain says why a worker's allocation has ended or is about to, with what to change: memoryKey is what its memory is
// configured by. ended is false while its process may still be running as Nomad wants; the cause is empty where there is none.
func Explain(a *api.AllocationListStub, memoryKey string) (cause string, ended bool) {
	node := cmp.Or(a.NodeName, a.NodeID, "an unknown node")
	ended = slices.Contains([]string{api.AllocClientStatusComplete, api.AllocClientStatusFailed, api.AllocClientStatusLost, api.AllocClientStatusUnknown}, a.ClientStatus)
	switch cause = planned(a, node); {
	case cause != "":
	case a.ClientStatus == api.AllocClientStatusLost, a.ClientStatus == api.AllocClientStatusUnknown:
		cause = "node " + node + " was lost: Nomad hears no more from its client; the worker may still be running there"
	case ended:
		cause = process(a, node, memoryKey)
	default:
		return "", false
	}
	return fmt.Sprintf("%s [allocation %s]", cause, short(a.ID)), ended
}

// short is an id as Nomad's commands show it and take it.
func short(id string) string { return id[:min(8, len(id))] }

// planned is why Nomad itself stops an allocation; empty if it does not.
func planned(a *api.AllocationListStub, node string) string {
	description := strings.ToLower(a.DesiredDescription)
	switch {
	case a.PreemptedByAllocation != "":
		return fmt.Sprintf("worker was preempted: Nomad has given its room on %s to allocation %s, which has a higher priority; raise the priority of workers",
			node, short(a.PreemptedByAllocation))
	case a.DesiredStatus == api.AllocDesiredStatusEvict:
		return "worker was preempted: Nomad has given its room on " + node + " to a job of higher priority; raise the priority of workers"
	case strings.Contains(description, "node is down"), strings.Contains(description, "disconnected"):
		return "node " + node + " was lost: Nomad hears no more from its client; the worker may still be running there"
	case strings.Contains(description, "migrat"), strings.Contains(description, "tainted"):
		return "node " + node + " is being drained"
	case a.DesiredStatus == api.AllocDesiredStatusStop:
		return "worker on " + node + " was stopped in Nomad" + detail(a.DesiredDescription)
	}
	return ""
}

// process is the end of a task, by the last of its events that tells one.
func process(a *api.AllocationListStub, node, memoryKey string) string {
	for _, name := range slices.Sorted(maps.Keys(a.TaskStates)) {
		state := a.TaskStates[name]
		if state == nil {
			continue
		}
		for _, e := range slices.Backward(state.Events) {
			if text := event(e, node, memoryKey); text != "" {
				return text
			}
		}
	}
	if a.ClientStatus == api.AllocClientStatusComplete {
		return "worker on " + node + " has ended by itself"
	}
	return "worker on " + node + " has failed" + detail(a.ClientDescription)
}

func event(e *api.TaskEvent, node, memoryKey string) string {
	said := detail(cmp.Or(e.DisplayMessage, e.Message))
	switch e.Type {
	case api.TaskTerminated:
		return terminated(e, node, memoryKey)
	case api.TaskArtifactDownloadFailed:
		return "worker could not be started on " + node + ": the program could not be fetched" + said + "; see that the artifact's address can be reached from there and its checksum is right"
	case api.TaskDriverFailure:
		return "worker could not be started on " + node + ": the driver failed" + said + "; see nomad node status for the drivers of that node"
	case api.TaskSetupFailure, api.TaskFailedValidation:
		return "worker could not be started on " + node + said
	}
	return ""
}

func terminated(e *api.TaskEvent, node, memoryKey string) string {
	code, signal := e.ExitCode, e.Signal
	if signal == 0 && code > 128 && code < 160 {
		signal = code - 128
	}
	switch {
	case e.Details["oom_killed"] == "true":
		return "worker on " + node + " was killed for memory: it took more than Nomad grants it; raise " + memoryKey
	case signal == 9:
		return "worker on " + node + " was killed (SIGKILL), by the operating system for lack of memory or by somebody; if for memory, raise " + memoryKey
	case signal == 15:
		return "worker on " + node + " was terminated (SIGTERM)"
	case signal != 0:
		return fmt.Sprintf("worker on %s was ended by signal %d", node, signal)
	case code == 126:
		return "worker could not be executed on " + node + ": it was built for another kind of machine, or Nomad's data directory is mounted noexec"
	case code == 127:
		return "worker could not be executed on " + node + ": there is no such program"
	case code == 0:
		return "worker on " + node + " has ended by itself"
	}
	return fmt.Sprintf("worker on %s has ended with exit code %d; see nomad alloc logs -stderr", node, code)
}

const longest = 600

// detail is ": " and what Nomad says, or nothing.
func detail(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + " ..."
	}
	return ": " + text
}

// Unplaced says why Nomad has no room for a worker yet; empty if the evaluation tells nothing.
func Unplaced(failed map[string]*api.AllocationMetric) string {
	for _, group := range slices.Sorted(maps.Keys(failed)) {
		m := failed[group]
		if m == nil {
			continue
		}
		var reasons []string
		for _, what := range slices.Sorted(maps.Keys(m.DimensionExhausted)) {
			reasons = append(reasons, fmt.Sprintf("%s is exhausted on %d nodes", what, m.DimensionExhausted[what]))
		}
		for _, what := range slices.Sorted(maps.Keys(m.ConstraintFiltered)) {
			reasons = append(reasons, fmt.Sprintf("%d nodes do not satisfy %q", m.ConstraintFiltered[what], what))
		}
		for _, quota := range m.QuotaExhausted {
			reasons = append(reasons, fmt.Sprintf("the quota is used up: %s", quota))
		}
		if m.NodesEvaluated == 0 && len(reasons) == 0 {
			reasons = append(reasons, "no node is ready in these datacenters and this node pool")
		}
		if len(reasons) > 0 {
			return strings.Join(reasons, "; ")
		}
	}
	return ""
}
