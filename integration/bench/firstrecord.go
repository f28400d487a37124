package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func ticks(o *options) string { return filepath.Join(o.dir, "leat-bench-ticks") }

// buildTicks builds leat and a program whose job writes to a file without an end.
func buildTicks(o *options) error {
	if err := buildLeat(o); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", ticks(o), "github.com/leatproject/leat/integration/ticks").CombinedOutput(); err != nil {
		return fmt.Errorf("build ticks: %w: %s", err, out)
	}
	return nil
}

// firstRecord is the time from the start of leat run with flags until its job has written something, and ends the job.
func firstRecord(o *options, flags ...string) (time.Duration, error) {
	file := filepath.Join(o.dir, fmt.Sprintf("ticks-%d", os.Getpid()))
	defer os.Remove(file)
	run := outside(leatBinary(o), append(append([]string{"run", "-q"}, flags...), ticks(o), file)...)
	begin := time.Now()
	if err := run.Start(); err != nil {
		return 0, err
	}
	first, err := firstBytes(file, begin)
	_ = run.Process.Signal(os.Interrupt) // it ends the job
	_ = run.Wait()
	return first, err
}

// firstBytes waits until there is something in a file, and returns how long that took.
func firstBytes(file string, begin time.Time) (time.Duration, error) {
	for time.Since(begin) < time.Minute {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return time.Since(begin), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.New("nothing has come for a minute")
}
