package nomad_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"
)

// small writes a little input and returns the program that counts it, with its arguments.
func small(t *testing.T, dir string) []string {
	t.Helper()
	require.NoError(t, os.WriteFile(dir+"/in.txt", []byte("to be or not to be\n"), 0o644))
	return []string{binary(t, "wordcount"), "--input", dir + "/in.txt", "--output", dir + "/out"}
}

// An application is in the namespace that NOMAD_NAMESPACE names, with its workers and its variable, and nowhere else.
func TestNamespace(t *testing.T) {
	client := requireNomad(t)
	_, err := client.Namespaces().Register(&api.Namespace{Name: "data"}, nil)
	require.NoError(t, err)
	t.Setenv("NOMAD_NAMESPACE", "data")
	dir, home := folder(t), t.TempDir()
	checked := leat(t, home, "nomad", "check")
	require.Zero(t, checked.code, checked.out)
	require.Regexp(t, `(?m)^ok +namespace +data$`, checked.out)
	ran := leat(t, home, append([]string{"run", "-t", "nomad-application", "-p", "1"}, small(t, dir)...)...)
	require.Zero(t, ran.code, ran.err)
	require.Len(t, lines(t, dir+"/out"), 4)
	cluster := clusterOf.FindStringSubmatch(ran.err)[1]
	there, elsewhere := &api.QueryOptions{Namespace: "data"}, &api.QueryOptions{Namespace: "default"}
	for q, want := range map[*api.QueryOptions]bool{there: true, elsewhere: false} {
		q.Prefix = "leat-" + cluster
		jobs, _, err := client.Jobs().List(q)
		require.NoError(t, err)
		require.Equal(t, want, len(jobs) > 0)
	}
	until(t, "the end of workers", func() bool {
		all, _, err := client.Allocations().List(&api.QueryOptions{Namespace: "data"})
		require.NoError(t, err)
		for _, a := range all {
			if a.ClientStatus == api.AllocClientStatusRunning {
				return false
			}
		}
		return true
	})
	variables, _, err := client.Variables().PrefixList("nomad/jobs/leat-"+cluster, there)
	require.NoError(t, err)
	require.Empty(t, variables)
}

// Nodes that have the binary fetch the program alone.
func TestInstalledBinary(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	ran := leat(t, home, append([]string{"run", "-t", "nomad-application", "-p", "1", "-Dnomad.binary=" + binary(t, "leat")}, small(t, dir)...)...)
	require.Zero(t, ran.code, ran.err)
	require.Len(t, lines(t, dir+"/out"), 4)
	cluster := clusterOf.FindStringSubmatch(ran.err)[1]
	job, _, err := client.Jobs().Info("leat-"+cluster, nil)
	require.NoError(t, err)
	task := job.TaskGroups[0].Tasks[0]
	require.Equal(t, binary(t, "leat"), task.Config["command"])
	require.Len(t, task.Artifacts, 1)
	nothingLeft(t, client, home, cluster)
}

// Tasks run where constraints and the node pool allow it, with the priority that was asked for.
func TestConstraints(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	ran := leat(t, home, append([]string{"run", "-t", "nomad-application", "-p", "2", "-Dnomad.priority=60", "-Dnomad.node-pool=all", "-Dnomad.constraints=${node.unique.name} = client-2"}, small(t, dir)...)...)
	require.Zero(t, ran.code, ran.err)
	cluster := clusterOf.FindStringSubmatch(ran.err)[1]
	nothingLeft(t, client, home, cluster)
	all, _, err := client.Allocations().List(nil)
	require.NoError(t, err)
	tasks := 0
	for _, a := range all {
		if strings.HasPrefix(a.JobID, "leat-"+cluster) {
			require.Equal(t, "client-2", a.NodeName)
			tasks++
		}
	}
	require.GreaterOrEqual(t, tasks, 3, "the JobManager and two workers")
	job, _, err := client.Jobs().Info("leat-"+cluster, nil)
	require.NoError(t, err)
	require.Equal(t, 60, *job.Priority)
	require.Equal(t, api.NodePoolAll, *job.NodePool)
	got := leat(t, home, append([]string{"run", "-d", "-t", "nomad-application", "-Dnomad.constraints=client-2"}, small(t, dir)...)...)
	require.Equal(t, 2, got.code, got.err)
	require.Contains(t, got.err, "is not an attribute, an operator and a value")
}

// What is missing is told in a line each, with what to do about it.
func TestCheck(t *testing.T) {
	requireNomad(t)
	secured := os.Getenv("NOMAD_TOKEN") != ""
	for _, x := range []struct {
		name    string
		secured bool // only there
		env     string
		flags   []string
		code    int
		want    string
	}{
		{"address", false, "NOMAD_ADDR=http://127.0.0.1:1", nil, 3, `FAILED +address +.*connection refused.*set NOMAD_ADDR`},
		{"region", false, "NOMAD_REGION=mars", nil, 3, `FAILED +address +No path to region.*set NOMAD_REGION to one that nomad server members shows`},
		{"ACLs", false, "", nil, 0, map[bool]string{false: `warning +token +ACLs are off`, true: `ok +token`}[secured]},
		{"node pool", false, "", []string{"-Dnomad.node-pool=mars"}, 4, `FAILED +drivers +none of the 2 nodes is ready .*nomad.node-pool`},
		{"TLS", true, "NOMAD_CACERT=", nil, 3, `FAILED +address +.*certificate.*NOMAD_CACERT`},
		{"certificate", true, "NOMAD_CLIENT_CERT=", nil, 2, `NOMAD_CLIENT_CERT`},
		{"token", true, "NOMAD_TOKEN=00000000-0000-0000-0000-000000000000", nil, 4, `FAILED +token +.*set NOMAD_TOKEN`},
		{"namespace", false, "NOMAD_NAMESPACE=nowhere", nil, 4, `FAILED +namespace +.*set NOMAD_NAMESPACE to one that nomad namespace list shows`},
		{"driver", false, "", []string{"-Dnomad.driver=docker", "-Dnomad.image=leat"}, 4, `FAILED +drivers +none of 2 ready nodes has the driver docker.*enable it in the clients' configuration, or choose another`},
		{"datacenter", false, "", []string{"-Dnomad.datacenters=mars"}, 4, `FAILED +drivers +none of the 2 nodes is ready .*nomad.datacenters`},
		{"room", false, "", []string{"-Dtaskmanager.memory.process.size=900g"}, 0, `warning +room +.*would have to wait: .*taskmanager.memory.process.size`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.secured && !secured {
				t.Skip("nobody needs that")
			}
			run := command(t, t.TempDir(), append([]string{"nomad", "check"}, x.flags...)...)
			run.Env = append(run.Env, x.env)
			_ = run.Run() // the exit code tells
			got := result(run)
			require.Equal(t, x.code, got.code, got.out+got.err)
			require.Regexp(t, `(?m)^.*`+x.want, got.out+got.err)
		})
	}
}
