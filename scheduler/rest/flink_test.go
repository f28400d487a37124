package rest_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// TestShapes compares answers with the shapes of those of Flink 2.3 in testdata/flink.json: every field that Flink has is there,
// with a value of the same type, and what Flink refuses is refused with the same status. {} and [] stand for any object or
// list, null for any value, JOB, VERTEX and TM for what there is.
func TestShapes(t *testing.T) {
	text, err := os.ReadFile("testdata/flink.json")
	require.NoError(t, err)
	shapes := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &shapes))
	paths := make([]string, 0, len(shapes))
	for path := range shapes {
		paths = append(paths, path)
	}
	slices.Sort(paths)

	rigs := map[string]*rig{"": running(t), "CANCELED": running(t), "FAILED": running(t)}
	rigs["CANCELED"].do("PATCH", "/jobs/"+string(jobmanagertest.JobID), nil)
	rigs["CANCELED"].await(job.Canceled)
	rigs["FAILED"].tms[0].Fail("division by zero")
	rigs["FAILED"].await(job.Failed)
	for _, path := range paths {
		r := rigs[""]
		for state := range rigs {
			if state != "" && strings.Contains(path, state) {
				r = rigs[state]
			}
		}
		d := get[messages.JobDetails](r, "/jobs/"+string(jobmanagertest.JobID))
		id := d.JID
		w := r.do("GET", strings.NewReplacer("JOB", id, "CANCELED", id, "FAILED", id, "APP", d.ApplicationID, "VERTEX", d.Vertices[1].ID,
			"TM", "tm-a").Replace(path), nil)
		if status, refused := shapes[path].(float64); refused {
			require.Equal(t, int(status), w.Code, "%s: %s", path, w.Body)
			var e messages.Errors
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), path)
			require.NotEmpty(t, e.Errors, path)
			continue
		}
		require.Equal(t, 200, w.Code, "%s: %s", path, w.Body)
		var answer any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), path)
		requireShape(t, path, shapes[path], answer)
	}
}

func requireShape(t *testing.T, at string, shape, value any) {
	t.Helper()
	switch shape := shape.(type) {
	case map[string]any:
		fields, ok := value.(map[string]any)
		require.True(t, ok, "%s is no object", at)
		for name, s := range shape {
			plain, optional := strings.CutSuffix(name, "?")
			v, ok := fields[plain]
			if !ok && optional {
				continue
			}
			require.True(t, ok, "%s has no %q", at, plain)
			requireShape(t, at+"."+plain, s, v)
		}
	case []any:
		items, ok := value.([]any)
		require.True(t, ok, "%s is no list", at)
		if len(shape) == 0 {
			return
		}
		for _, item := range items {
			requireShape(t, at+"[]", shape[0], item)
		}
	case string:
		ok := false
		switch value.(type) {
		case string:
			ok = shape == "string"
		case float64:
			ok = shape == "number"
		case bool:
			ok = shape == "boolean"
		}
		require.True(t, ok || shape == "null", "%s is %v and not a %s", at, value, shape)
	}
}

// TestMetricNames has the names that Flink's pages, autoscaler and dashboards ask for.
func TestMetricNames(t *testing.T) {
	r := running(t)
	process := strings.Fields(`CPU.Load CPU.Time Memory.Heap.Used Memory.Heap.Committed Memory.Heap.Max Memory.NonHeap.Used Memory.NonHeap.Committed
		Memory.NonHeap.Max Memory.Metaspace.Used Memory.Metaspace.Committed Memory.Metaspace.Max Memory.Direct.MemoryUsed Memory.Direct.TotalCapacity
		Memory.Mapped.MemoryUsed GarbageCollector.All.Count GarbageCollector.All.Time GarbageCollector.All.TimeMsPerSecond Threads.Count
		FileDescriptor.Open FileDescriptor.Max`)
	for i := range process {
		process[i] = "Status.JVM." + process[i]
	}
	for path, names := range map[string][]string{
		"/taskmanagers/metrics":      append([]string{"Status.Flink.Memory.Managed.Used", "Status.Flink.Memory.Managed.Total"}, process...),
		"/taskmanagers/tm-a/metrics": process,
		"/jobmanager/metrics":        append(strings.Fields("numRegisteredTaskManagers numRunningJobs taskSlotsAvailable taskSlotsTotal"), process...),
		"/jobs/" + string(jobmanagertest.JobID) + "/metrics": strings.Fields(`uptime downtime restartingTime numRestarts numRescales createdTime
			initializingTime runningTime cancellingTime failingTime numberOfCompletedCheckpoints numberOfFailedCheckpoints
			numberOfInProgressCheckpoints totalNumberOfCheckpoints lastCheckpointDuration lastCheckpointSize lastCheckpointFullSize
			lastCheckpointRestoreTimestamp lastCheckpointCompletedTimestamp lastCompletedCheckpointId lastCheckpointMetadataSize lastCheckpointExternalPath`),
	} {
		var have []string
		for _, m := range get[[]messages.Metric](r, path) {
			have = append(have, m.ID)
		}
		require.Subset(t, have, names, path)
	}
}
