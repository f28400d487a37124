package nomad_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/runtime/config"
)

func TestFromConfig(t *testing.T) {
	c := config.New()
	s, size, err := nomad.FromConfig(c, "c")
	require.NoError(t, err)
	require.Equal(t, nomad.Spec{Cluster: "c", Driver: "exec", MHz: 1000}, s)
	require.Equal(t, resourcemanager.Size{Slots: 1, MemoryBytes: 1728 << 20, MilliCPUs: 1000}, size)

	for key, value := range map[string]string{
		"nomad.driver": "docker", "nomad.image": "leat:1", "nomad.datacenters": "a,b*", "nomad.node-pool": "big", "nomad.priority": "60", "nomad.mhz-per-core": "2500",
		"nomad.constraints": "${attr.cpu.arch} = amd64;${node.class} regexp ^(a|b) c$", "nomad.taskmanager.cpu": "0.5",
		"taskmanager.numberOfTaskSlots": "3", "taskmanager.memory.process.size": "2g",
	} {
		require.NoError(t, c.Set(key, value))
	}
	s, size, err = nomad.FromConfig(c, "c")
	require.NoError(t, err)
	require.Equal(t, nomad.Spec{Cluster: "c", Driver: "docker", Image: "leat:1", Datacenters: []string{"a", "b*"}, NodePool: "big", Priority: 60, MHz: 2500,
		Constraints: []nomad.Constraint{{Attribute: "${attr.cpu.arch}", Operator: "=", Value: "amd64"}, {Attribute: "${node.class}", Operator: "regexp", Value: "^(a|b) c$"}}}, s)
	require.Equal(t, resourcemanager.Size{Slots: 3, MemoryBytes: 2 << 30, MilliCPUs: 500}, size)

	require.NoError(t, c.Set("nomad.constraints", "linux"))
	_, _, err = nomad.FromConfig(c, "c")
	require.ErrorContains(t, err, `nomad.constraints: "linux" is not an attribute`)
}
