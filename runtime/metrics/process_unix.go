//go:build unix

package metrics

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"syscall"

	"github.com/leatproject/leat/runtime/rpc"
)

// measureSystem adds what the operating system knows of this process. What it does not tell stays 0.
func measureSystem(p *rpc.ProcessMetrics) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		p.Cpu = usage.Utime.Nano() + usage.Stime.Nano()
	}
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		p.MaxFiles = int32(min(files.Cur, math.MaxInt32))
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.OpenFiles = int32(len(open))
	}
	p.Memory = ResidentMemory(os.Getpid())
}

// ResidentMemory is the memory of a process in bytes; 0 if that is not known.
func ResidentMemory(pid int) int64 {
	if pid == 0 {
		return 0
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
