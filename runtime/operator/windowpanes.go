package operator

import (
	"slices"
	"unsafe"

	"github.com/leatproject/leat/runtime/window"
)

const (
	paneBits  = 8
	paneChunk = 1 << paneBits
)

// pane is one window of one key.
type pane[A any] struct {
	key    uint32 // slot
	window window.Window
	acc    A
	full   bool // acc has contents
	weight int  // bytes that acc refers to, about
	state  paneState
}

func (p *pane[A]) purge() {
	var zero A
	p.full, p.acc = false, zero
}

// paneState is what of a pane does not depend on its accumulator.
type paneState struct {
	timers  []paneTimer
	numbers []paneNumber
	record  any // the trigger's, a *T
	user    any // of the function, a savedWindowState
}

type paneTimer struct {
	Time  int64
	Event bool
}

type paneNumber struct {
	Name  string
	Value int64
}

func (s *paneState) empty() bool {
	return len(s.timers) == 0 && len(s.numbers) == 0 && s.record == nil && s.user == nil
}

func (s *paneState) number(name string) int {
	return slices.IndexFunc(s.numbers, func(n paneNumber) bool { return n.Name == name })
}

func (s *paneState) setNumber(name string, value int64) {
	if i := s.number(name); i >= 0 {
		s.numbers[i].Value = value
		return
	}
	s.numbers = append(s.numbers, paneNumber{name, value})
}

func (s *paneState) clearNumber(name string) {
	if i := s.number(name); i >= 0 {
		s.numbers = slices.Delete(s.numbers, i, i+1)
	}
}

// takeTimer removes a timer and tells whether it was there.
func (s *paneState) takeTimer(t paneTimer) bool {
	i := slices.Index(s.timers, t)
	if i < 0 {
		return false
	}
	s.timers = slices.Delete(s.timers, i, i+1)
	return true
}

// panes numbers panes; they are never moved, and their memory is used again.
type panes[A any] struct {
	chunks []*[paneChunk]pane[A]
	free   []uint32
	next   uint32
}

func (p *panes[A]) at(id uint32) *pane[A] { return &p.chunks[id>>paneBits][id&(paneChunk-1)] }

func (p *panes[A]) add(key uint32, w window.Window) uint32 {
	id := p.next
	if n := len(p.free); n > 0 {
		id = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		if int(id>>paneBits) == len(p.chunks) {
			p.chunks = append(p.chunks, new([paneChunk]pane[A]))
		}
		p.next++
	}
	x := p.at(id)
	x.key, x.window = key, w
	return id
}

func (p *panes[A]) remove(id uint32) {
	x := p.at(id)
	*x = pane[A]{state: paneState{timers: x.state.timers[:0], numbers: x.state.numbers[:0]}}
	p.free = append(p.free, id)
}

// bytes is the memory of panes, without what accumulators refer to.
func (p *panes[A]) bytes() int64 {
	var x pane[A]
	return int64(len(p.chunks)) * paneChunk * int64(unsafe.Sizeof(x)+paneExtra)
}

// paneExtra is about what a pane has in slices.
const paneExtra = 48

// search returns the place in ids, which are sorted by window, where w is or belongs.
func (p *panes[A]) search(ids []uint32, w window.Window) (int, bool) {
	if n := len(ids); n == 0 || p.at(ids[n-1]).window.Less(w) {
		return n, false // most records belong to the newest window
	}
	return slices.BinarySearchFunc(ids, w, func(id uint32, w window.Window) int {
		x := p.at(id).window
		switch {
		case x == w:
			return 0
		case x.Less(w):
			return -1
		}
		return 1
	})
}
