package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/rest"
)

// recovery kills processes under a job with 1 GB of keyed state, and measures from there to the first record that the last of its
// sub-tasks processes when all its state is back: detection, the delay of the restart strategy, and the start of processes included.
var recovery = benchmark{name: "recovery-1gb", unit: "recoveries",
	about:   "from kill -9 to records again: two TaskManagers with spare slots, 1,000,000 keys of 1 kB, 50,000 records/s, a checkpoint each second, below -checkpoints or -dir",
	prepare: buildLeat,
	cases: []benchCase{
		{name: "worker, local copies", run: outage{local: true}.run, target: "2 s"},
		{name: "worker, no delay", run: outage{local: true, atOnce: true}.run},
		{name: "worker, from storage", run: outage{}.run},
		{name: "TaskManager", run: outage{taskManager: true}.run, target: "5 s"},
	}}

const (
	// recoveryArgument makes this command the program of recovery.
	recoveryArgument = "recovery-job"
	recoveryKeys     = 1_000_000
	recoveryRate     = 50_000
	recoveryValue    = 1000 // bytes
	hotKeys          = recoveryKeys / 20
	fillPatience     = 2 * time.Minute
)

// recoveryJob is the program: its first records make the state, those after them change a twentieth of it.
func recoveryJob(folder string) {
	const each = recoveryKeys / 2 // of a sub-task of the source
	env := datastream.NewEnvironment().SetParallelism(2)
	keys := datastream.Generate(env, func(i int64) int64 {
		n := i % (1 << 40)
		if n >= each {
			return uniform(n) % hotKeys
		}
		return i>>40*each + n
	}, datastream.GeneratorOptions{Count: 2 << 40, Rate: datastream.Rate{PerSecond: recoveryRate}})
	datastream.KeyedProcessWith(datastream.KeyBy(keys, func(k int64) int64 { return k }), func() datastream.KeyedProcessFunction[int64, int64, int64] {
		return &payload{folder: folder}
	}).Discard()
	if _, err := env.Execute(context.Background(), "recovery"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// payload keeps a value for each key, and tells when a sub-task begins, has its first record, and has seen as many keys as it has.
type payload struct {
	folder string
	value  *datastream.Value[[]byte]
	begun  bool
	seen   int
}

func (p *payload) tell(what string) {
	f, err := os.OpenFile(filepath.Join(p.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err) // the benchmark is over
	}
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it has no reason to fail
	fmt.Fprintln(f, what, os.Getpid(), time.Now().UnixNano(), used.Utime.Nano()+used.Stime.Nano())
	f.Close() //nolint:errcheck // appended to by one write
}

func (p *payload) Open(ctx *datastream.Context) error {
	p.value = datastream.ValueState[[]byte](ctx, datastream.StateDescriptor{Name: "payload"})
	p.tell("open")
	return nil
}

func (p *payload) ProcessElement(_ *datastream.KeyedContext[int64], key int64, _ *datastream.Collector[int64]) error {
	if !p.begun {
		p.begun = true
		p.tell("record")
	}
	old, there := p.value.Value()
	if !there {
		if p.seen++; p.seen == recoveryKeys*9/20 {
			p.tell("full")
		}
	}
	value := make([]byte, recoveryValue)
	for i := 0; i < len(value); i += 8 { // does not compress
		x := uint64(uniform(key*recoveryValue + int64(i)))
		for j := range 8 {
			value[i+j] = byte(x >> (8 * j))
		}
	}
	if len(old) > 0 {
		value[0] = old[0] + 1
	}
	p.value.Update(value)
	return nil
}

// outage is what happens to the job.
type outage struct{ local, atOnce, taskManager bool }

var twoSlots = []string{"-D", "taskmanager.numberOfTaskSlots=2"}

// moment is when a process has told something.
type moment struct {
	what string
	pid  int
	at   time.Time
	cpu  time.Duration // that the process had used
}

func (x outage) run(o *options) (int64, error) {
	storage, remove, err := o.checkpointFolder()
	if err != nil {
		return 0, err
	}
	defer remove()
	s, _, err := startSession(o, twoSlots...)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	if err := s.start("taskmanager", twoSlots...); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	flags := []string{"-d", "-p", "2", "-D", "execution.runtime-mode=STREAMING", "-D", "execution.checkpointing.interval=1 s",
		"-D", "execution.checkpointing.dir=" + storage, "-D", fmt.Sprint("execution.checkpointing.local-backup.enabled=", x.local),
		"-D", "execution.checkpointing.tolerable-failed-checkpoints=10"}
	notes["restart-strategy"] = "exponential-delay, 1 s"
	if x.atOnce {
		notes["restart-strategy"] = "fixed-delay, 0 s"
		flags = append(flags, "-D", "restart-strategy.type=fixed-delay", "-D", "restart-strategy.fixed-delay.delay=0 s")
	}
	out, err := s.leat("run", append(flags, self, recoveryArgument, s.dir)...).CombinedOutput()
	if err != nil {
		return 0, errorOf(out, err)
	}
	job := jobID.FindString(string(out))
	before, err := s.await("full", 2, time.Time{})
	if err != nil {
		return 0, err
	}
	if err := s.awaitCheckpoints(job, 2); err != nil {
		return 0, err
	}
	victim := before[0].pid
	if x.taskManager {
		victim = s.processes[2].Process.Pid
	}
	killed := time.Now()
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		return 0, err
	}
	opened, err := s.await("open", 2, killed)
	if err != nil {
		return 0, err
	}
	again, err := s.await("record", 2, killed)
	if err != nil {
		return 0, err
	}
	took := again[len(again)-1].at.Sub(killed)
	for _, m := range again {
		for _, o := range opened {
			if o.pid == m.pid {
				notes["cpu-of-restore"] += (m.cpu - o.cpu).Round(time.Millisecond).String() + " "
			}
		}
	}
	notes["restarted-after"] = opened[len(opened)-1].at.Sub(killed).Round(time.Millisecond).String()
	notes["records-after"] = took.Round(time.Millisecond).String()
	return 1, nil
}

// await waits until processes have told something so often after a moment.
func (s *session) await(what string, n int, after time.Time) ([]moment, error) {
	for begun := time.Now(); time.Since(begun) < fillPatience; time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(filepath.Join(s.dir, "log"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		var all []moment
		for line := range bytes.Lines(b) {
			f := strings.Fields(string(line))
			if len(f) != 4 || f[0] != what {
				continue
			}
			pid, _ := strconv.Atoi(f[1])
			nanos, _ := strconv.ParseInt(f[2], 10, 64)
			cpu, _ := strconv.ParseInt(f[3], 10, 64)
			if at := time.Unix(0, nanos); at.After(after) {
				all = append(all, moment{what, pid, at, time.Duration(cpu)})
			}
		}
		if len(all) >= n {
			return all, nil
		}
	}
	out, _ := s.leat("list", "-a").CombinedOutput()
	return nil, fmt.Errorf("%q was not told %d times: %s", what, n, out)
}

var jobID = regexp.MustCompile("[0-9a-f]{32}")

// awaitCheckpoints waits until so many more checkpoints are complete.
func (s *session) awaitCheckpoints(job string, more int) error {
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", s.rest)}})
	if err != nil {
		return err
	}
	first := -1
	for begun := time.Now(); time.Since(begun) < fillPatience; time.Sleep(10 * time.Millisecond) {
		c, err := client.Checkpoints(context.Background(), job)
		switch {
		case err != nil:
			return err
		case first < 0:
			first = c.Counts.Completed
		case c.Counts.Completed >= first+more && c.Latest.Completed != nil:
			notes["state"] = fmt.Sprint(c.Latest.Completed.StateSize>>20, " MiB")
			return nil
		}
	}
	return errors.New("no checkpoint is completed")
}
