package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

var blockingShuffle = benchmark{name: "blocking-shuffle", unit: "MiB",
	about: "incompressible rows of 128 bytes written to disk, synced, dropped from the cache and read; 8 x -mib, memory limit 512 MiB",
	cases: []benchCase{{name: "disk-sequential", run: diskSequential},
		{name: "leat-64x64", run: runBlocking(64, 64), target: "wall < 2 x disk"},
		{name: "leat-2000x2000", run: runBlocking(2000, 2000), target: "peak < 512 MiB"}}}

const diskWrite = 1 << 20

func diskSequential(o *options) (int64, error) {
	path := filepath.Join(o.dir, "leat-bench-disk")
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer f.Close()
	buf := make([]byte, diskWrite)
	fill := rand.NewChaCha8([32]byte{})
	_, _ = fill.Read(buf)
	start := time.Now()
	for range 8 * o.mib {
		if _, err := f.Write(buf); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	notes["write"] = time.Since(start).Round(time.Millisecond).String()
	if err := dropCache(f); err != nil {
		return 0, err
	}
	start = time.Now()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	for {
		if _, err := io.ReadFull(f, buf); err == io.EOF {
			break
		} else if err != nil {
			return 0, err
		}
	}
	notes["read"] = time.Since(start).Round(time.Millisecond).String()
	return int64(2 * 8 * o.mib), nil
}

// noisyRow is a key and bytes that do not compress.
type noisyRow struct {
	Key   uint64
	Noise [15]uint64
}

type byNoise struct{}

// Select implements shuffle.Partitioner.
func (byNoise) Select(b *column.Batch, channels []uint32, n int) error {
	for i, r := range column.Rows[noisyRow](b) {
		channels[i] = uint32((r.Key >> 32) * uint64(n) >> 32)
	}
	return nil
}

func runBlocking(producers, consumers int) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		debug.SetMemoryLimit(480 << 20)
		dir, err := os.MkdirTemp(o.dir, "leat-bench-blocking")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		s, err := blocking.New(blocking.Options{Files: blocking.Directories{dir}, Sync: true})
		if err != nil {
			return 0, err
		}
		defer s.Close()
		st, err := s.Stage("stage", consumers)
		if err != nil {
			return 0, err
		}
		rows := 8 * o.mib << 20 / 128 / producers
		start := time.Now()
		var tasks []wire.Task
		for i := range producers {
			tasks = append(tasks, wire.Task{Vertex: "map", Subtask: i})
		}
		if err := inTurn(producers, func(i int) error { return produce(st, tasks[i], rows) }); err != nil {
			return 0, err
		}
		if err := st.Persist(); err != nil {
			return 0, err
		}
		notes["write"] = time.Since(start).Round(time.Millisecond).String()
		if err := forgetFiles(dir); err != nil {
			return 0, err
		}
		start = time.Now()
		var got atomic.Int64
		err = inTurn(consumers, func(i int) error {
			n, err := consume(s, blocking.Request{Stage: "stage", From: i, To: i + 1, Tasks: tasks})
			got.Add(n)
			return err
		})
		notes["read"] = time.Since(start).Round(time.Millisecond).String()
		if err == nil && got.Load() != int64(rows*producers) {
			err = fmt.Errorf("%d rows read of %d", got.Load(), rows*producers)
		}
		return int64(2 * 8 * o.mib), err
	}
}

// inTurn runs n tasks in two slots.
func inTurn(n int, task func(i int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make(chan error, 2)
	for range 2 {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := task(i); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	return <-errs
}

func forgetFiles(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	notes["files"] = fmt.Sprint(len(names))
	for _, name := range names {
		f, e := os.Open(name)
		if e != nil {
			return e
		}
		err = dropCache(f)
		f.Close()
	}
	return err
}

func produce(st *blocking.Stage, t wire.Task, rows int) error {
	var failure error
	w, err := st.Writer(t, byNoise{}, func(err error) { failure = err })
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(uint64(t.Subtask), 1))
	m := newMailbox()
	pool := column.NewPool[noisyRow]()
	var noise [4096]uint64
	for i := range noise {
		noise[i] = rng.Uint64()
	}
	for rows > 0 && failure == nil {
		for !w.Room(m.wake) {
			<-m.woken
		}
		b := pool.Get()
		out := column.Rows[noisyRow](b)
		for range min(rows, b.RowLimit()) {
			r := noisyRow{Key: rng.Uint64()}
			copy(r.Noise[:], noise[r.Key%4000:])
			out = append(out, r)
		}
		column.SetRows(b, out)
		rows -= len(out)
		w.Send(shuffle.Element{Batch: b})
	}
	w.Send(shuffle.Element{Kind: shuffle.End})
	return failure
}

func consume(s *blocking.Store, q blocking.Request) (rows int64, err error) {
	m := newMailbox()
	to := m.gate.Connect(0)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		err := s.Deliver(ctx, q, column.NewBatch[noisyRow](), to)
		if err != nil {
			to.Send(shuffle.Element{Kind: shuffle.End})
		}
		done <- err
	}()
	for {
		e := m.next()
		if e.Kind == shuffle.End {
			return rows, <-done
		}
		rows += int64(e.Batch.Len())
		e.Batch.Release()
	}
}
