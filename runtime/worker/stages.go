package worker

import (
	"fmt"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/blocking"
)

// output is what an attempt writes for edge edge of vertex to.
type output struct {
	to, edge int
	stage    *blocking.Stage
	*blocking.Writer
}

// newStore opens the store of what the worker's tasks write in BATCH. What is finished belongs to the TaskManager.
func (w *worker) newStore(opt blocking.Options) (*blocking.Store, error) {
	if opt.Files == nil {
		if w.start.Directory == "" {
			return nil, fmt.Errorf("the worker was given no directory for blocking outputs")
		}
		opt.Files = blocking.Directories{w.start.Directory}
	}
	opt.Logger, opt.Keep = w.log, true
	return blocking.New(opt)
}

// finish hands the outputs of an attempt that has finished over to the TaskManager: from here on they outlive this process. It
// returns their size in bytes.
func (r *running) finish() (bytes int64, err error) {
	if len(r.outputs) == 0 {
		return 0, nil
	}
	a := r.attempt
	f := &rpc.Finished{Producer: &rpc.Producer{Vertex: a.Vertex, Subtask: a.Subtask, Generation: a.Generation, Attempt: a.Number}}
	for _, o := range r.outputs {
		if err := o.stage.Persist(); err != nil {
			return 0, err
		}
		written := o.Output()
		bytes += written.Bytes
		f.Outputs = append(f.Outputs, &rpc.StageOutput{Vertex: int32(o.to), Edge: int32(o.edge), Stage: o.stage.Name(), Bytes: written.Sizes})
	}
	r.w.out.finish(f)
	return bytes, nil
}
