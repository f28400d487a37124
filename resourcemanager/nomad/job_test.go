package nomad_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/nomad"
)

// Each case is a Spec as JSON; what comes out is the job of its workers, or of its JobManager, as JSON, without what is not set, or
// what is wrong.
func TestJobs(t *testing.T) {
	datadriven.RunTest(t, "testdata/jobs", func(t *testing.T, d *datadriven.TestData) string {
		var spec nomad.Spec
		decoder := json.NewDecoder(strings.NewReader(d.Input))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&spec), d.Pos)
		if err := spec.Check(); err != nil {
			return err.Error() + "\n"
		}
		size := resourcemanager.Size{Slots: 4, MemoryBytes: 1700 << 20, MilliCPUs: 1500}
		job := spec.Job(size)
		if d.Cmd == "master" {
			var replicas int
			d.MaybeScanArgs(t, "replicas", &replicas)
			job = spec.Master(nomad.Master{Session: d.HasArg("session"), Durable: d.HasArg("durable"), Replicas: replicas, Items: []string{nomad.ConfigItem, nomad.TokenItem}, Size: size,
				Args: []string{"nomad", "jobmanager"}})
		}
		encoded, err := json.Marshal(job)
		require.NoError(t, err)
		var decoded any
		require.NoError(t, json.Unmarshal(encoded, &decoded))
		text, err := json.MarshalIndent(stripped(decoded), "", "  ")
		require.NoError(t, err)
		return string(text) + "\n"
	})
}

// stripped leaves out what is null, empty or zero, but for the counts of attempts.
func stripped(v any) any {
	object, ok := v.(map[string]any)
	if list, isList := v.([]any); isList {
		for i := range list {
			list[i] = stripped(list[i])
		}
	}
	if !ok {
		return v
	}
	for key, value := range object {
		value = stripped(value)
		object[key] = value
		switch text := fmt.Sprint(value); {
		case key == "Attempts", key == "Replace", key == "Unlimited":
		case value == nil, text == "", text == "0", text == "false", text == "map[]", text == "[]":
			delete(object, key)
		}
	}
	return object
}

// Each case is an allocation as JSON; what comes out is why it has ended.
func TestExplain(t *testing.T) {
	datadriven.RunTest(t, "testdata/ends", func(t *testing.T, d *datadriven.TestData) string {
		a := &api.AllocationListStub{ID: "0a1b2c3d-4e5f", NodeName: "n1"}
		require.NoError(t, json.Unmarshal([]byte(d.Input), a), d.Pos)
		cause, ended := nomad.Explain(a, "taskmanager.memory.process.size")
		return fmt.Sprintf("ended: %v\n%s\n", ended, cause)
	})
}

func TestUnplaced(t *testing.T) {
	for _, tc := range []struct {
		m    *api.AllocationMetric
		want string
	}{
		{nil, ""},
		{&api.AllocationMetric{}, "no node is ready in these datacenters and this node pool"},
		{&api.AllocationMetric{NodesEvaluated: 2, DimensionExhausted: map[string]int{"memory": 2, "cpu": 1}}, "cpu is exhausted on 1 nodes; memory is exhausted on 2 nodes"},
		{&api.AllocationMetric{NodesEvaluated: 2, ConstraintFiltered: map[string]int{"missing drivers": 2}, QuotaExhausted: []string{"memory"}},
			`2 nodes do not satisfy "missing drivers"; the quota is used up: memory`},
	} {
		require.Equal(t, tc.want, nomad.Unplaced(map[string]*api.AllocationMetric{"worker": tc.m}))
	}
}

func TestConnectReadsTheEnvironment(t *testing.T) {
	t.Setenv("NOMAD_ADDR", "https://nomad.example:4646")
	for _, name := range []string{"NOMAD_CACERT", "NOMAD_CLIENT_CERT", "NOMAD_CLIENT_KEY"} {
		t.Setenv(name, "")
	}
	client, err := nomad.Connect()
	require.NoError(t, err)
	require.Equal(t, "https://nomad.example:4646", client.Address())
	t.Setenv("NOMAD_CACERT", "/does/not/exist.pem")
	_, err = nomad.Connect()
	require.ErrorContains(t, err, "NOMAD_CACERT")
}
