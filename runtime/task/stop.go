package task

import "github.com/leatproject/leat/shuffle"

// stop is a checkpoint after whose barrier a source emits nothing more. It belongs to the task.
type stop struct {
	id    uint64 // 0 for none
	drain bool   // event time is still to be moved to its end
}

// Stop is Trigger for the savepoint that is to be a job's last one: a source emits nothing after its barrier, until Abandon. With
// drain its watermark goes to the end of event time before, which cannot be taken back. Any goroutine may call it.
func (t *Task) Stop(id uint64, drain bool) {
	t.post(func() {
		if id > t.begun {
			t.stop = stop{id, drain}
			t.triggered = max(t.triggered, markOf(id, true))
		}
	})
}

// drain ends event time if that is wanted before the next barrier.
func (t *Task) drain() bool {
	if !t.stop.drain || t.triggered.id() != t.stop.id {
		return false
	}
	t.stop.drain = false
	t.nodes[0].signal(shuffle.Element{Kind: shuffle.Watermark, Time: shuffle.MaxWatermark})
	return true
}

// stopped tells whether a source is to emit nothing more.
func (t *Task) stopped() bool { return t.stop.id != 0 && t.begun >= t.stop.id }

// resume lets a source go on if the checkpoint that it stopped for was given up.
func (t *Task) resume(id uint64) {
	if t.stop.id != 0 && t.stop.id <= id {
		t.stop = stop{}
	}
}
