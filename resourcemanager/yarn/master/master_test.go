package master_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
)

// rig is a Master that talks to a fake YARN by RPC.
type rig struct {
	*master.Master
	cluster *yarntest.Cluster
	ended   chan error
	stop    context.CancelFunc

	mu     sync.Mutex
	events []master.Events
}

func start(t *testing.T, cluster *yarntest.Cluster) *rig {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	scheduler, err := rm.ConnectScheduler(rm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: log}, yarntest.Token("amrm-1"))
	require.NoError(t, err)
	t.Cleanup(scheduler.Close)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	r := &rig{Master: master.New(master.Options{Scheduler: scheduler, Host: "h", Port: 1, Logger: log}), cluster: cluster, ended: make(chan error, 1), stop: stop}
	go func() { r.ended <- r.Run(ctx, r.handle) }()
	return r
}

func (r *rig) handle(e master.Events) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	for _, c := range e.Allocated {
		r.cluster.Launch(c.GetId().Text())
	}
}

// allocated are the ids of asks that were answered.
func (r *rig) allocated() (ids []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		for _, c := range e.Allocated {
			ids = append(ids, c.GetAllocationRequestId())
		}
	}
	slices.Sort(ids)
	return ids
}

func ask(id int64) master.Ask { return master.Ask{ID: id, MemoryMB: 1280, VCores: 1} }

func TestLifeOfAnApplicationMaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, yarntest.New("n1", "n2"))
		time.Sleep(time.Second)
		begin := time.Now()
		require.NoError(t, r.Ask(ask(1)))
		require.NoError(t, r.Ask(ask(2)))
		for len(r.allocated()) < 2 {
			time.Sleep(10 * time.Millisecond)
		}
		require.Less(t, time.Since(begin), 500*time.Millisecond, "an ask does not wait for the idle heartbeat")
		require.NoError(t, r.Finish(t.Context(), wire.FinalApplicationStatus_APP_SUCCEEDED, "done", ""))
		require.NoError(t, <-r.ended)
		status, ok := r.cluster.Final()
		require.True(t, ok)
		require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, status)
		require.ErrorIs(t, r.Finish(t.Context(), wire.FinalApplicationStatus_APP_FAILED, "", ""), master.ErrOver)
	})
}

func TestResourceManagerFailsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1", "n2")
		r := start(t, cluster)
		require.NoError(t, r.Ask(ask(1)))
		time.Sleep(time.Second)
		cluster.Hold(true)
		require.NoError(t, r.Ask(ask(2)))
		time.Sleep(time.Second)
		cluster.Restart(true)
		time.Sleep(5 * time.Second)
		require.Equal(t, map[int64]int{2: 1}, cluster.Asked(), "the new one was told what is outstanding")
		cluster.Hold(false)
		time.Sleep(2 * time.Second)
		require.Equal(t, []int64{1, 2}, r.allocated())
		require.Len(t, cluster.Containers(), 2)
		cluster.Restart(true)
		require.NoError(t, r.Finish(t.Context(), wire.FinalApplicationStatus_APP_FAILED, "no luck", ""), "it registers again to unregister")
		require.NoError(t, <-r.ended)
	})
}

func TestTokenRolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1")
		r := start(t, cluster)
		time.Sleep(time.Second)
		cluster.Roll("amrm-2")
		time.Sleep(2 * time.Second)
		r.mu.Lock()
		last := r.events[len(r.events)-1]
		r.mu.Unlock()
		require.Equal(t, []byte("amrm-2"), last.Token.Identifier)
		cluster.Restart(true)
		require.NoError(t, r.Ask(ask(1)))
		time.Sleep(5 * time.Second)
		require.Equal(t, []int64{1}, r.allocated())
		r.stop()
		require.ErrorIs(t, <-r.ended, context.Canceled)
	})
}

func TestAttemptIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, yarntest.New("n1"))
		time.Sleep(time.Second)
		r.cluster.Over()
		require.ErrorIs(t, <-r.ended, master.ErrOver)
		_, ok := r.cluster.Final()
		require.False(t, ok)
	})
}

func TestSilentResourceManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1")
		silent := false
		var mu sync.Mutex
		cluster.Fault = func(string) yarntest.Fault {
			mu.Lock()
			defer mu.Unlock()
			if silent {
				return yarntest.LoseRequest
			}
			return yarntest.None
		}
		r := start(t, cluster)
		time.Sleep(time.Second)
		mu.Lock()
		silent = true
		mu.Unlock()
		begin := time.Now()
		require.ErrorIs(t, <-r.ended, master.ErrLost)
		require.InDelta(t, 10*time.Minute, time.Since(begin), float64(time.Minute))
	})
}

func TestLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1")
		var mu sync.Mutex
		calls := map[string]int{}
		cluster.Fault = func(method string) yarntest.Fault {
			mu.Lock()
			defer mu.Unlock()
			calls[method]++
			if method != "registerApplicationMaster" && calls[method]%2 == 1 {
				return yarntest.LoseAnswer
			}
			return yarntest.None
		}
		r := start(t, cluster)
		for id := range int64(5) {
			require.NoError(t, r.Ask(ask(id)))
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Second)
		require.Equal(t, []int64{0, 1, 2, 3, 4}, r.allocated())
		require.Len(t, cluster.Containers(), 5)
		require.NoError(t, r.Finish(t.Context(), wire.FinalApplicationStatus_APP_KILLED, "", ""))
		require.NoError(t, <-r.ended)
	})
}

func TestSmallerCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1")
		r := start(t, cluster)
		time.Sleep(time.Second)
		cluster.Lower(&wire.Resource{Memory: proto.Int64(1024), VirtualCores: proto.Int32(1)})
		require.NoError(t, r.Ask(ask(1)))
		time.Sleep(time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		var refused []master.Refusal
		for _, e := range r.events {
			refused = append(refused, e.Refused...)
		}
		require.Len(t, refused, 1)
		require.ErrorIs(t, refused[0].Err, rm.InvalidResourceRequestException)
		r.stop()
	})
}
