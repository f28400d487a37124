package window

import "fmt"

// Aligned describes windows of one size that begin at Offset plus each multiple of Slide, and how they are cut into slices:
// spans that belong to the same windows throughout, so that a record is added to one slice only and a window's result is
// made of its slices.
//
//	Size 10, Slide 4: slices of 2; [0,10) = [0,2)+[2,4)+[4,6)+[6,8)+[8,10)
//
// Cumulative windows (SQL's CUMULATE) all begin at a multiple of Size and end after 1, 2, ... slices of Slide.
type Aligned struct {
	Size, Slide, Offset int64
	Cumulative          bool
}

// Validate implements Validator.
func (a Aligned) Validate() error {
	switch {
	case a.Size <= 0 || a.Slide <= 0:
		return fmt.Errorf("windows with a size of %d ms and a slide of %d ms: both must be at least 1 ms", a.Size, a.Slide)
	case a.Offset >= a.period() || a.Offset <= -a.period():
		return fmt.Errorf("windows with an offset of %d ms: it must be less than %d ms", a.Offset, a.period())
	case a.Cumulative && a.Size%a.Slide != 0:
		return fmt.Errorf("cumulative windows with a size of %d ms and a step of %d ms: the size must be a multiple of the step", a.Size, a.Slide)
	}
	return nil
}

// period is the distance between window starts.
func (a Aligned) period() int64 {
	if a.Cumulative {
		return a.Size
	}
	return a.Slide
}

// Width is the length of a slice: the greatest one that divides size and slide.
func (a Aligned) Width() int64 {
	x, y := a.Size, a.Slide
	for y != 0 {
		x, y = y, x%y
	}
	return x
}

// Slice is the start of the slice that holds timestamp.
func (a Aligned) Slice(timestamp int64) int64 { return StartOf(timestamp, a.Offset, a.Width()) }

// First is the first window, by end, that holds a slice or a timestamp of it.
func (a Aligned) First(slice int64) Window {
	if a.Cumulative {
		start := StartOf(slice, a.Offset, a.Size)
		return Window{start, StartOf(slice, a.Offset, a.Slide) + a.Slide}
	}
	start := StartOf(slice, a.Offset, a.Slide)
	start -= (start + a.Size - 1 - slice) / a.Slide * a.Slide
	return Window{start, start + a.Size}
}

// Next is the window that ends next after w.
func (a Aligned) Next(w Window) Window {
	switch {
	case !a.Cumulative:
		return Window{w.Start + a.Slide, w.End + a.Slide}
	case w.End-w.Start < a.Size:
		return Window{w.Start, w.End + a.Slide}
	}
	return Window{w.End, w.End + a.Slide}
}

// Previous is the window that ends before w.
func (a Aligned) Previous(w Window) Window {
	switch {
	case !a.Cumulative:
		return Window{w.Start - a.Slide, w.End - a.Slide}
	case w.End-w.Start > a.Slide:
		return Window{w.Start, w.End - a.Slide}
	}
	return Window{w.Start - a.Size, w.Start}
}

// Last is the last window, by end, that holds a slice.
func (a Aligned) Last(slice int64) Window {
	start := StartOf(slice, a.Offset, a.period())
	return Window{start, start + a.Size}
}
