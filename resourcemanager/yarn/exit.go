package yarn

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// Exit statuses that YARN gives itself; others are those of the process.
const (
	exitNotStarted    = -1000
	exitAborted       = -100
	exitDisksFailed   = -101
	exitPreempted     = -102
	exitVirtualMemory = -103
	exitMemory        = -104
	exitByMaster      = -105
	exitByRM          = -106
	exitOver          = -107
	exitByNodeManager = -108
	exitLogSize       = -109
)

var (
	memoryUsage = regexp.MustCompile(`Current usage: ([0-9.]+) ?([KMGT]?B) of ([0-9.]+) ?([KMGT]?B) physical memory used; ([0-9.]+) ?([KMGT]?B) of ([0-9.]+) ?([KMGT]?B) virtual memory used`)
	stderrBegin = regexp.MustCompile(`(?m)^Last \d+ bytes of stderr ?:[^\S\n]*\n`)
	entryBegin  = regexp.MustCompile(`(?m)^\[\d{4}-\d\d-\d\d [^\]]*\]`)
	goFailure   = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: )`)
)

// Explain says why a container has ended, with what to change: memoryKey is what its memory is configured by.
func Explain(s *wire.ContainerStatus, host, memoryKey string) string {
	diagnostics := s.GetDiagnostics()
	switch code := s.GetExitStatus(); code {
	case exitMemory:
		return fmt.Sprintf("container killed by YARN for memory%s; raise %s", usage(diagnostics, 1), memoryKey)
	case exitVirtualMemory:
		return fmt.Sprintf("container killed by YARN for virtual memory%s: each process of Go maps about 1.2 GB beside what it uses; raise %s, to 2304 mb or more, "+
			"or have yarn.nodemanager.vmem-check-enabled set to false", usage(diagnostics, 5), memoryKey)
	case exitPreempted:
		return "container was preempted: YARN has given its room on " + host + " to another queue or application"
	case exitAborted:
		if strings.Contains(strings.ToLower(diagnostics), "lost") {
			return "node " + host + " was lost"
		}
		return "container on " + host + " was taken back by YARN" + detail(diagnostics)
	case exitDisksFailed:
		return "container could not run: the disks of node " + host + " have failed" + detail(diagnostics)
	case exitByMaster, exitByRM, exitOver, exitByNodeManager:
		by := map[int32]string{exitByMaster: "its ApplicationMaster", exitByRM: "the ResourceManager", exitOver: "YARN, for the application is over",
			exitByNodeManager: "the NodeManager, to make room for guaranteed containers"}[code]
		return "container on " + host + " was killed by " + by + detail(diagnostics)
	case exitLogSize:
		return "container killed by YARN for the size of its log files; see yarn.nodemanager.container-log-monitor.total-size-limit-bytes" + detail(diagnostics)
	case exitNotStarted:
		return "container could not be started on " + host + detail(diagnostics)
	default:
		return process(code, host) + output(diagnostics)
	}
}

// process is the end of a process, by its exit code.
func process(code int32, host string) string {
	switch code {
	case 0:
		return "worker on " + host + " has ended by itself"
	case 126:
		return "worker could not be executed on " + host + ": it was built for another kind of machine, or yarn.nodemanager.local-dirs is mounted noexec"
	case 127:
		return "worker could not be executed on " + host + ": there is no such program"
	case 128 + 9:
		return "worker on " + host + " was killed (SIGKILL), by the operating system for lack of memory or by somebody"
	case 128 + 15:
		return "worker on " + host + " was terminated (SIGTERM)"
	}
	return fmt.Sprintf("worker on %s has ended with exit code %d", host, code)
}

// usage is ": 2.1 of 2.0 GB", from the n-th group of memoryUsage on, or nothing.
func usage(diagnostics string, n int) string {
	m := memoryUsage.FindStringSubmatch(diagnostics)
	if m == nil {
		return ""
	}
	if m[n+1] == m[n+3] {
		return fmt.Sprintf(": %s of %s %s", m[n], m[n+2], m[n+3])
	}
	return fmt.Sprintf(": %s %s of %s %s", m[n], m[n+1], m[n+2], m[n+3])
}

const longest = 600

// detail is the first line that says something.
func detail(diagnostics string) string {
	for line := range strings.Lines(entryBegin.ReplaceAllString(diagnostics, "")) {
		if line = strings.TrimSpace(line); line != "" && line != "N/A" {
			return ": " + shorten(line)
		}
	}
	return ""
}

// output is the end of the process's standard error, from where a Go program began to fail if that can be seen.
func output(diagnostics string) string {
	at := stderrBegin.FindStringIndex(diagnostics)
	if at == nil {
		return ""
	}
	text := diagnostics[at[1]:]
	if end := entryBegin.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	text = strings.TrimSpace(text)
	if fails := goFailure.FindStringIndex(text); fails != nil {
		text = text[fails[0]:]
	} else if lines := strings.Split(text, "\n"); len(lines) > 5 {
		text = strings.Join(lines[len(lines)-5:], "\n")
	}
	if text == "" {
		return ""
	}
	return ":\n" + shorten(text)
}

func shorten(text string) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + " ..."
}
