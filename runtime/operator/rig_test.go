package operator

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// row is the record of the data-driven tests, written key:n or key:n@timestamp.
type row struct {
	Key string
	N   int64
}

func (r row) String() string { return fmt.Sprintf("%s:%d", r.Key, r.N) }

// rig is the task of one operator: it makes the calls that a task would make and writes down what comes out.
type rig struct {
	t      *testing.T
	op     Operator
	ctx    *Context
	clock  *clock.Virtual
	wakeAt int64
	out    []string
	slices int // calls that asked for more
	ended  []bool
}

func newRig(t *testing.T, mode Mode, inputs int, op Operator, memory int64) *rig {
	r := &rig{t: t, op: op, clock: clock.NewVirtual(time.UnixMilli(0)), ended: make([]bool, inputs)}
	r.ctx = &Context{Context: context.Background(), Name: "op", Mode: mode, Parallelism: 1, MaxParallelism: 128, Inputs: inputs,
		Clock: r.clock, Logger: slog.Default(), Metrics: new(Metrics), Memory: spill.NewMemory(memory), SideOutputs: []string{"side", "late left", "late right"}}
	r.ctx.WakeAt = func(at int64) {
		if r.wakeAt == 0 || at < r.wakeAt {
			r.wakeAt = at
		}
	}
	if mode == Batch {
		dir, err := spill.OpenDir([]string{t.TempDir()}, spill.DirOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, dir.Close()) })
		r.ctx.Spill = dir
	}
	for port := range 4 {
		r.ctx.Outputs = append(r.ctx.Outputs, &Output{Signal: func(shuffle.Element) {}, Send: func(b *column.Batch) {
			for i := range b.Len() {
				s := fmt.Sprint(b.Row(i))
				if at := b.Time(i); at != column.NoTime {
					s += "@" + strconv.FormatInt(at, 10)
				}
				if port > 0 {
					s = r.ctx.SideOutputs[port-1] + "> " + s
				}
				r.out = append(r.out, s)
			}
			b.Release()
		}})
	}
	return r
}

// call makes a call to its end.
func (r *rig) call(more bool, err error) error {
	for more && err == nil {
		r.slices++
		r.ctx.Flush()
		more, err = r.op.Resume()
	}
	r.ctx.Flush()
	return err
}

func (r *rig) advance(watermark int64) error { return r.call(r.op.Advance(watermark)) }

func (r *rig) end() error {
	for i := range r.ended[1:] {
		if err := r.endInput(i); err != nil {
			return err
		}
	}
	if err := r.advance(shuffle.MaxWatermark); err != nil {
		return err
	}
	return r.endInput(len(r.ended) - 1)
}

func (r *rig) endInput(in int) error {
	if r.ended[in] {
		return nil
	}
	r.ended[in] = true
	return r.call(r.op.EndInput(in))
}

// to moves processing time on and makes the ticks that were asked for.
func (r *rig) to(ms int64) error {
	for r.wakeAt != 0 && r.wakeAt <= ms {
		at := max(r.wakeAt, r.clock.Now().UnixMilli())
		r.clock.Advance(time.UnixMilli(at).Sub(r.clock.Now()))
		r.wakeAt = 0
		if err := r.call(r.op.Tick(at)); err != nil {
			return err
		}
	}
	r.clock.Advance(time.UnixMilli(ms).Sub(r.clock.Now()))
	return nil
}

// run interprets a script: one call a line.
//
//	0 a:1@10 b:2@20   a batch of input 0
//	watermark 10      event time
//	now 10            processing time
//	end 0             the end of an input
//	end               the end of all
func (r *rig) run(script string) {
	defer func() {
		if p := recover(); p != nil {
			record, _ := r.op.(RecordNamer).CurrentRecord()
			r.out = append(r.out, fmt.Sprintf("panic: %v at %+v", p, record))
		}
	}()
	err := r.op.Open(r.ctx)
	for line := range strings.Lines(script) {
		if err != nil {
			break
		}
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case f[0] == "watermark":
			err = r.advance(r.int(f[1]))
			r.out = append(r.out, "watermark "+f[1])
		case f[0] == "now":
			err = r.to(r.int(f[1]))
			r.out = append(r.out, "now "+f[1])
		case f[0] == "end" && len(f) == 2:
			err = r.endInput(int(r.int(f[1])))
		case f[0] == "end":
			err = r.end()
		default:
			err = r.call(r.op.Process(int(r.int(f[0])), r.batch(f[1:])))
		}
	}
	if err != nil {
		record, ok := r.op.(RecordNamer).CurrentRecord()
		r.out = append(r.out, fmt.Sprintf("error: %v at %v %v", err, record, ok))
	}
	require.NoError(r.t, r.op.Close())
}

func (r *rig) batch(fields []string) *column.Batch {
	var rows []row
	var times []int64
	anyTimed := false
	for _, f := range fields {
		f, at, timed := strings.Cut(f, "@")
		key, n, _ := strings.Cut(f, ":")
		rows = append(rows, row{key, r.int(n)})
		times = append(times, column.NoTime)
		if timed {
			times[len(times)-1] = r.int(at)
			anyTimed = true
		}
	}
	b := column.BatchOf(rows)
	if anyTimed {
		b.Times = times
	}
	return b
}

func (r *rig) int(s string) int64 {
	if s == "max" {
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(r.t, err, "number %q", s)
	return n
}

func rowKeys() Keys[row, string] {
	hash, err := column.Hasher[string]()
	if err != nil {
		panic(err)
	}
	return Keys[row, string]{Key: func(r row) string { return r.Key }, Hash: hash}
}
