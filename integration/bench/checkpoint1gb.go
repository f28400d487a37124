package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/filesystem"
)

// State of 1 GB: each of 0.8 keys for a record (8,000,000 by default) has a key and a wideCount, 128 bytes together. One key in twenty is
// updated, again and again, so that 5 % of the state has changed in each checkpoint. The first checkpoints, of a state that grows, do
// not count.
var (
	checkpoint1gb       = largeCheckpoints("checkpoint-1gb", "hashmap")
	checkpoint1gbPebble = largeCheckpoints("checkpoint-1gb-pebble", "pebble")
)

const (
	hotPart     = 20
	rowBytes    = 128
	measureTime = 30 * time.Second
)

type wideCount struct {
	Count int64
	Rest  [14]int64
}

func largeCheckpoints(name, backend string) benchmark {
	return benchmark{name: name, unit: "records", about: "1 GB of state, of which 5 % changes from one checkpoint to the next, each second; " + backend,
		cases: []benchCase{
			{name: "off", run: largeCheckpointRun{backend: backend}.run},
			{name: "each-second", run: largeCheckpointRun{backend: backend, interval: "1 s"}.run,
				target: "90 % of base; sync below 5 ms; written at most 2x changed"},
		}}
}

type largeCheckpointRun struct{ backend, interval string }

func (r largeCheckpointRun) run(o *options) (int64, error) {
	keys := o.rows * 4 / 5
	folder, remove, err := o.checkpointFolder()
	if err != nil {
		return 0, err
	}
	defer remove()
	said := &checkpointLog{}
	env := datastream.NewEnvironment(datastream.WithLogger(slog.New(said))).SetRuntimeMode("STREAMING").SetParallelism(1)
	env.Set("io.tmp.dirs", o.dir).Set("state.backend.type", r.backend).Set("state.backend.pebble.memory", fmt.Sprintf("%d bytes", keys*rowBytes/4))
	if r.interval != "" {
		env.Set("execution.checkpointing.dir", folder).Set("execution.checkpointing.interval", r.interval)
	}
	counter := &wideCounter{}
	records := datastream.Map(datastream.FromSequence(env, 0, 1<<40), func(i int64) int64 {
		if i < keys {
			return i
		}
		return uniform(i) % (keys / hotPart) * hotPart
	})
	datastream.KeyedProcessWith(datastream.KeyBy(records, func(k int64) int64 { return k }), func() datastream.KeyedProcessFunction[int64, int64, int64] {
		return counter
	}).Discard()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var done int64
	go func() {
		defer cancel()
		for ctx.Err() == nil && (counter.seen.Load() < keys || r.interval != "" && said.since(keys, counter) == 0) {
			time.Sleep(10 * time.Millisecond)
		}
		done = measured(ctx, counter, said, keys)
	}()
	if _, err := env.Execute(ctx, "checkpoints"); !errors.Is(err, context.Canceled) {
		return 0, err
	}
	<-ctx.Done()
	return done, nil
}

// measured notes what happens in measureTime.
func measured(ctx context.Context, counter *wideCounter, said *checkpointLog, keys int64) int64 {
	said.reset()
	start, from, cpu := time.Now(), counter.seen.Load(), cpuTime()
	select {
	case <-ctx.Done():
	case <-time.After(measureTime):
	}
	n := counter.seen.Load() - from
	perSecond = float64(n) / time.Since(start).Seconds()
	cpuEach = float64((cpuTime() - cpu).Microseconds()) / float64(n)
	said.mu.Lock()
	defer said.mu.Unlock()
	if said.complete > 0 {
		changed := float64(said.complete) * float64(keys/hotPart) * rowBytes
		notes["checkpoints"] = fmt.Sprint(said.complete)
		notes["sync"] = said.sync.String()
		notes["written"] = fmt.Sprintf("%.2fx", float64(said.written)/changed)
	}
	return n
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// checkpointFolder is where checkpoints go: a folder of their own below what --checkpoints says, or below dir.
func (o *options) checkpointFolder() (folder string, remove func(), err error) {
	if o.checkpoints == "" {
		folder, err = os.MkdirTemp(o.dir, "checkpoints-")
		return folder, func() { os.RemoveAll(folder) }, err
	}
	folder = fmt.Sprintf("%s/checkpoints-%d", strings.TrimRight(o.checkpoints, "/"), os.Getpid())
	fs, name, err := filesystem.Open(context.Background(), folder, filesystem.Options{})
	return folder, func() {
		if err := filesystem.RemoveAll(context.Background(), fs, name); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}, err
}

// checkpointLog hears of the checkpoints of a job by what it logs.
type checkpointLog struct {
	slog.Handler
	mu       sync.Mutex
	complete int
	written  int64
	sync     time.Duration // the longest
	loaded   int           // that were complete after all keys had come
}

func (l *checkpointLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete, l.written, l.sync = 0, 0, 0
}

// since counts the checkpoints from the first call on that follows the load.
func (l *checkpointLog) since(keys int64, counter *wideCounter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if counter.seen.Load() < keys {
		return 0
	}
	if l.loaded == 0 {
		l.loaded = l.complete + 1
	}
	return max(0, l.complete-l.loaded)
}

// Enabled implements slog.Handler.
func (l *checkpointLog) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (l *checkpointLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l *checkpointLog) WithGroup(string) slog.Handler { return l }

// Handle implements slog.Handler.
func (l *checkpointLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		fmt.Fprintln(os.Stderr, r.Message)
	}
	if r.Message != "checkpoint complete" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete++
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "sync":
			l.sync = max(l.sync, a.Value.Duration())
		case "written":
			l.written += a.Value.Int64()
		}
		return true
	})
	return nil
}

// wideCounter counts the records of each key in state of 120 bytes.
type wideCounter struct {
	count *datastream.Value[wideCount]
	n     int64
	seen  atomic.Int64
}

func (c *wideCounter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[wideCount](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *wideCounter) ProcessElement(_ *datastream.KeyedContext[int64], k int64, out *datastream.Collector[int64]) error {
	v, _ := c.count.Value()
	v.Count++
	v.Rest[v.Count%int64(len(v.Rest))] = k * v.Count
	c.count.Update(v)
	out.Collect(v.Count)
	if c.n++; c.n%256 == 0 {
		c.seen.Store(c.n)
	}
	return nil
}
