package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// SetKind is which set operation it is. UNION ALL is an edge, UNION an Aggregate behind it.
type SetKind int

const (
	// Intersect gives what both sides have.
	Intersect SetKind = iota
	// Except gives what the left side has and the right side has not.
	Except
)

// SetOperation combines the rows of two inputs of equal types, NULL being equal to NULL. With All a row comes as often as the sides say, else
// once. Equal rows of both sides must meet at it. It is an Aggregate that counts the rows of each side.
type SetOperation struct {
	operator.Base
	Left, Right []datatype.Type
	Kind        SetKind
	All         bool

	out     *operator.Output
	count   *Aggregate
	ended   int
	pending *vector.Batch // counted rows
	row     int           // of pending
	left    int64         // how often row is still to come
}

// Output are the types of the left side.
func (s *SetOperation) Output() []datatype.Type { return s.Left }

// Open implements operator.Operator.
func (s *SetOperation) Open(ctx *operator.Context) error {
	if len(s.Left) != len(s.Right) {
		return fmt.Errorf("a set operation on %d and %d columns", len(s.Left), len(s.Right))
	}
	s.out = ctx.Output(0)
	s.count = &Aggregate{}
	for i, t := range s.Left {
		if vector.Width(t) != vector.Width(s.Right[i]) || t.Kind != s.Right[i].Kind && !vector.Variable(t) {
			return fmt.Errorf("a set operation on columns of type %s and %s", t, s.Right[i])
		}
		s.count.Input = append(s.count.Input, t.WithNull(!t.NotNull || !s.Right[i].NotNull))
		s.count.Groups = append(s.count.Groups, i)
	}
	for range 2 {
		sum := Call{Function: expr.MustLookup("SUM0"), Args: []int{len(s.count.Input)}, Filter: -1, Type: datatype.BigInt.Required()}
		s.count.Calls = append(s.count.Calls, sum)
		s.count.Input = append(s.count.Input, datatype.BigInt.Required())
	}
	inner := *ctx
	inner.Outputs = []*operator.Output{{Send: s.take, Signal: func(shuffle.Element) {}}}
	return s.count.Open(&inner)
}

// Process implements operator.Operator.
func (s *SetOperation) Process(in int, b *column.Batch) (bool, error) {
	v := column.Vectors(b)
	counted := &vector.Batch{Length: v.Length, Selection: v.Selection}
	counted.Columns = append(append(counted.Columns, v.Columns...), constantInt(int64(1-in)), constantInt(int64(in)))
	more, err := s.count.Process(0, column.OfVectors(counted))
	b.Release()
	return more, err
}

// EndInput implements operator.Operator.
func (s *SetOperation) EndInput(int) (bool, error) {
	if s.ended++; s.ended < 2 {
		return false, nil
	}
	more, err := s.count.EndInput(0)
	return more || s.pending != nil, err
}

// take is given counted rows by the Aggregate.
func (s *SetOperation) take(b *column.Batch) {
	s.pending, s.row, s.left = column.Vectors(b), -1, 0
}

// Resume implements operator.Operator.
func (s *SetOperation) Resume() (bool, error) {
	if s.pending != nil {
		s.emit()
		return true, nil
	}
	more, err := s.count.Resume()
	return more || s.pending != nil, err
}

// emit gives up to a batch of what is pending.
func (s *SetOperation) emit() {
	in, n := s.pending, len(s.Left)
	var rows []int32
	for len(rows) < batchRows {
		if s.left == 0 {
			if s.row++; s.row == in.Rows() {
				s.pending = nil
				break
			}
			at := s.row
			if in.Selection != nil {
				at = int(in.Selection[at])
			}
			s.left = s.times(vector.Values[int64](in.Columns[n])[at], vector.Values[int64](in.Columns[n+1])[at])
			continue
		}
		at := int32(s.row)
		if in.Selection != nil {
			at = in.Selection[s.row]
		}
		rows = append(rows, at)
		s.left--
	}
	if len(rows) == 0 {
		return
	}
	out := vector.NewBatch(s.Left)
	out.AppendRows(&vector.Batch{Length: in.Length, Columns: in.Columns[:n]}, rows)
	s.out.Emit(column.OfVectors(out))
}

// times is how often a row comes out that the sides have so often.
func (s *SetOperation) times(left, right int64) int64 {
	switch {
	case s.Kind == Intersect && s.All:
		return min(left, right)
	case s.Kind == Intersect:
		return min(left, right, 1)
	case s.All:
		return max(left-right, 0)
	case right > 0:
		return 0
	}
	return min(left, 1)
}

// Close implements operator.Operator.
func (s *SetOperation) Close() error {
	if s.count == nil {
		return nil
	}
	return s.count.Close()
}
