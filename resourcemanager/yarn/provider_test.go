package yarn_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/providertest"
	"github.com/leatproject/leat/resourcemanager/yarn"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/nm"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
)

// attempt is an ApplicationMaster of a fake YARN.
type attempt struct {
	*yarn.Provider
	master *master.Master
	end    func()
}

// Close ends the attempt as a crash would: nothing is unregistered.
func (a *attempt) Close() error {
	err := a.Provider.Close()
	a.end()
	return err
}

// workerVariable tells a container which worker it is.
const workerVariable = "WORKER"

func begin(t *testing.T, cluster *yarntest.Cluster) *attempt {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	scheduler, err := rm.ConnectScheduler(rm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: log}, yarntest.Token("amrm-1"))
	require.NoError(t, err)
	m := master.New(master.Options{Scheduler: scheduler, Heartbeat: 20 * time.Millisecond, BusyHeartbeat: 10 * time.Millisecond, Logger: log})
	nodes, err := nm.New(nm.Options{Conf: cluster.Conf(), Token: m.NodeToken, Dial: cluster.Dial, Logger: log})
	require.NoError(t, err)
	p := yarn.New(yarn.Options{
		Master: m, Nodes: nodes, Size: resourcemanager.Size{Slots: 2, MemoryBytes: 1300 << 20, MilliCPUs: 1500}, MemoryKey: "taskmanager.memory.process.size", Logger: log,
		Launch: func(w resourcemanager.Worker, _ *wire.Container) (*wire.ContainerLaunchContext, error) {
			return (&launch.Launch{Environment: map[string]string{workerVariable: w.Name}, Command: []string{"./leat"}}).Context()
		},
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.Run(ctx, p.Handle) // the test looks at what comes of it
	}()
	return &attempt{Provider: p, master: m, end: func() { stop(); scheduler.Close(); nodes.Close(); <-ended }}
}

func workerOf(launch *wire.ContainerLaunchContext) string {
	for _, v := range launch.GetEnvironment() {
		if v.GetKey() == workerVariable {
			return v.GetValue()
		}
	}
	return ""
}

func TestProvider(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Rig {
		cluster := yarntest.New("n1", "n2")
		started := make(chan [2]string, 100)
		cluster.Start = func(_, id string, launch *wire.ContainerLaunchContext) error {
			started <- [2]string{workerOf(launch), id}
			return nil
		}
		return providertest.Rig{Provider: begin(t, cluster), Kill: func(name string) {
			for s := range started {
				if s[0] == name {
					cluster.Exit(s[1], 137, "")
					return
				}
			}
		}}
	})
}

var one, two = resourcemanager.Name(1, 7, 1), resourcemanager.Name(1, 7, 2)

// withProvider runs a test in a bubble of its own time, with an attempt that has two workers.
func withProvider(t *testing.T, hosts []string, test func(*testing.T, *yarntest.Cluster, *attempt)) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New(hosts...)
		a := begin(t, cluster)
		t.Cleanup(func() { require.NoError(t, a.Close()) })
		for _, name := range []string{one, two} {
			require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: name}))
		}
		time.Sleep(time.Second)
		require.Len(t, cluster.Containers(), 2)
		test(t, cluster, a)
	})
}

// containerOf is the container in which a worker was started.
func containerOf(cluster *yarntest.Cluster, name string) string {
	for id, c := range cluster.Containers() {
		if workerOf(c.Launch) == name {
			return id
		}
	}
	return ""
}

func found(t *testing.T, a *attempt) (names []string) {
	t.Helper()
	all, err := a.Found(t.Context())
	require.NoError(t, err)
	for _, w := range all {
		names = append(names, w.Name)
	}
	return names
}

func TestKilledForMemory(t *testing.T) {
	withProvider(t, []string{"n1"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		id := containerOf(cluster, one)
		require.Equal(t, int64(1408), cluster.Containers()[id].Resource.GetMemory(), "YARN rounds up")
		require.Equal(t, int32(2), cluster.Containers()[id].Resource.GetVirtualCores())
		cluster.Exit(id, -104, "Container [pid=1,containerID=x] is running beyond physical memory limits. Current usage: 2.1 GB of 2.0 GB physical memory used; 3.3 GB of 4.2 GB virtual memory used. Killing container.")
		loss := <-a.Lost()
		require.Equal(t, resourcemanager.Loss{Name: one, Cause: "container killed by YARN for memory: 2.1 of 2.0 GB; raise taskmanager.memory.process.size [" + id + "]"}, loss)
		require.Equal(t, []string{two}, found(t, a))
	})
}

