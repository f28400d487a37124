package aggregates

import (
	"encoding/binary"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// textList is LISTAGG: the values as text with a delimiter between them, which may be another for each.
type textList struct {
	bag
	of        datatype.Type
	text      *kernel.Evaluator // of the value; nil: it is text
	delimiter []byte            // nil: that of an item is in front of it, after its length in 4 bytes
}

func newTextList(s Spec) (Accumulator, error) {
	a := &textList{of: s.Type, delimiter: []byte(",")}
	if len(s.Constant) > 0 {
		if d, ok := s.Constant[0].Value.(string); ok {
			a.delimiter = []byte(d)
		}
	}
	if len(s.Args) > 1 {
		a.delimiter = nil
	}
	if s.Args[0].IsCharacter() {
		return a, nil
	}
	var err error
	a.text, err = kernel.Compile(expr.Cast{Operand: expr.Column{Of: s.Args[0]}, Of: datatype.String}, s.Args, s.Options)
	return a, err
}

// Nulls implements Accumulator.
func (a *textList) Nulls() bool { return false }

// Add implements Accumulator.
func (a *textList) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	texts, err := evaluated(a.text, args, rows)
	if err != nil {
		return err
	}
	each(groups, rows, func(g uint32, row int) {
		if a.delimiter == nil {
			d := args[1].Bytes(row)
			a.data = append(binary.LittleEndian.AppendUint32(a.data, uint32(len(d))), d...)
		}
		a.data = append(a.data, texts.Bytes(row)...)
		a.add(g)
	})
	return nil
}

// evaluated computes a text of the arguments, or gives the first of them.
func evaluated(e *kernel.Evaluator, args []*vector.Vector, rows []int32) (*vector.Vector, error) {
	if e == nil {
		return args[0], nil
	}
	return e.Evaluate(&vector.Batch{Length: args[0].Len(), Selection: rows, Columns: args})
}

// Result implements Accumulator.
func (a *textList) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	var all []byte
	for i := range to - from {
		if a.first[from+i] == 0 {
			out.SetNull(i)
			continue
		}
		all = all[:0]
		some := false
		_ = a.items(from+i, func(item []byte) error {
			d := a.delimiter
			if d == nil {
				n := 4 + binary.LittleEndian.Uint32(item)
				d, item = item[4:n], item[n:]
			}
			if some {
				all = append(all, d...)
			}
			some = true
			all = append(all, item...)
			return nil
		})
		out.PutBytes(i, all)
	}
	return finish(out)
}
