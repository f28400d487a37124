package operator

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/column"
)

// windowContents is Flink's name of the state that holds what is in windows.
const windowContents = "window-contents"

// paneRow is a pane as it is saved: all that there is of one window of a key.
type paneRow[T, A any] struct {
	Start, End int64
	Full       bool
	Contents   A
	Timers     []paneTimer
	Numbers    []paneNumber
	Record     *T
	User       []byte
}

// save makes the panes a section of the keyed state.
func (w *Window[T, K, A, O]) save() error {
	w.sizeOf = func(*T) int { return 0 }
	if !w.ctx.States.On && !w.states.Spills() || w.ctx.Mode == Batch {
		return nil
	}
	codec, err := column.CodecOf[A]()
	if err != nil {
		return fmt.Errorf("the contents of windows cannot be saved in checkpoints: %w", err)
	}
	clone := codec.Clone
	if PlainAccumulator[A]() {
		clone = func(acc A) A { return acc }
	}
	if w.states.Spills() {
		if err := w.spill(codec); err != nil {
			return err
		}
	}
	w.saved, err = state.NewSaved(w.states, windowContents, "window", state.Rows[paneRow[T, A]]{
		SlotOf:    func(id uint32) uint32 { return w.panes.at(id).key },
		Row:       func(id uint32) paneRow[T, A] { return w.row(id, clone) },
		Numbers:   func(key uint32, dst []uint32) []uint32 { return append(dst, *w.windows.At(key)...) },
		EachHolds: true,
		Put: func(key uint32, row *paneRow[T, A]) uint32 {
			id := w.obtain(key, window.Window{Start: row.Start, End: row.End})
			w.restore(id, row, clone)
			if w.states.Spills() && codec.HasPointers() {
				w.weigh(w.panes.at(id), codec.Size(&row.Contents)-w.panes.at(id).weight)
			}
			return id
		},
		Remove: func(key uint32, row *paneRow[T, A]) {
			ids := *w.windows.At(key)
			if i, found := w.panes.search(ids, window.Window{Start: row.Start, End: row.End}); found {
				w.free(ids[i])
			}
		},
		Name: func(id uint32) paneRow[T, A] {
			win := w.panes.at(id).window
			return paneRow[T, A]{Start: win.Start, End: win.End}
		},
	})
	if err != nil {
		return fmt.Errorf("windows cannot be saved in checkpoints: %w", err)
	}
	if err := saveWatermark(w.ctx, &w.fctx.watermark); err != nil {
		return err
	}
	return w.ctx.States.AddKeyed(keyedStateName, w.backend)
}

// spill prepares for keys that are put away with their panes.
func (w *Window[T, K, A, O]) spill(contents *column.Codec[A]) error {
	w.event.sleep(func(key uint32) (int64, bool) { return w.firstTimer(key, true) })
	w.tick.sleep(func(key uint32) (int64, bool) { return w.firstTimer(key, false) })
	records, err := column.CodecOf[T]()
	if err == nil && contents.HasPointers() {
		w.sizeOf = records.Size
	}
	return err
}

// firstTimer is the earliest time of a key's timers.
func (w *Window[T, K, A, O]) firstTimer(key uint32, event bool) (first int64, ok bool) {
	for _, id := range *w.windows.At(key) {
		for _, t := range w.panes.at(id).state.timers {
			if t.Event == event && (!ok || t.Time < first) {
				first, ok = t.Time, true
			}
		}
	}
	return first, ok
}

// weigh notes that a pane's accumulator refers to n bytes more.
func (w *Window[T, K, A, O]) weigh(p *pane[A], n int) {
	if n != 0 {
		p.weight += n
		w.states.Weigh(n)
	}
}

func (w *Window[T, K, A, O]) row(id uint32, clone func(A) A) paneRow[T, A] {
	p := w.panes.at(id)
	row := paneRow[T, A]{Start: p.window.Start, End: p.window.End, Full: p.full, Contents: clone(p.acc),
		Timers: slices.Clone(p.state.timers), Numbers: slices.Clone(p.state.numbers)}
	if r, ok := p.state.record.(*T); ok {
		row.Record = r // never changed, only replaced
	}
	if u, ok := p.state.user.(savedWindowState); ok {
		row.User = u.encoded()
	}
	return row
}

// obtain finds or makes the pane of a window, late or not.
func (w *Window[T, K, A, O]) obtain(key uint32, win window.Window) uint32 {
	ids := w.windows.At(key)
	i, found := w.panes.search(*ids, win)
	if !found {
		*ids = slices.Insert(*ids, i, w.newPane(key, win))
	}
	return (*ids)[i]
}

// restore makes a pane what a row says.
func (w *Window[T, K, A, O]) restore(id uint32, row *paneRow[T, A], clone func(A) A) {
	p := w.panes.at(id)
	for len(p.state.timers) > 0 {
		w.deleteTimer(id, p.state.timers[0])
	}
	p.full, p.acc = row.Full, clone(row.Contents)
	p.state.numbers = slices.Clone(row.Numbers)
	p.state.record, p.state.user = nil, nil
	if row.Record != nil {
		p.state.record = row.Record
	}
	if row.User != nil {
		p.state.user = restoredWindowState(row.User)
	}
	for _, t := range row.Timers {
		w.setTimer(id, t)
	}
}

// touch is called before a pane changes, once in each call of the operator at least.
func (w *Window[T, K, A, O]) touch(id uint32) {
	if w.saved != nil {
		w.saved.Touch(id)
	}
}

// rename changes the window of a pane, by which it is saved.
func (w *Window[T, K, A, O]) rename(id uint32, to window.Window) {
	if w.saved != nil {
		w.saved.Release(id)
		w.saved.Touch(id)
	}
	w.panes.at(id).window = to
}

// savedWindowState is what a function keeps for a window, see WindowState.
type savedWindowState interface{ encoded() []byte }

// windowState is a savedWindowState in use; codec is nil where nothing is saved.
type windowState[S any] struct {
	v     S
	codec *column.Codec[S]
}

func (s *windowState[S]) encoded() []byte { return s.codec.AppendBatch(nil, []S{s.v}) }

// restoredWindowState is one that the function has not asked for again yet.
type restoredWindowState []byte

func (s restoredWindowState) encoded() []byte { return s }

// windowStateOf finds or makes the state of a window. Types that cannot be saved, or are not what was saved, are a mistake of
// the program, which the task makes an error of.
func windowStateOf[S any](holder *any, save bool) *S {
	s, ok := (*holder).(*windowState[S])
	if ok {
		return &s.v
	}
	s = new(windowState[S])
	if save {
		var err error
		if s.codec, err = column.CodecOf[S](); err != nil {
			panic(fmt.Errorf("the state of a window cannot be saved in checkpoints: %w", err))
		}
		if old, ok := (*holder).(restoredWindowState); ok {
			rows, err := s.codec.DecodeBatch(old, nil)
			if err != nil || len(rows) != 1 {
				panic(fmt.Errorf("the state of a window in the checkpoint is not of type %T: %w", s.v, err))
			}
			s.v = rows[0]
		}
	}
	*holder = s
	return &s.v
}
