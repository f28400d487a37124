package session

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// printer is the sink of connector print: IDENTIFIER:SUBTASK> +I[a, 1], as in Flink.
type printer struct {
	columns    plan.Schema
	identifier string
	zone       *time.Location
	mu         sync.Mutex
	out        io.Writer
}

func newPrinter(to *plan.Sink, zone *time.Location) *printer {
	p := &printer{columns: to.Input.Schema(), identifier: to.Options["print-identifier"], zone: zone, out: os.Stdout}
	if to.Options["standard-error"] == "true" {
		p.out = os.Stderr
	}
	return p
}

// NewWriter implements sink.Sink.
func (p *printer) NewWriter(_ context.Context, env sink.Env) (sink.Writer, error) {
	prefix := ""
	switch {
	case env.Parallelism > 1 && p.identifier != "":
		prefix = fmt.Sprintf("%s:%d> ", p.identifier, env.Subtask+1)
	case env.Parallelism > 1:
		prefix = fmt.Sprintf("%d> ", env.Subtask+1)
	case p.identifier != "":
		prefix = p.identifier + "> "
	}
	w, err := result.NewChangelog(p, p.columns, result.Options{Zone: p.zone}, prefix)
	return &printing{w}, err
}

// Write implements io.Writer for all tasks.
func (p *printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

type printing struct{ rows result.Writer }

func (w *printing) Write(_ context.Context, b *column.Batch) error {
	return w.rows.Write(column.Vectors(b))
}

func (w *printing) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

func (w *printing) Close() error { return nil }
