package taskmanager

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
)

// outputsPrefix begins the names of the folders of blocking outputs.
const outputsPrefix = "outputs-"

// outputs are the finished blocking outputs of a job at this TaskManager: files in the folders of its workers, which need not be
// alive any more. The goroutine of Run changes them.
type outputs struct {
	t   *TaskManager
	job string

	mu       sync.Mutex
	exchange *network.Exchange // serves them under the present number; nil until somebody asks
	serving  sync.WaitGroup
	closed   bool
	folders  []*folder
	held     map[subtask]*heldOutput
	byStage  map[stageKey]*heldOutput
	sums     map[sizeKey]*rpc.SizeReport
}

// folder is where one worker has written.
type folder struct {
	path  string
	store *blocking.Store
	ended bool // the worker
}

type subtask struct{ vertex, subtask int32 }

type stageKey struct {
	stage   string
	subtask int
}

// heldOutput is what the newest finished attempt of a sub-task has written.
type heldOutput struct {
	*rpc.Producer
	in     *folder
	stages []*rpc.StageOutput
}

// sizeKey names an edge into a vertex.
type sizeKey struct{ vertex, edge int32 }

// outputsOf returns the outputs of a job, which may be none yet.
func (t *TaskManager) outputsOf(job string) *outputs {
	o := t.outputs[job]
	if o == nil {
		o = &outputs{t: t, job: job, held: map[subtask]*heldOutput{}, byStage: map[stageKey]*heldOutput{}, sums: map[sizeKey]*rpc.SizeReport{}}
		t.outputs[job] = o
	}
	return o
}

// folder makes the folder of a worker.
func (o *outputs) folder() (*folder, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, fmt.Errorf("job %s has been dropped", o.job)
	}
	path, err := os.MkdirTemp(o.t.opt.Dir, outputsPrefix)
	if err != nil {
		return nil, fmt.Errorf("place for outputs: %w (io.tmp.dirs)", err)
	}
	s, err := blocking.New(blocking.Options{Files: blocking.Directories{path}, Keep: true, Logger: o.t.log})
	if err != nil {
		return nil, err
	}
	f := &folder{path: path, store: s}
	o.folders = append(o.folders, f)
	return f, nil
}

// take takes over what an attempt has written.
func (o *outputs) take(in *folder, m *rpc.Finished) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := subtask{m.Producer.Vertex, m.Producer.Subtask}
	o.remove(key)
	h := &heldOutput{m.Producer, in, m.Outputs}
	o.held[key] = h
	for _, s := range h.stages {
		o.byStage[stageKey{s.Stage, int(key.subtask)}] = h
		o.add(s, 1)
	}
}

// remove forgets the output of a sub-task. Called with mu held.
func (o *outputs) remove(key subtask) {
	h := o.held[key]
	if h == nil {
		return
	}
	delete(o.held, key)
	for _, s := range h.stages {
		delete(o.byStage, stageKey{s.Stage, int(key.subtask)})
		o.add(s, -1)
	}
	o.sweep(h.in)
}

// add counts an output n times, 1 or -1, and has the sizes of its edge reported. Called with mu held.
func (o *outputs) add(s *rpc.StageOutput, n int64) {
	key := sizeKey{s.Vertex, s.Edge}
	sum := o.sums[key]
	if sum == nil {
		sum = &rpc.SizeReport{Job: o.job, Vertex: s.Vertex, Edge: s.Edge}
		o.sums[key] = sum
	}
	sum.Tasks += int32(n)
	sum.Bytes = append(sum.Bytes, make([]int64, max(0, len(s.Bytes)-len(sum.Bytes)))...)
	for i, b := range s.Bytes {
		sum.Bytes[i] += n * b
	}
	o.t.news.size(o.job, key)
}

// sweep removes a folder to which nothing will be added and of which nothing is needed. Called with mu held.
func (o *outputs) sweep(f *folder) {
	if !f.ended {
		return
	}
	for _, h := range o.held {
		if h.in == f {
			return
		}
	}
	o.folders = slices.DeleteFunc(o.folders, func(x *folder) bool { return x == f })
	o.t.group.Go(func() { o.t.discard(f) })
}

// discard removes a folder with its files when nobody reads them any more.
func (t *TaskManager) discard(f *folder) {
	if err := errors.Join(f.store.Close(), os.RemoveAll(f.path)); err != nil {
		t.log.Warn("files of blocking outputs were left behind", "folder", f.path, "error", err)
	}
}

// ended notes that the worker of a folder has ended. It tells whether no outputs are left.
func (o *outputs) ended(f *folder) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f != nil {
		f.ended = true
		o.sweep(f)
	}
	return len(o.folders) == 0
}

// keep drops all outputs of a vertex but the named ones and returns those that are missing. The sizes are reported again.
func (o *outputs) keep(k *rpc.HeldVertex) (missing []*rpc.Producer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	wanted := map[subtask]*rpc.Producer{}
	same := func(key subtask, p *rpc.Producer) bool {
		h := o.held[key]
		return h != nil && p != nil && h.Generation == p.Generation && h.Attempt == p.Attempt
	}
	for _, p := range k.Outputs {
		key := subtask{p.Vertex, p.Subtask}
		wanted[key] = p
		if !same(key, p) {
			missing = append(missing, p)
		}
	}
	for key, h := range o.held {
		if key.vertex != k.Vertex {
			continue
		}
		for _, s := range h.stages {
			o.t.news.size(o.job, sizeKey{s.Vertex, s.Edge})
		}
		if !same(key, wanted[key]) {
			o.remove(key)
		}
	}
	return missing
}

// all names what there is.
func (o *outputs) all() *rpc.HeldOutputs {
	h := &rpc.HeldOutputs{Job: o.job}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.held {
		h.Outputs = append(h.Outputs, x.Producer)
	}
	slices.SortFunc(h.Outputs, func(a, b *rpc.Producer) int {
		return cmp.Or(cmp.Compare(a.Vertex, b.Vertex), cmp.Compare(a.Subtask, b.Subtask))
	})
	return h
}

// sizes returns the sizes of an edge, and of all of them without one. A report may be on its way while they change.
func (o *outputs) sizes(only *sizeKey) (all []*rpc.SizeReport) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, s := range o.sums {
		if only == nil || *only == key {
			all = append(all, &rpc.SizeReport{Job: s.Job, Vertex: s.Vertex, Edge: s.Edge, Tasks: s.Tasks, Bytes: slices.Clone(s.Bytes)})
		}
	}
	return all
}

// release drops the outputs of a job when the worker that may write to them is gone.
func (t *TaskManager) release(job string) {
	o := t.outputs[job]
	if o == nil {
		return
	}
	delete(t.outputs, job)
	t.news.jobs = true
	var gone <-chan struct{}
	if w := t.workers[job]; w != nil {
		gone = w.gone
	}
	t.group.Go(func() {
		o.mu.Lock()
		o.closed = true
		o.mu.Unlock()
		o.retire()
		o.serving.Wait()
		if gone != nil {
			<-gone
		}
		o.mu.Lock()
		folders := o.folders
		o.folders = nil
		o.mu.Unlock()
		for _, f := range folders {
			t.discard(f)
		}
	})
}

// settled forgets a job of which nothing is left now that a worker has ended. in is its folder, nil if it had none.
func (t *TaskManager) settled(o *outputs, in *folder) {
	if o.ended(in) && t.workers[o.job] == nil && t.outputs[o.job] == o {
		t.release(o.job)
	}
}
