package nomad_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/resourcemanager/nomad/nomadtest"
	"github.com/leatproject/leat/resourcemanager/providertest"
	"github.com/leatproject/leat/resourcemanager/secret"
)

const secretText = "a secret that nobody may read"

func options(t *testing.T, c *nomadtest.Cluster, token string) nomad.Options {
	s, err := secret.Of(secretText)
	require.NoError(t, err)
	return nomad.Options{
		Client: c.Client(token), Secret: s, MemoryKey: "taskmanager.memory.process.size", Logger: slog.New(slog.DiscardHandler),
		Spec: nomad.Spec{Cluster: "c", Command: "local/leat", Args: []string{"taskmanager", "--name", "${NOMAD_META_leat_worker}"}, Secret: true},
		Size: resourcemanager.Size{Slots: 2, MemoryBytes: 1 << 30, MilliCPUs: 1000},
	}
}

// bubble runs a test with a cluster in virtual time; open makes Providers that are closed at its end.
func bubble(t *testing.T, c *nomadtest.Cluster, f func(t *testing.T, open func(token string) *nomad.Provider)) {
	synctest.Test(t, func(t *testing.T) {
		var all []*nomad.Provider
		defer func() {
			for _, p := range all {
				require.NoError(t, p.Close())
			}
		}()
		f(t, func(token string) *nomad.Provider {
			p, err := nomad.New(options(t, c, token))
			require.NoError(t, err)
			all = append(all, p)
			return p
		})
	})
}

func request(t *testing.T, p *nomad.Provider, names ...string) {
	t.Helper()
	for _, name := range names {
		require.NoError(t, p.Request(t.Context(), resourcemanager.Worker{Name: name}))
	}
	synctest.Wait()
}

func found(t *testing.T, p *nomad.Provider) []string {
	t.Helper()
	workers, err := p.Found(t.Context())
	require.NoError(t, err)
	var names []string
	for _, w := range workers {
		names = append(names, w.Name)
	}
	return names
}

// running are the names of the workers that Nomad runs.
func running(c *nomadtest.Cluster) []string {
	var names []string
	for _, job := range c.Running() {
		_, rest, _ := strings.Cut(job, "/dispatch-")
		names = append(names, strings.Join(strings.Split(rest, "-")[:4], "-"))
	}
	return names
}

func job(t *testing.T, c *nomadtest.Cluster, name string) string {
	t.Helper()
	id, err := c.Worker(t.Context(), name)
	require.NoError(t, err)
	return id
}

const a, b, later = "worker-1-1-1", "worker-1-1-2", "worker-1-2-1"

func TestProvider(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Rig {
		c := nomadtest.New()
		p, err := nomad.New(options(t, c, ""))
		require.NoError(t, err)
		return providertest.Rig{Provider: p, Kill: func(name string) {
			if id, err := c.Worker(context.Background(), name); err == nil {
				c.Exit(id, 1, nil)
			}
		}}
	})
}

func TestWorkersAreDispatched(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		require.Empty(t, c.Streamed(), "a provider that nobody uses is silent")
		request(t, p, a, b)
		require.Equal(t, []string{a, b}, running(c))
		j := c.Job(job(t, c, a))
		require.Equal(t, "leat-c-worker-2-1024m-1000c", *j.ParentID)
		require.Equal(t, map[string]string{"leat_cluster": "c", "leat_worker": a, "leat_slots": "2", "leat_memory": "1073741824", "leat_cpu": "1000"}, j.Meta)
		require.Equal(t, api.VariableItems{"secret": secretText}, c.Variable("nomad/jobs/leat-c-worker-2-1024m-1000c"))

		require.NoError(t, p.Release(t.Context(), a))
		synctest.Wait()
		require.Equal(t, []string{b}, running(c), "that worker is stopped and no other")
		select {
		case loss := <-p.Lost():
			require.Fail(t, "released", "%v", loss)
		default:
		}
	})
}

func TestFoundAfterFailover(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		old := open("")
		request(t, old, a, b, "worker-1-1-3")
		c.Exit(job(t, c, "worker-1-1-3"), 0, nil)
		require.NoError(t, old.Close())
		p := open("")
		workers, err := p.Found(t.Context())
		require.NoError(t, err)
		size := resourcemanager.Size{Slots: 2, MemoryBytes: 1 << 30, MilliCPUs: 1000}
		require.Equal(t, []resourcemanager.Worker{{Name: a, Size: size}, {Name: b, Size: size}}, workers)
		request(t, p, a, "worker-1-1-3")
		require.Equal(t, []string{a, b}, running(c), "nothing is started twice")
		require.Equal(t, resourcemanager.Loss{Name: "worker-1-1-3", Cause: "worker has ended: Nomad lists its job as dead"}, <-p.Lost())
		c.Exit(job(t, c, b), 3, nil)
		require.Contains(t, (<-p.Lost()).Cause, "worker on n1 has ended with exit code 3")
		require.NoError(t, p.Release(t.Context(), a))
		synctest.Wait()
		require.Empty(t, running(c))
	})
}

