package datastream

import "github.com/leatproject/leat/runtime/window"

// CountWindow puts each n records of a key into a window.
func CountWindow[T any, K comparable](s *KeyedStream[T, K], n int64) *WindowedStream[T, K] {
	return Window(s, GlobalWindows()).Trigger(PurgingTrigger(CountTrigger(n)))
}

// CountWindowSlide has a window of the last n records of a key fire after each slide records.
func CountWindowSlide[T any, K comparable](s *KeyedStream[T, K], n, slide int64) *WindowedStream[T, K] {
	return Window(s, GlobalWindows()).Evictor(window.CountEvictor(int(n))).Trigger(CountTrigger(slide))
}

// CountWindowAll is CountWindow for a stream without keys, by one sub-task.
func CountWindowAll[T any](s *Stream[T], n int64) *WindowedStream[T, NoKey] {
	return WindowAll(s, GlobalWindows()).Trigger(PurgingTrigger(CountTrigger(n)))
}

// CountWindowAllSlide is CountWindowSlide for a stream without keys, by one sub-task.
func CountWindowAllSlide[T any](s *Stream[T], n, slide int64) *WindowedStream[T, NoKey] {
	return WindowAll(s, GlobalWindows()).Evictor(window.CountEvictor(int(n))).Trigger(CountTrigger(slide))
}
