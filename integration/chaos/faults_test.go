package chaos

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"time"
)

// fault is something that goes wrong. It says what, and returns when it is over.
type fault struct {
	name   string
	weight int
	do     func(c *cluster, rng *rand.Rand) string
}

// processFaults are those of the processes of a cluster.
var processFaults = []fault{
	{"kill a worker", 4, func(c *cluster, rng *rand.Rand) string { return c.signalWorker(rng, syscall.SIGKILL, 0) }},
	{"stop a worker", 2, func(c *cluster, rng *rand.Rand) string {
		return c.signalWorker(rng, syscall.SIGSTOP, span(rng, 4*time.Second))
	}},
	{"kill a TaskManager", 4, func(c *cluster, rng *rand.Rand) string {
		return pick(rng, c.taskManagers).restart(span(rng, 3*time.Second))
	}},
	{"stop a TaskManager", 2, func(c *cluster, rng *rand.Rand) string {
		return pick(rng, c.taskManagers).pause(span(rng, 8*time.Second))
	}},
	{"kill a JobManager", 2, func(c *cluster, rng *rand.Rand) string {
		return pick(rng, c.jobManagers).restart(span(rng, 3*time.Second))
	}},
	{"kill the leader", 3, func(c *cluster, rng *rand.Rand) string { return c.leader().restart(span(rng, 3*time.Second)) }},
	{"stop the leader", 2, func(c *cluster, rng *rand.Rand) string { return c.leader().pause(span(rng, 8*time.Second)) }},
	{"kill two JobManagers", 1, func(c *cluster, rng *rand.Rand) string {
		i := rng.IntN(3)
		a, b := c.jobManagers[i], c.jobManagers[(i+1)%3]
		a.Kill()
		return b.restart(span(rng, 2*time.Second)) + " and " + a.restart(0)
	}},
	{"kill the leader and a TaskManager", 2, func(c *cluster, rng *rand.Rand) string {
		t := pick(rng, c.taskManagers)
		t.Kill()
		return c.leader().restart(span(rng, time.Second)) + " and " + t.restart(span(rng, time.Second))
	}},
	{"rescale", 3, func(c *cluster, rng *rand.Rand) string {
		said, _ := c.rescale(1+rng.IntN(6), *rate)
		return said
	}},
}

func pick[T any](rng *rand.Rand, all []T) T { return all[rng.IntN(len(all))] }

// span is a time of up to a little more than longest, a short one more often.
func span(rng *rand.Rand, longest time.Duration) time.Duration {
	x := rng.Float64()
	return 50*time.Millisecond + time.Duration(x*x*float64(longest)).Round(time.Millisecond)
}

// draw draws a fault by its weight.
func draw(rng *rand.Rand, faults []fault) fault {
	var urn []fault
	for _, f := range faults {
		for range f.weight {
			urn = append(urn, f)
		}
	}
	return pick(rng, urn)
}

// signalWorker signals a worker of a TaskManager that has one; one that is stopped goes on after a time.
func (c *cluster) signalWorker(rng *rand.Rand, s syscall.Signal, after time.Duration) string {
	for _, i := range rng.Perm(len(c.taskManagers)) {
		h := c.taskManagers[i]
		for _, pid := range h.Children() {
			_ = syscall.Kill(pid, s) // it may have ended
			if s == syscall.SIGSTOP {
				time.Sleep(after)
				_ = syscall.Kill(pid, syscall.SIGCONT)
			}
			return fmt.Sprintf("worker %d of %s, %v", pid, h.Name, after)
		}
	}
	return "nobody has one"
}

// restart kills a process, if it lives, and starts it again after a time.
func (h *host) restart(after time.Duration) string {
	h.Kill()
	time.Sleep(after)
	h.Start()
	return fmt.Sprintf("%s, %v", h.Name, after)
}

// pause stops a process for a time.
func (h *host) pause(after time.Duration) string {
	h.Signal(syscall.SIGSTOP)
	time.Sleep(after)
	h.Signal(syscall.SIGCONT)
	return fmt.Sprintf("%s, %v", h.Name, after)
}

// networkFaults are those of the network, if there is one. Whoever is cut off goes on, and reaches Kafka and HDFS.
func (c *cluster) networkFaults() []fault {
	if c.network == nil {
		return nil
	}
	return []fault{
		{"cut a TaskManager off", 3, func(c *cluster, rng *rand.Rand) string {
			return c.cutOff(pick(rng, c.taskManagers), span(rng, 8*time.Second))
		}},
		{"cut the leader off", 2, func(c *cluster, rng *rand.Rand) string { return c.cutOff(c.leader(), span(rng, 8*time.Second)) }},
		{"cut a JobManager off", 1, func(c *cluster, rng *rand.Rand) string {
			return c.cutOff(pick(rng, c.jobManagers), span(rng, 8*time.Second))
		}},
	}
}

// cutOff takes a host off the network for a time.
func (c *cluster) cutOff(h *host, after time.Duration) string {
	c.network.Cut(h.number, true)
	time.Sleep(after)
	c.network.Cut(h.number, false)
	return fmt.Sprintf("%s, %v", h.Name, after)
}

// diskFaults are those of the disks, if there are some.
func (c *cluster) diskFaults() []fault {
	if len(c.disks) == 0 {
		return nil
	}
	return []fault{{"fill a disk", 4, func(c *cluster, rng *rand.Rand) string {
		d, after := pick(rng, c.disks), span(rng, 6*time.Second)
		d.Fill(c.t)
		time.Sleep(after)
		d.Empty(c.t)
		return fmt.Sprintf("%s, %v", filepath.Base(d.Dir), after)
	}}}
}
