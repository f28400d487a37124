package metrics

import (
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
)

func measured(time, n int64) *rpc.Metrics {
	return &rpc.Metrics{Time: time, Tasks: []*rpc.TaskMetrics{{Attempt: &rpc.Attempt{Job: "j", Vertex: 0, Subtask: 1, Number: 2}, RecordsIn: n, BytesOut: 10 * n,
		Watermark: math.MinInt64, Busy: n * 1e6, BackPressured: n * 2e5, Operators: []*rpc.OperatorMetric{{Node: 1, Name: "numRecordsSend", Value: n}}}},
		Processes: []*rpc.ProcessMetrics{{Job: "j", Pid: 7, Heap: 100, Cpu: n * 1e6, Collecting: n * 1e5, Goroutines: 3}}}
}

func TestRates(t *testing.T) {
	n := NewNewest()
	n.Take("tm", measured(1000, 0))
	n.Take("tm", measured(2000, 500))
	n.Take("tm", &rpc.Metrics{Time: 2000, Processes: []*rpc.ProcessMetrics{{Pid: 6, Heap: 11, Goroutines: 1}}})
	x, ok := n.Task(Key{"j", 0, 1}, 2)
	require.True(t, ok)
	require.Equal(t, 500.0, x.RecordsInRate)
	require.Equal(t, 5000.0, x.BytesOutRate)
	require.InDelta(t, 0.5, x.BusyRatio, 1e-9)
	require.InDelta(t, 0.1, x.BackPressuredRatio, 1e-9)
	_, ok = n.Task(Key{"j", 0, 1}, 3)
	require.False(t, ok, "another attempt")

	p, ok := n.Process("tm")
	require.True(t, ok)
	require.EqualValues(t, 111, p.GetHeap(), "the sum of all processes, whichever message came last")
	require.EqualValues(t, 4, p.GetGoroutines())
	require.InDelta(t, 0.5, p.CPULoad, 1e-9)
	require.InDelta(t, 0.05, p.CollectingRatio, 1e-9)

	n.End("j")
	x, _ = n.Task(Key{"j", 0, 1}, 2)
	require.Zero(t, x.RecordsInRate)
	require.EqualValues(t, 500, x.GetRecordsIn())
	p, _ = n.Process("tm")
	require.EqualValues(t, 11, p.GetHeap())
	n.Remove("j")
	require.Empty(t, n.Tasks())
	n.Leave("tm")
	_, ok = n.Process("tm")
	require.False(t, ok)
}

func TestOwnProcess(t *testing.T) {
	p := OwnProcess("j")
	require.Equal(t, "j", p.GetJob())
	for name, value := range map[string]int64{"heap": p.GetHeap(), "committed": p.GetCommitted(), "cpu": p.GetCpu(), "memory": p.GetMemory(),
		"open files": int64(p.GetOpenFiles()), "max files": int64(p.GetMaxFiles()), "goroutines": int64(p.GetGoroutines())} {
		require.Positive(t, value, name)
	}
}

// TestExposition reads what is scraped with Prometheus' own parser, and checks what promtool would.
func TestExposition(t *testing.T) {
	g := &graph.JobGraph{StreamGraph: graph.StreamGraph{Name: "Word \"Count\"\n", Nodes: []graph.Node{{ID: 1, Name: "Sum"}}},
		Vertices: []graph.Vertex{{ID: "cafe", Nodes: []int{1}}}}
	n := NewNewest()
	n.Take("tm-a", measured(1000, 0))
	n.Take("tm-a", measured(2000, 500))
	h, err := Handler(func(emit Emit) {
		p, _ := n.Process("tm-a")
		emit("flink_taskmanager_", append(OfProcess(p), OfManaged(1, 2)...), TaskManagerLabels, "here", "tm-a")
		for _, x := range n.Tasks() {
			EmitTask(emit, g, x, "here")
		}
	})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(w.Body.String()))
	require.NoError(t, err)
	for name, f := range families {
		require.True(t, model.LegacyValidation.IsValidMetricName(name), name)
		require.NotEmpty(t, f.GetHelp(), name)
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				require.True(t, model.LegacyValidation.IsValidLabelName(l.GetName()), l.GetName())
			}
		}
	}
	task := families["flink_taskmanager_job_task_numRecordsInPerSecond"].GetMetric()[0]
	labels := map[string]string{}
	for _, l := range task.GetLabel() {
		labels[l.GetName()] = l.GetValue()
	}
	require.Equal(t, map[string]string{"host": "here", "tm_id": "tm-a", "job_id": "j", "job_name": "Word \"Count\"\n", "task_id": "cafe", "task_name": "Sum",
		"subtask_index": "1", "task_attempt_id": "j_cafe_1_2", "task_attempt_num": "2"}, labels)
	require.Equal(t, 500.0, task.GetGauge().GetValue())
	operator := families["flink_taskmanager_job_task_operator_numRecordsSend"].GetMetric()[0]
	require.Len(t, operator.GetLabel(), len(OperatorLabels))
	require.Contains(t, families, "flink_taskmanager_Status_JVM_GarbageCollector_All_TimeMsPerSecond")
	require.Contains(t, families, "flink_taskmanager_Status_Flink_Memory_Managed_Total")
}
