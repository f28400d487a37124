package taskmanager

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/leatproject/leat/runtime/rpc"
)

// memoryPatience is for how many looks in a row a worker may use more than its slots have: its collector is given the time.
const memoryPatience = 3

// memoryOf is what a number of slots may use in bytes; 0 is unlimited.
func (t *TaskManager) memoryOf(slots int) int64 { return int64(slots) * t.opt.SlotMemory }

// limitMemory tells workers how much the slots have that they hold now.
func (t *TaskManager) limitMemory() {
	if t.opt.SlotMemory <= 0 {
		return
	}
	type held struct {
		w    *supervised
		slot int32
	}
	slots, count := map[held]bool{}, map[*supervised]int{}
	for _, a := range t.tasks {
		if h := (held{a.worker, a.slot}); a.worker != nil && a.live() && !slots[h] {
			slots[h] = true
			count[a.worker]++
		}
	}
	for _, w := range t.workers {
		if limit := t.memoryOf(max(1, count[w])); limit != w.limit {
			w.limit = limit
			w.send(&rpc.ToWorker{Message: &rpc.ToWorker_MemoryLimit{MemoryLimit: limit}})
		}
	}
}

// checkMemory ends a worker that uses more than its slots have, before the machine ends something else.
func (t *TaskManager) checkMemory(w *supervised, used int64) {
	if w.limit <= 0 || used <= w.limit {
		w.excess = 0
		return
	}
	if w.excess++; w.excess >= memoryPatience {
		w.kill(fmt.Sprintf("the worker of job %s used %d MiB of memory, its slots have %d MiB: raise taskmanager.memory.process.size, or lower "+
			"taskmanager.numberOfTaskSlots or the job's memory", w.job, used>>20, w.limit>>20))
	}
}

// memoryUsed is the resident memory of a process in bytes; 0 if that is not known.
func memoryUsed(pid int) int64 {
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
