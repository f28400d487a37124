package operator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
	"github.com/leatproject/leat/runtime/window"
)

func init() {
	state.RegisterStore("memory", func(state.StoreOptions) (state.Store, error) { return statetest.NewMemoryStore(), nil })
}

// TestSpilled: operators whose keys are put away as soon as they can be, with timers and all, say what they say with everything in
// memory, of each time in any order.
func TestSpilled(t *testing.T) {
	operators := map[string]func() (op Operator, inputs int){
		"process": func() (Operator, int) {
			s := &script{words: []string{"toggle", "processing", "value", "list"}}
			return &KeyedProcess[row, string, string]{Keys: rowKeys(), Function: s}, 1
		},
		"sessions": func() (Operator, int) {
			return spilledWindow(window.Session(10*time.Millisecond, true), window.ContinuousEventTime(7*time.Millisecond), 5), 1
		},
		"lazy sessions": func() (Operator, int) {
			return spilledWindow(window.Session(10*time.Millisecond, true), window.EventTimeTrigger{}, 0), 1
		},
		"tumbling": func() (Operator, int) {
			return &AlignedWindow[row, string, []row, string]{Keys: rowKeys(), Windows: window.Aligned{Size: 10, Slide: 10}, Lateness: 15, Fold: Collect[row](),
				Emit: func(ctx *WindowContext, key string, acc *[]row, out *Collector[string]) error {
					out.Collect(fmt.Sprint(key, ctx.Window(), *acc))
					return nil
				}}, 1
		},
		"processing time": func() (Operator, int) {
			return spilledWindow(window.Session(10*time.Millisecond, false), window.ProcessingTimeTrigger{}, 0), 1
		},
		"count": func() (Operator, int) {
			return spilledWindow(window.GlobalWindows{}, window.PurgingTrigger{Trigger: window.CountTrigger{Count: 3}}, 0), 1
		},
		"interval join": func() (Operator, int) {
			return &IntervalJoin[row, row, string, string]{Keys1: rowKeys(), Keys2: rowKeys(), Lower: -10, Upper: 15,
				Function: ProcessJoinFunc[row, row, string](func(_ *JoinContext, l, r row, out *Collector[string]) error {
					out.Collect(fmt.Sprint(l, r))
					return nil
				})}, 2
		},
	}
	for name, make := range operators {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				op, inputs := make()
				lines := drawScript(r, inputs)
				want := runSpilled(t, op, inputs, lines, "")
				op, _ = make()
				require.Equal(r, want, runSpilled(t, op, inputs, lines, "memory"))
			})
		})
	}
}

// spilledWindow keeps the records of windows and says which there are.
func spilledWindow(a window.Assigner, trigger window.Trigger, lateness int64) Operator {
	return &Window[row, string, []row, string]{Keys: rowKeys(), Assigner: a, Trigger: trigger, Lateness: lateness, Fold: Collect[row](),
		Emit: func(ctx *WindowContext, key string, acc *[]row, out *Collector[string]) error {
			out.Collect(fmt.Sprint(key, ctx.Window(), *acc))
			return nil
		}}
}

// drawScript draws a script of batches, watermarks and times.
func drawScript(r *rapid.T, inputs int) string {
	var lines []string
	watermark, now := 0, 0
	for range rapid.IntRange(1, 30).Draw(r, "lines") {
		switch rapid.IntRange(0, 5).Draw(r, "line") {
		case 0:
			watermark += rapid.IntRange(0, 30).Draw(r, "watermark")
			lines = append(lines, fmt.Sprint("watermark ", watermark))
		case 1:
			now += rapid.IntRange(0, 30).Draw(r, "now")
			lines = append(lines, fmt.Sprint("now ", now))
		default:
			line := fmt.Sprint(rapid.IntRange(0, inputs-1).Draw(r, "input"))
			for range rapid.IntRange(1, 8).Draw(r, "records") {
				n := watermark + rapid.IntRange(-5, 50).Draw(r, "n")
				sign := rapid.SampledFrom([]int{1, 1, 1, -1}).Draw(r, "sign")
				line += fmt.Sprintf(" k%d:%d@%d", rapid.IntRange(0, 20).Draw(r, "key"), sign*n, n)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(append(lines, "end"), "\n")
}

// runSpilled is what comes out, sorted between watermarks and times.
func runSpilled(t *testing.T, op Operator, inputs int, lines, backend string) []string {
	g := newRig(t, Streaming, inputs, op, 1<<20)
	g.ctx.State = state.Options{Backend: backend, Dir: func() string { return "" }}
	g.run(lines)
	from := 0
	for i, s := range append(g.out, "now") {
		if strings.HasPrefix(s, "watermark") || strings.HasPrefix(s, "now") {
			slices.Sort(g.out[from:i])
			from = i + 1
		}
	}
	return g.out
}
