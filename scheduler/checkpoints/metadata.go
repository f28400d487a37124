package checkpoints

import (
	"path"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/storage/checkpoint"
)

// Complete brings the metadata of a checkpoint, made of the parts of those who have written state, to its end: it names the operators'
// sub-tasks that had finished before, and takes over what is known of the sizes of files that an earlier checkpoint has, by the last element of their
// path.
func Complete(m *checkpoint.Metadata, g *graph.JobGraph, finished []Task, sizes map[string]int64) {
	operators := map[string]*checkpoint.Operator{}
	for _, o := range m.Operators {
		operators[o.Uid] = o
	}
	for _, t := range finished {
		v := &g.Vertices[t.Vertex]
		for _, id := range v.Nodes {
			uid := g.OperatorID(id)
			o := operators[uid]
			if o == nil {
				o = &checkpoint.Operator{Uid: uid, Given: g.Node(id).UID, Name: g.Node(id).Name, MaxParallelism: uint32(v.MaxParallelism)}
				operators[uid], m.Operators = o, append(m.Operators, o)
			}
			o.Subtasks = append(o.Subtasks, &checkpoint.Subtask{Subtask: uint32(t.Subtask), Parallelism: uint32(v.Parallelism), Finished: true})
		}
	}
	for _, f := range m.Files {
		if f.Size == 0 {
			f.Size = sizes[path.Base(f.Path)]
		}
	}
}
