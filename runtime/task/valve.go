package task

import "github.com/leatproject/leat/shuffle"

// valve merges the watermarks and the idleness of an operator's channels: event time is the least of the channels that
// are neither idle nor ended (Flink's StatusWatermarkValve). When all are idle the output is idle.
type valve struct {
	channels []valveChannel
	out      int64 // last watermark given out
	idle     bool
}

type valveChannel struct {
	watermark   int64
	idle, ended bool
	stepped     bool // has ended the superstep
}

func newValve(channels int) *valve {
	v := &valve{channels: make([]valveChannel, channels), out: shuffle.MinWatermark}
	for i := range v.channels {
		v.channels[i].watermark = shuffle.MinWatermark
	}
	return v
}

// change is what follows from an element: event time has risen to watermark (advanced), the output has become idle or
// active.
type change struct {
	advanced  bool
	watermark int64
	idle      bool
	active    bool
}

func (v *valve) watermark(channel int, w int64) change {
	c := &v.channels[channel]
	if w > c.watermark {
		c.watermark = w
	}
	c.idle = false
	return v.merge()
}

func (v *valve) setIdle(channel int, idle bool) change {
	v.channels[channel].idle = idle
	return v.merge()
}

func (v *valve) end(channel int) change {
	v.channels[channel].ended = true
	return v.merge()
}

func (v *valve) merge() (ch change) {
	least, open, active := shuffle.MaxWatermark, false, false
	top, topOpen := shuffle.MinWatermark, shuffle.MinWatermark
	for i := range v.channels {
		c := &v.channels[i]
		top = max(top, c.watermark)
		if c.ended {
			continue
		}
		open = true
		topOpen = max(topOpen, c.watermark)
		if !c.idle {
			active = true
			least = min(least, c.watermark)
		}
	}
	switch {
	case !open:
		least = top
	case !active:
		// All that are open are idle: event time goes to where the foremost of them is, never to what an ended one said.
		if !v.idle {
			v.idle, ch.idle = true, true
		}
		least = topOpen
	case v.idle:
		v.idle, ch.active = false, true
	}
	if least > v.out {
		v.out, ch.advanced, ch.watermark = least, true, least
	}
	return ch
}

// superstep notes that the superstep has ended on a channel.
func (v *valve) superstep(channel int) { v.channels[channel].stepped = true }

// aligned tells whether the superstep has ended on all channels that are open, and at least on one; then the next begins.
// Channels of inputs from outside the iteration know no supersteps: the first one ends with them.
func (v *valve) aligned() bool {
	any := false
	for i := range v.channels {
		c := &v.channels[i]
		if !c.ended && !c.stepped {
			return false
		}
		any = any || !c.ended
	}
	if any {
		for i := range v.channels {
			v.channels[i].stepped = false
		}
	}
	return any
}
