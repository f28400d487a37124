package worker

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/blocking"
)

// output is what an attempt writes for edge edge of vertex to.
type output struct {
	to, edge int
	*blocking.Writer
}

// stages are the finished blocking outputs of a worker.
type stages struct {
	w     *worker
	store *blocking.Store

	mu   sync.Mutex
	held map[taskKey]finished
}

// finished is what the newest finished attempt of a sub-task has written.
type finished struct {
	*rpc.Producer
	outputs []output
}

func newStages(w *worker, opt blocking.Options) (*stages, error) {
	if opt.Files == nil {
		if w.start.Directory == "" {
			return nil, fmt.Errorf("the worker was given no directory for blocking outputs")
		}
		opt.Files = blocking.Directories{w.start.Directory}
	}
	opt.Logger = w.log
	store, err := blocking.New(opt)
	if err != nil {
		return nil, err
	}
	return &stages{w: w, store: store, held: map[taskKey]finished{}}, nil
}

// finish takes over the outputs of an attempt that has finished. It returns their size in bytes.
func (s *stages) finish(r *running) (bytes int64) {
	if len(r.outputs) == 0 {
		return 0
	}
	for _, o := range r.outputs {
		bytes += o.Output().Bytes
	}
	a := r.attempt
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[taskKey{a.Vertex, a.Subtask}] = finished{&rpc.Producer{Vertex: a.Vertex, Subtask: a.Subtask, Generation: a.Generation, Attempt: a.Number}, r.outputs}
	s.tell(a.Vertex)
	return bytes
}

// keep drops all outputs of a vertex but the named ones and reports those that are missing.
func (s *stages) keep(k *rpc.HeldVertex) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := map[taskKey]*rpc.Producer{}
	lost := &rpc.HeldOutputs{Job: k.Job}
	for _, p := range k.Outputs {
		key := taskKey{p.Vertex, p.Subtask}
		wanted[key] = p
		if h, ok := s.held[key]; !ok || h.Generation != p.Generation || h.Attempt != p.Attempt {
			lost.Outputs = append(lost.Outputs, p)
		}
	}
	for key, h := range s.held {
		if p := wanted[key]; key.vertex == k.Vertex && (p == nil || p.Generation != h.Generation || p.Attempt != h.Attempt) {
			delete(s.held, key)
		}
	}
	if len(lost.Outputs) > 0 {
		s.w.out.add(func(r *rpc.Report) { r.Lost = append(r.Lost, lost) })
	}
	s.tell(k.Vertex)
}

// tell reports what is held, and the sizes of a vertex's outputs. Called with mu held.
func (s *stages) tell(vertex int32) {
	all := &rpc.HeldOutputs{Job: s.w.start.Job}
	type edge struct{ to, edge int }
	sizes := map[edge]*rpc.SizeReport{}
	for key, h := range s.held {
		all.Outputs = append(all.Outputs, h.Producer)
		if key.vertex != vertex {
			continue
		}
		for _, o := range h.outputs {
			e := edge{o.to, o.edge}
			r := sizes[e]
			if r == nil {
				r = &rpc.SizeReport{Job: s.w.start.Job, Vertex: int32(o.to), Edge: int32(o.edge)}
				sizes[e] = r
			}
			r.Tasks++
			written := o.Output().Sizes
			r.Bytes = append(r.Bytes, make([]int64, max(0, len(written)-len(r.Bytes)))...)
			for i, n := range written {
				r.Bytes[i] += n
			}
		}
	}
	slices.SortFunc(all.Outputs, func(a, b *rpc.Producer) int {
		return cmp.Or(cmp.Compare(a.Vertex, b.Vertex), cmp.Compare(a.Subtask, b.Subtask))
	})
	s.w.out.hold(all)
	s.w.out.add(func(r *rpc.Report) {
		for _, x := range sizes {
			r.Sizes = append(r.Sizes, x)
		}
	})
}