// Workers that were started with the JobManager are its leader's, also those that it hears of late.
func TestWorkersAhead(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		command := open("")
		_, err := command.Ahead(t.Context(), 2)
		require.NoError(t, err)
		first, second := "worker-0-0-1", "worker-0-0-2"
		require.Equal(t, []string{first, second}, running(c))
		require.NoError(t, command.Close())
		p := open("")
		require.Equal(t, []string{first, second}, found(t, p))
		request(t, p, later)
		late := open("")
		_, err = late.Ahead(t.Context(), 3)
		require.NoError(t, err)
		require.NoError(t, late.Close())
		third := "worker-0-0-3"
		require.Equal(t, []string{first, second, third, later}, running(c), "nothing is started twice")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{first, second, third, later}, running(c), "they are no orphans")
		c.Exit(job(t, c, third), 1, nil)
		require.Equal(t, third, (<-p.Lost()).Name)
		require.NoError(t, p.Release(t.Context(), first))
		synctest.Wait()
		require.Equal(t, []string{second, later}, running(c))
	})
}

// Shortly before the deadline of a node that is drained its workers are told of; without the right to read nodes they are not.
func TestDrainedNodes(t *testing.T) {
	for _, rights := range []string{"*", "read-job"} {
		c := nomadtest.New()
		c.Tokens = map[string][]string{"token": {rights, "list-jobs", "submit-job", "dispatch-job", "variables-write"}}
		bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
			p := open("token")
			request(t, p, a)
			began := time.Now()
			c.Drain("other", began.Add(time.Minute))
			c.Drain(c.Nodes[0].ID, began.Add(time.Minute))
			if rights == "*" {
				loss := <-p.Lost()
				require.Equal(t, a, loss.Name)
				require.True(t, loss.Soon)
				require.Contains(t, loss.Cause, "is being drained")
				require.Equal(t, 30*time.Second, time.Since(began))
			}
			c.Exit(job(t, c, a), 0, nil)
			require.False(t, (<-p.Lost()).Soon)
		})
	}
}

func TestOtherClustersAreLeftAlone(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		o := options(t, c, "")
		o.Spec.Cluster = "c-worker-2" // begins alike
		other, err := nomad.New(o)
		require.NoError(t, err)
		request(t, other, a)
		p := open("")
		require.Empty(t, found(t, p))
		request(t, p, later)
		removed, err := nomad.Remove(t.Context(), c.Client(""), &nomad.Spec{Cluster: "c"})
		require.NoError(t, err)
		require.Equal(t, 2, removed, "a job and its worker")
		require.Equal(t, []string{a}, running(c))
		require.Nil(t, c.Variable("nomad/jobs/leat-c-worker-2-1024m-1000c"))
		require.Contains(t, (<-p.Lost()).Cause, "stopped in Nomad")
		require.NoError(t, other.Close())
	})
}

// What a cluster has left behind is removed when its JobManager's job has ended, and not before.
func TestClean(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		spec := nomad.Spec{Cluster: "c", Command: "local/leat"}
		client := c.Client("")
		require.NoError(t, spec.Register(t.Context(), client, nomad.Master{}))
		p := open("")
		request(t, p, a)
		left, err := nomad.Clean(t.Context(), client, &nomad.Spec{})
		require.NoError(t, err)
		require.Empty(t, left)
		require.Equal(t, []string{a}, running(c))
		_, _, err = client.Jobs().Deregister(spec.MasterID(), false, nil)
		require.NoError(t, err)
		left, err = nomad.Clean(t.Context(), client, &nomad.Spec{})
		require.NoError(t, err)
		require.Equal(t, []nomad.Left{{Cluster: "c", Jobs: 3}}, left)
		require.Empty(t, running(c))
		require.Nil(t, c.Variable("nomad/jobs/leat-c-worker-2-1024m-1000c"))
		<-p.Lost()
	})
}

