package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

const childVariable = "LEAT_BENCH_CHILD"

// outcome is what a child process reports of itself.
type outcome struct {
	Units int64             `json:"units"`
	Error string            `json:"error,omitempty"`
	Notes map[string]string `json:"notes,omitempty"`
	// PerSecond is the rate of the work alone where the case measures that, without the start of its processes.
	PerSecond float64 `json:"perSecond,omitempty"`
	// CPUEach is how many microseconds of this process's CPU one unit of that work takes, whatever others do on the machine.
	CPUEach float64 `json:"cpuEach,omitempty"`
}

// figure is one run of a case as the operating system saw it.
type figure struct {
	cpu, wall time.Duration
	peak      int64 // bytes
	outcome
}

// measure runs all cases of b, each o.runs times and in turn, and prints the medians.
func (b *benchmark) measure(o *options) error {
	if b.prepare != nil {
		if err := b.prepare(o); err != nil {
			return err
		}
	}
	figures := make([][]figure, len(b.cases))
	for range o.runs {
		for i, c := range b.cases {
			f, err := inChild(b.name+"/"+c.name, o)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			figures[i] = append(figures[i], f)
		}
	}
	fmt.Printf("%s: %s (%d processors, %d runs, medians)\n", b.name, b.about, runtime.NumCPU(), o.runs)
	fmt.Printf("  %-28s %12s %10s %10s %14s %9s %9s\n", "case", b.unit, "CPU s", "wall s", b.unit+"/CPU s", "CPU/base", "peak MiB")
	base := median(figures[0], func(f figure) time.Duration { return f.cpu })
	for i, c := range b.cases {
		cpu := median(figures[i], func(f figure) time.Duration { return f.cpu })
		wall := median(figures[i], func(f figure) time.Duration { return f.wall })
		f := figures[i][0]
		fmt.Printf("  %-28s %12d %10.3f %10.3f %14s %9.2f %9.1f", c.name, f.Units, cpu.Seconds(), wall.Seconds(),
			rate(f.Units, cpu), cpu.Seconds()/base.Seconds(), float64(median(figures[i], func(f figure) int64 { return f.peak }))/(1<<20))
		if perSecond := median(figures[i], func(f figure) float64 { return f.PerSecond }); perSecond > 0 {
			base := median(figures[0], func(f figure) float64 { return f.PerSecond })
			fmt.Printf("  %.0f per second, %.0f %% of base", perSecond, 100*perSecond/base)
		}
		if each := median(figures[i], func(f figure) float64 { return f.CPUEach }); each > 0 {
			fmt.Printf("  %.3f us of CPU each, %.2f of base", each, each/median(figures[0], func(f figure) float64 { return f.CPUEach }))
		}
		for _, k := range slices.Sorted(keysOf(f.Notes)) {
			fmt.Printf("  %s %s", k, f.Notes[k])
		}
		if c.target != "" {
			fmt.Printf("  (target: %s)", c.target)
		}
		fmt.Println()
	}
	if b.compare != nil {
		fmt.Println(b.compare(figures))
	}
	return nil
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func rate(units int64, cpu time.Duration) string {
	if units == 0 || cpu == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f M", float64(units)/cpu.Seconds()/1e6)
}

func median[T cmp.Ordered](fs []figure, of func(figure) T) T {
	vs := make([]T, len(fs))
	for i, f := range fs {
		vs[i] = of(f)
	}
	slices.Sort(vs)
	return vs[len(vs)/2]
}

// inChild runs one case in a process of its own.
func inChild(name string, o *options) (figure, error) {
	self, err := os.Executable()
	if err != nil {
		return figure{}, err
	}
	cmd := exec.Command(self)
	opt := fmt.Sprintf("%s\x01%s\x01%d\x01%d\x01%d", o.dir, o.checkpoints, o.mib, o.rows, o.rate)
	cmd.Env = append(os.Environ(), childVariable+"="+name, "LEAT_BENCH_OPTIONS="+strings.ReplaceAll(opt, "\x01", "|"))
	cmd.Stderr = os.Stderr
	var out strings.Builder
	cmd.Stdout = &out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return figure{}, fmt.Errorf("%w: %s", err, out.String())
	}
	f := figure{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = int64(u.Maxrss) << 10
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f.outcome); err != nil {
		return figure{}, fmt.Errorf("child said %q: %w", out.String(), err)
	}
	if f.Error != "" {
		return figure{}, fmt.Errorf("%s", f.Error)
	}
	return f, nil
}

// child does the work of one case and prints its outcome. LEAT_BENCH_PROFILE names a file for a CPU profile.
func child(name string) {
	o := &options{}
	f := strings.Split(os.Getenv("LEAT_BENCH_OPTIONS"), "|")
	o.dir, o.checkpoints = f[0], f[1]
	fmt.Sscan(strings.Join(f[2:], " "), &o.mib, &o.rows, &o.rate)
	var r outcome
	if path := os.Getenv("LEAT_BENCH_PROFILE"); path != "" {
		if p, err := os.Create(path); err == nil {
			defer p.Close()
			if err := pprof.StartCPUProfile(p); err == nil {
				defer pprof.StopCPUProfile()
			}
		}
	}
	for _, b := range benchmarks {
		for _, c := range b.cases {
			if b.name+"/"+c.name == name {
				n, err := c.run(o)
				r.Units, r.Notes, r.PerSecond, r.CPUEach = n, notes, perSecond, cpuEach
				if err != nil {
					r.Error = err.Error()
				}
			}
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain data
	}
	fmt.Println(string(line))
}

// perSecond and cpuEach are those of outcome, and notes are further figures, of the case that this process runs.
var (
	perSecond, cpuEach float64
	notes              = map[string]string{}
)
