package physical

import (
	"github.com/leatproject/leat/client/datastream"
)

// Build adds a plan to a program; of one that ends in a sink it gives nil. Nodes that several plans share are added once: the plans of
// one program are given to one Builder.
func (b *Builder) Build(n *Node) *datastream.Vectors {
	if made, ok := b.made[n]; ok {
		return made
	}
	made := b.build(n)
	b.made[n] = made
	return made
}

// Builder makes a program of plans.
type Builder struct {
	env  *datastream.Environment
	made map[*Node]*datastream.Vectors
}

// NewBuilder is for plans that become one program.
func NewBuilder(env *datastream.Environment) *Builder {
	return &Builder{env: env, made: map[*Node]*datastream.Vectors{}}
}

func (b *Builder) build(n *Node) *datastream.Vectors {
	switch {
	case n.stream != nil:
		return n.stream
	case n.source != nil:
		var filters []datastream.VectorFilter
		for _, s := range n.sieves {
			filters = append(filters, datastream.VectorFilter{From: b.Build(s.from), Columns: s.columns})
		}
		return datastream.VectorSource(b.env, n.source, n.line(true), n.types(), filters...)
	case n.sink != nil:
		to := b.Build(n.Inputs[0]).WriteTo(n.sink, n.line(true))
		if p, ok := n.sink.(interface{ Parallelism() int }); ok && p.Parallelism() > 0 {
			to.Parallelism(p.Parallelism())
		}
		return nil
	case n.exchange != nil:
		in := b.Build(n.Inputs[0])
		switch n.exchange.kind {
		case byHash:
			if in = in.Hash(n.exchange.keys); n.exchange.replicable {
				in = in.Replicable()
			}
			return in
		case broadcast:
			return in.Broadcast()
		}
		return in.Global()
	case n.Kind == "Union":
		var inputs []*datastream.Vectors
		for _, in := range n.Inputs {
			inputs = append(inputs, b.Build(in))
		}
		return datastream.UnionVectors(n.types(), inputs...)
	}
	o := datastream.VectorOperator{Name: n.line(true), New: n.operator, Output: n.types()}
	if n.single {
		o.Parallelism = 1
	}
	inputs := make([]*datastream.Vectors, len(n.Inputs))
	for i, in := range n.Inputs {
		inputs[i] = b.Build(in)
	}
	return datastream.TransformVectors(b.env, o, inputs...)
}
