package taskmanager

import (
	"fmt"

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
