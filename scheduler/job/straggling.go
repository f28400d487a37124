package job

import (
	"slices"

	"github.com/leatproject/leat/runtime/config"
)

// Speculation says when a second attempt of a slow sub-task of a bounded job begins beside the first, as Flink's detector by
// execution time does.
type Speculation struct {
	// Interval is how often slow sub-tasks are looked for; 0 for never.
	Interval Time
	// Ratio of a vertex's sub-tasks, in thousandths, must have finished. A sub-task is slow when it has run for longer than
	// Multiplier, in thousandths, times their median, and than LowerBound.
	Ratio, Multiplier int64
	LowerBound        Time
}

// SpeculationOf reads the keys execution.batch.speculative.* and slow-task-detector.*, which are Flink's.
func SpeculationOf(conf *config.Configuration) Speculation {
	if !config.Get(conf, config.Speculative) || config.Get(conf, config.SpeculativeAttempts) < 2 {
		return Speculation{}
	}
	return Speculation{Interval: max(1, millis(config.Get(conf, config.SlowTaskInterval))), LowerBound: millis(config.Get(conf, config.SlowTaskLowerBound)),
		Ratio: thousandths(config.Get(conf, config.SlowTaskRatio)), Multiplier: thousandths(config.Get(conf, config.SlowTaskMultiplier))}
}

func (s *Speculation) fields(c *codec) {
	num(c, &s.Interval)
	num(c, &s.Ratio)
	num(c, &s.Multiplier)
	num(c, &s.LowerBound)
}

// stragglers gives second attempts to slow sub-tasks, in free slots of TaskManagers on which none of the job's is slow, unless
// somebody waits for slots.
func (d *decision) stragglers(j *Job) {
	if !due(d.timers(j).slow, d.now) {
		return
	}
	for _, other := range d.s.jobs.all {
		if other.Waiting.Needed > 0 {
			return
		}
	}
	var slow []Task
	avoid := map[TM]bool{}
	for v := range j.Vertices {
		for _, i := range j.slow(v, d.now) {
			slow = append(slow, Task{j.ID, v, i})
			avoid[j.Vertices[v].Subtasks[i].TM] = true
		}
	}
	for _, x := range slow {
		if !j.Vertices[x.Vertex].Subtasks[x.Subtask].overtakeable() {
			continue
		}
		slot, ok := d.place(j).pool.spread(avoid)
		if !ok {
			return
		}
		d.add(&RivalDeployed{j.ID, x.Vertex, x.Subtask, slot})
	}
}

// slow returns the sub-tasks of a vertex that take much longer than those that have finished.
func (j *Job) slow(v int, now Time) (all []int) {
	x := &j.Vertices[v]
	s := &j.Settings.Speculation
	baseline := (len(x.Subtasks)*int(s.Ratio) + 500) / 1000
	if !j.Plan.rivals(v) || int(x.count[TaskFinished]) < max(baseline, 1) || x.finished() {
		return nil
	}
	var times []Time
	for i := range x.Subtasks {
		if t := &x.Subtasks[i]; t.State == TaskFinished {
			times = append(times, t.Times[TaskFinished]-t.Times[TaskDeploying])
		}
	}
	slices.Sort(times)
	median := times[max(baseline, 1)/2]
	limit := max(s.LowerBound, median*Time(s.Multiplier)/1000)
	for i := range x.Subtasks {
		if t := &x.Subtasks[i]; t.State.Live() && t.State != TaskCanceling && now-t.Times[TaskDeploying] >= limit {
			all = append(all, i)
		}
	}
	return all
}

// speculates tells whether slow sub-tasks of the job are to be looked for.
func (j *Job) speculates() bool {
	return j.Settings.Speculation.Interval > 0 && !j.Settings.Streaming && j.State == Running && j.live() > 0
}

// watch has slow sub-tasks looked for again after an interval.
func (o *Observations) watch(s *State, now Time) {
	for id, t := range o.timers.all {
		if j, ok := s.jobs.get(id); ok && due(t.slow, now) {
			t.slow = now + j.Settings.Speculation.Interval
		}
	}
}