func TestNodeIsLost(t *testing.T) {
	withProvider(t, []string{"n1", "n2"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		cluster.LoseNode("n1")
		loss := <-a.Lost()
		require.Contains(t, loss.Cause, "node n1 was lost")
		require.Len(t, found(t, a), 1)
		require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 7, 3)}))
		time.Sleep(time.Second)
		require.Len(t, cluster.Containers(), 2)
	})
}

func TestRestartsOfTheResourceManager(t *testing.T) {
	withProvider(t, []string{"n1"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		cluster.Restart(true)
		cluster.Surplus(3)
		require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 7, 3)}))
		time.Sleep(10 * time.Second)
		require.Len(t, found(t, a), 3)
		require.Len(t, cluster.Containers(), 3, "surplus is given back")
		require.NoError(t, a.Release(t.Context(), one))
		time.Sleep(time.Second)
		require.Empty(t, containerOf(cluster, one))
	})
}

func TestNextAttemptFindsWorkers(t *testing.T) {
	withProvider(t, []string{"n1"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		require.NoError(t, a.Close())
		cluster.NextAttempt()
		cluster.Exit(containerOf(cluster, one), 1, "while there was no ApplicationMaster")
		next := begin(t, cluster)
		time.Sleep(time.Second)
		all, err := next.Found(t.Context())
		require.NoError(t, err)
		require.Equal(t, []resourcemanager.Worker{{Name: two, Size: resourcemanager.Size{Slots: 2, MemoryBytes: 1408 << 20, MilliCPUs: 2000}}}, all)
		require.NoError(t, next.Request(t.Context(), resourcemanager.Worker{Name: two}), "it is there already")
		require.NoError(t, next.Release(t.Context(), two))
		time.Sleep(time.Second)
		require.Empty(t, cluster.Containers())
		require.NoError(t, next.Close())
	})
}

func TestHostWhereNothingStarts(t *testing.T) {
	withProvider(t, []string{"n1", "n2", "n3"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		cluster.Start = func(host, _ string, _ *wire.ContainerLaunchContext) error {
			if host == "n2" {
				return errors.New("no space left on device")
			}
			return nil
		}
		failed := 0
		for n := range uint64(20) {
			require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 8, n)}))
			time.Sleep(time.Second)
			select {
			case loss := <-a.Lost():
				require.Contains(t, loss.Cause, "container could not be started on n2: startContainers of n2:8041: YarnException: no space left on device")
				failed++
			default:
			}
		}
		require.Equal(t, 3, failed)
		require.Equal(t, []string{"n2"}, cluster.Avoided())
		cluster.Recover("n2")
		time.Sleep(time.Second)
		require.Empty(t, cluster.Avoided())
	})
}

func TestTooLarge(t *testing.T) {
	withProvider(t, []string{"n1"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		large := resourcemanager.Worker{Name: resourcemanager.Name(1, 7, 3), Size: resourcemanager.Size{MemoryBytes: 9 << 30}}
		err := a.Request(t.Context(), large)
		require.ErrorIs(t, err, resourcemanager.ErrRefused)
		require.ErrorContains(t, err, "9216 MB are asked for, and yarn.scheduler.maximum-allocation-mb is 8192")
		require.ErrorIs(t, a.Request(t.Context(), resourcemanager.Worker{Name: "x"}), resourcemanager.ErrRefused)
		require.ErrorIs(t, a.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 1<<24, 1)}), resourcemanager.ErrRefused)

		cluster.Lower(&wire.Resource{Memory: proto.Int64(1024), VirtualCores: proto.Int32(1)})
		require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 7, 4)}))
		loss := <-a.Lost()
		require.Equal(t, resourcemanager.Name(1, 7, 4), loss.Name)
		require.Contains(t, loss.Cause, "no container: the ResourceManager refuses the request")
		require.Len(t, found(t, a), 2)
	})
}

func TestPreempted(t *testing.T) {
	withProvider(t, []string{"n1"}, func(t *testing.T, cluster *yarntest.Cluster, a *attempt) {
		id := containerOf(cluster, one)
		cluster.Preempt(id, true)
		soon := <-a.Lost()
		require.True(t, soon.Soon)
		require.Equal(t, one, soon.Name)
		require.Contains(t, soon.Cause, "YARN wants its container back for another queue or application ["+id+"]")
		cluster.Exit(id, -102, "Container preempted by scheduler")
		require.Contains(t, (<-a.Lost()).Cause, "container was preempted: YARN has given its room on n1 to another queue or application")
		id = containerOf(cluster, two)
		cluster.Preempt(id, false)
		require.True(t, (<-a.Lost()).Soon)
		cluster.Exit(id, 143, "")
		require.Contains(t, (<-a.Lost()).Cause, "was terminated (SIGTERM) (YARN wanted it back)")
	})
}
