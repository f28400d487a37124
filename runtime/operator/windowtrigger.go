package operator

// triggerContext implements window.MergeContext for one pane at a time.
type triggerContext[T any, K comparable, A, O any] struct {
	op     *Window[T, K, A, O]
	pane   uint32
	merged []uint32 // what pane was made of
}

func (c *triggerContext[T, K, A, O]) state() *paneState { return &c.op.panes.at(c.pane).state }

// Watermark implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) Watermark() int64 { return c.op.fctx.watermark }

// ProcessingTime implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) ProcessingTime() int64 { return c.op.now }

// RegisterEventTimeTimer implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) RegisterEventTimeTimer(time int64) {
	c.op.setTimer(c.pane, paneTimer{time, true})
}

// RegisterProcessingTimeTimer implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) RegisterProcessingTimeTimer(time int64) {
	c.op.setTimer(c.pane, paneTimer{time, false})
}

// DeleteEventTimeTimer implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) DeleteEventTimeTimer(time int64) {
	c.op.deleteTimer(c.pane, paneTimer{time, true})
}

// DeleteProcessingTimeTimer implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) DeleteProcessingTimeTimer(time int64) {
	c.op.deleteTimer(c.pane, paneTimer{time, false})
}

// Number implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) Number(name string) (int64, bool) {
	s := c.state()
	i := s.number(name)
	if i < 0 {
		return 0, false
	}
	return s.numbers[i].Value, true
}

// SetNumber implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) SetNumber(name string, n int64) { c.state().setNumber(name, n) }

// ClearNumber implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) ClearNumber(name string) { c.state().clearNumber(name) }

// Record implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) Record() any { return c.state().record }

// SetRecord implements window.TriggerContext.
func (c *triggerContext[T, K, A, O]) SetRecord(record any) {
	s := c.state()
	if record == nil {
		s.record = nil
		return
	}
	v := *record.(*T)
	s.record = &v
}

// MergeNumber implements window.MergeContext.
func (c *triggerContext[T, K, A, O]) MergeNumber(name string, combine func(a, b int64) int64) {
	to := c.state()
	for _, id := range c.merged {
		from := &c.op.panes.at(id).state
		i := from.number(name)
		if i < 0 {
			continue
		}
		n := from.numbers[i].Value
		if have, ok := c.Number(name); ok {
			n = combine(have, n)
		}
		to.setNumber(name, n)
	}
}
