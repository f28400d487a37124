package jobmanager

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/storage/clock"
)

// Options of a JobManager. What is zero has the default that is named.
type Options struct {
	// Cluster is the id of the cluster; TaskManagers of another one are refused.
	Cluster string
	// Member is where this JobManager is reached.
	Member Member
	// Masters are the control addresses of all members, told to TaskManagers; Member's if empty.
	Masters []string
	// Generation is the least generation to lead in; 1.
	Generation uint64
	// OpenLog opens the log around the machine.
	OpenLog func(log.Machine) (log.Log, error)
	// Seed makes the jitter of restarts.
	Seed uint64
	// Blobs is the blob store.
	Blobs *blob.Store
	// Provider starts workers; nil is a cluster whose workers come by themselves. WorkerSize is what it is asked for, and
	// WorkerIdle how long a worker without tasks is kept; 30 s. FirstWorkers are asked for before there is any job.
	Provider     resourcemanager.Provider
	WorkerSize   resourcemanager.Size
	WorkerIdle   time.Duration
	FirstWorkers int

	// CheckpointDir is where the checkpoints of jobs go that do not say so themselves.
	CheckpointDir string

	// Drivers runs the drivers of applications. One that crashes is run again until there were DriverAttempts; 3.
	Drivers        Drivers
	DriverAttempts int

	// Heartbeat is how often both sides speak at least; 1 s. Lease is how long silence is forgiven; 5 s.
	Heartbeat, Lease time.Duration
	// Reconnect is how long a TaskManager whose connection broke may take to come back; 200 ms.
	Reconnect time.Duration
	// Expiry is how long ended jobs, unused programs and unknown blobs are kept; 1 h.
	Expiry time.Duration
	// Round is the least time between two rounds; 10 ms.
	Round time.Duration

	Clock  clock.Clock
	Logger *slog.Logger
}

// roundLimit is how many observations begin a round early.
const roundLimit = 1000

// Member is where a JobManager is reached.
type Member struct {
	// Control is host:port of the control protocol, REST the URL of the REST server.
	Control, REST string
}

func (o *Options) complete() {
	for _, d := range []struct {
		value *time.Duration
		unset time.Duration
	}{{&o.WorkerIdle, 30 * time.Second}, {&o.Heartbeat, time.Second}, {&o.Lease, 5 * time.Second},
		{&o.Reconnect, 200 * time.Millisecond}, {&o.Expiry, time.Hour}, {&o.Round, 10 * time.Millisecond}} {
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	o.Generation = max(o.Generation, 1)
	o.DriverAttempts = cmp.Or(o.DriverAttempts, 3)
	if len(o.Masters) == 0 {
		o.Masters = []string{o.Member.Control}
	}
	if o.Clock == nil {
		o.Clock = clock.Real
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func (o *Options) leader() job.Options {
	l := job.DefaultOptions()
	l.Lease, l.Expiry = job.Time(o.Lease.Milliseconds()), job.Time(o.Expiry.Milliseconds())
	return l
}