func TestLossIsHeardAtOnce(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		for i, tc := range []struct {
			end  func(*api.Allocation)
			want string
		}{
			{func(a *api.Allocation) { a.ClientStatus = api.AllocClientStatusUnknown }, "node n1 was lost"},
			{func(a *api.Allocation) { a.DesiredStatus, a.PreemptedByAllocation = "evict", "0123456789" }, "allocation 01234567, which has a higher priority"},
			{func(a *api.Allocation) { a.DesiredStatus, a.DesiredDescription = "stop", "alloc is being migrated" }, "node n1 is being drained"},
		} {
			name := resourcemanager.Name(1, 1, uint64(i+1))
			request(t, p, name)
			id, begin := job(t, c, name), time.Now()
			c.End(id, tc.end)
			loss := <-p.Lost()
			require.Equal(t, name, loss.Name)
			require.Contains(t, loss.Cause, tc.want)
			require.Zero(t, time.Since(begin))
			synctest.Wait()
			require.True(t, *c.Job(id).Stop, "Nomad puts no other in its place")
		}
		require.Empty(t, found(t, p))
	})
}

func TestEventStreamIsResumed(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		request(t, p, a, b)
		last := c.Streamed()[0]
		c.Break()
		synctest.Wait()
		c.Exit(job(t, c, a), 137, func(e *api.TaskEvent) { e.Details["oom_killed"] = "true" })
		loss := <-p.Lost()
		require.Equal(t, a, loss.Name)
		require.Contains(t, loss.Cause, "raise taskmanager.memory.process.size")
		synctest.Wait()
		require.Len(t, c.Streamed(), 2)
		require.Greater(t, c.Streamed()[1], last)
		require.Equal(t, []string{b}, found(t, p))
	})
}

func TestGapsInEventsAreMadeUpFor(t *testing.T) {
	c := nomadtest.New()
	c.Buffer = 1
	var deaf atomic.Bool
	c.Fault = func(call string) *nomadtest.Fault {
		if deaf.Load() && call == "GET /v1/event/stream" {
			return &nomadtest.Fault{Status: http.StatusInternalServerError, Body: "No cluster leader"}
		}
		return nil
	}
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		request(t, p, a, b, "worker-1-1-3")
		deaf.Store(true)
		c.Break()
		c.Purge(job(t, c, a))
		c.Exit(job(t, c, b), 2, nil)
		first, second := <-p.Lost(), <-p.Lost()
		causes := map[string]string{first.Name: first.Cause, second.Name: second.Cause}
		require.Contains(t, causes[a], "somebody has purged it")
		require.Contains(t, causes[b], "exit code 2")
		require.Equal(t, []string{"worker-1-1-3"}, found(t, p))
	})
}

func TestEventsThatCannotBeRead(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		request(t, p, a, b)
		id := job(t, c, a)
		c.Purge(id)
		c.Garble(id)
		require.Equal(t, a, (<-p.Lost()).Name, "what it was about is looked up")
		c.Exit(job(t, c, b), 1, nil)
		require.Equal(t, b, (<-p.Lost()).Name, "and the next events are read")
		require.Len(t, c.Streamed(), 1)
	})
}

func TestFaultsLeaveNoOrphans(t *testing.T) {
	for _, fault := range []nomadtest.Fault{
		{Status: 500, Body: "No cluster leader"}, {Status: 500, Body: "rpc error: timeout", Late: true}, {}, {Late: true}, {Status: 429, Body: "too many requests"},
	} {
		c := nomadtest.New()
		var calls atomic.Int32
		c.Fault = func(call string) *nomadtest.Fault {
			if call == "GET /v1/event/stream" || calls.Add(1)%3 != 0 {
				return nil
			}
			return &fault
		}
		bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
			p := open("")
			for n := range uint64(20) {
				request(t, p, resourcemanager.Name(1, 1, n))
			}
			for n := range uint64(10) {
				require.NoError(t, p.Release(t.Context(), resourcemanager.Name(1, 1, n)))
			}
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			var want []string
			for n := range uint64(10) {
				want = append(want, resourcemanager.Name(1, 1, 10+n))
			}
			require.Equal(t, want, running(c), "%+v", fault)
		})
	}
}

func TestLateRequestsOfAnEarlierLeaderAreStopped(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		old, p := open(""), open("")
		require.Empty(t, found(t, p))
		request(t, p, later)
		request(t, old, a)
		require.Equal(t, []string{a, later}, running(c))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{later}, running(c), "and the old leader stops none of the new one's")
	})
}

