package aggregates

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// jsonValue prints an argument as JSON.
func jsonValue(s Spec, arg int) (*kernel.Evaluator, error) {
	t := s.Args[arg]
	return kernel.Compile(expr.Call{Function: expr.MustLookup("JSON_STRING"), Args: []expr.Expr{expr.Column{Index: arg, Of: t}},
		Of: datatype.String.WithNull(!t.NotNull)}, s.Args, s.Options)
}

// absent says whether a call leaves out NULL.
func absent(s Spec) bool {
	return slices.ContainsFunc(s.Constant, func(l expr.Literal) bool {
		text, ok := l.Value.(string)
		return ok && l.Of.Kind == datatype.KindSymbol && strings.HasPrefix(text, "ABSENT")
	})
}

// jsonArray is JSON_ARRAYAGG. Of no rows it is [].
type jsonArray struct {
	bag
	of     datatype.Type
	value  *kernel.Evaluator
	absent bool
}

func newJSONArray(s Spec) (Accumulator, error) {
	value, err := jsonValue(s, 0)
	return &jsonArray{of: s.Type, value: value, absent: absent(s)}, err
}

// Nulls implements Accumulator.
func (a *jsonArray) Nulls() bool { return !a.absent }

// Add implements Accumulator.
func (a *jsonArray) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	values, err := a.value.Evaluate(&vector.Batch{Length: args[0].Len(), Selection: rows, Columns: args})
	if err != nil {
		return err
	}
	each(groups, rows, func(g uint32, row int) {
		a.data = appendJSON(a.data, values, row)
		a.add(g)
	})
	return nil
}

func appendJSON(dst []byte, values *vector.Vector, row int) []byte {
	if values.IsNull(row) {
		return append(dst, "null"...)
	}
	return append(dst, values.Bytes(row)...)
}

// Result implements Accumulator.
func (a *jsonArray) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	var all []byte
	for i := range to - from {
		all = append(all[:0], '[')
		_ = a.items(from+i, func(item []byte) error {
			if len(all) > 1 {
				all = append(all, ',')
			}
			all = append(all, item...)
			return nil
		})
		out.PutBytes(i, append(all, ']'))
	}
	return finish(out)
}

// jsonObject is JSON_OBJECTAGG: the fields in the order of their names; of equal ones the last counts.
type jsonObject struct {
	bag
	of     datatype.Type
	value  *kernel.Evaluator
	absent bool
}

func newJSONObject(s Spec) (Accumulator, error) {
	value, err := jsonValue(s, 1)
	return &jsonObject{of: s.Type, value: value, absent: absent(s)}, err
}

// Nulls implements Accumulator.
func (a *jsonObject) Nulls() bool { return !a.absent }

// Add implements Accumulator.
func (a *jsonObject) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	values, err := a.value.Evaluate(&vector.Batch{Length: args[0].Len(), Selection: rows, Columns: args})
	if err != nil {
		return err
	}
	each(groups, rows, func(g uint32, row int) {
		if args[0].IsNull(row) {
			return
		}
		a.data = args[0].AppendValue(a.data, row)
		a.data = appendJSON(a.data, values, row)
		a.add(g)
	})
	return nil
}

// Result implements Accumulator.
func (a *jsonObject) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	key := vector.New(datatype.String, 1)
	var all bytes.Buffer
	encoder := json.NewEncoder(&all)
	encoder.SetEscapeHTML(false)
	for i := range to - from {
		fields := map[string]json.RawMessage{}
		err := a.items(from+i, func(item []byte) error {
			key.Reset(datatype.String, 1)
			value, err := key.ReadValue(0, item)
			fields[string(key.Bytes(0))] = value
			return err
		})
		if err != nil {
			return err
		}
		all.Reset()
		if err := encoder.Encode(fields); err != nil {
			return err
		}
		out.PutBytes(i, bytes.TrimSpace(all.Bytes()))
	}
	return finish(out)
}
