package taskmanager

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/metrics"
)

// watchPeriod is how often workers are looked at.
const watchPeriod = time.Second

// watchWorkers ends workers that use too much memory or hang.
func (t *TaskManager) watchWorkers() {
	for t.sleep(t.ctx, watchPeriod) {
		t.call(func() {
			for _, w := range t.workers {
				t.checkMemory(w, metrics.ResidentMemory(w.pid()))
				t.checkSilence(w)
			}
		})
	}
}

// checkSilence ends a worker that does not even report metrics any more: one that was stopped, or starved by the machine.
func (t *TaskManager) checkSilence(w *supervised) {
	if silent := t.clock.Now().Sub(w.heard); !w.heard.IsZero() && silent >= t.opt.WorkerTimeout {
		w.kill(fmt.Sprintf("the worker of job %s has said nothing for %v: it hangs, or its machine is overloaded", w.job, silent.Round(time.Millisecond)))
	}
}