func TestWorkersThatCouldNotBeFoundAreLeftAlone(t *testing.T) {
	c := nomadtest.New()
	var blind atomic.Bool
	c.Fault = func(call string) *nomadtest.Fault {
		if blind.Load() && call == "GET /v1/jobs" {
			return &nomadtest.Fault{Status: http.StatusInternalServerError, Body: "No cluster leader"}
		}
		return nil
	}
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		request(t, open(""), a)
		p := open("")
		blind.Store(true)
		_, err := p.Found(t.Context())
		require.ErrorContains(t, err, "No cluster leader")
		blind.Store(false)
		request(t, p, later)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{a, later}, running(c))
		require.NoError(t, p.Release(t.Context(), a))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{later}, running(c), "and can be released")
	})
}

func TestRightsOfTheToken(t *testing.T) {
	all := []string{"list-jobs", "read-job", "dispatch-job", "submit-job", "variables-write"}
	for _, tc := range []struct{ without, want string }{
		{"dispatch-job", "no right to dispatch job leat-c-worker-2-1024m-1000c: Permission denied (status 403); give it the capability dispatch-job"},
		{"submit-job", "no right to register job leat-c-worker-2-1024m-1000c, and it is not there"},
		{"variables-write", "no right to write the variable nomad/jobs/leat-c-worker-2-1024m-1000c"},
	} {
		c := nomadtest.New()
		c.Tokens = map[string][]string{"t": nil}
		for _, right := range all {
			if right != tc.without {
				c.Tokens["t"] = append(c.Tokens["t"], right)
			}
		}
		bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
			p := open("t")
			request(t, p, a)
			require.Contains(t, (<-p.Lost()).Cause, tc.want)
			err := p.Request(t.Context(), resourcemanager.Worker{Name: b})
			require.ErrorIs(t, err, resourcemanager.ErrRefused)
			require.ErrorContains(t, err, tc.want)
			time.Sleep(time.Minute)
			c.Grant("t", "*")
			request(t, p, b)
			require.Equal(t, []string{b}, running(c), "rights that are given later are used")
		})
	}
}

func TestTokenThatMayNotSubmitJobs(t *testing.T) {
	c := nomadtest.New()
	c.Tokens = map[string][]string{"t": {"list-jobs", "read-job", "dispatch-job", "scale-job", "variables-write"}}
	o := options(t, c, "t")
	c.Register(o.Spec.Job(o.Size))
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("t")
		request(t, p, a, b)
		require.NoError(t, p.Release(t.Context(), a))
		synctest.Wait()
		require.Equal(t, []string{b}, running(c))
	})
}

func TestWhatNomadRefuses(t *testing.T) {
	c := nomadtest.New()
	c.Fault = func(call string) *nomadtest.Fault {
		if call == "PUT /v1/jobs" {
			return &nomadtest.Fault{Status: 500, Body: "1 error occurred:\n\t* node pool \"x\" does not exist"}
		}
		return nil
	}
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		require.ErrorIs(t, p.Request(t.Context(), resourcemanager.Worker{Name: "x"}), resourcemanager.ErrRefused)
		request(t, p, a)
		require.Contains(t, (<-p.Lost()).Cause, `node pool "x" does not exist`)
	})
}

func TestJobThatSomebodyHasRemovedIsRegisteredAgain(t *testing.T) {
	c := nomadtest.New()
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		request(t, p, a)
		c.Purge("leat-c-worker-2-1024m-1000c")
		request(t, p, b)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{a, b}, running(c))
	})
}

func TestWorkersWaitForRoom(t *testing.T) {
	c := nomadtest.New()
	c.Room = 1
	bubble(t, c, func(t *testing.T, open func(string) *nomad.Provider) {
		p := open("")
		request(t, p, a, b)
		require.Len(t, running(c), 1)
		time.Sleep(2 * time.Minute)
		require.Equal(t, []string{a, b}, found(t, p))
		require.NoError(t, p.Release(t.Context(), a))
		require.NoError(t, p.Release(t.Context(), b))
		synctest.Wait()
		require.Empty(t, running(c))
	})
}

func TestNoProviderWithoutWhatItNeeds(t *testing.T) {
	good := options(t, nomadtest.New(), "")
	for want, change := range map[string]func(*nomad.Options){
		"no client":         func(o *nomad.Options) { o.Client = nil },
		"secret is missing": func(o *nomad.Options) { o.Secret = secret.Secret{} },
		"cannot be part":    func(o *nomad.Options) { o.Spec.Cluster = "a/b" },
	} {
		o := good
		change(&o)
		_, err := nomad.New(o)
		require.ErrorContains(t, err, want)
	}
}
