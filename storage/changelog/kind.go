package changelog

import "github.com/leatproject/leat/storage/datatype"

// Kind is what a row does. The numbers are Flink's.
type Kind int8

// An update takes the old row back and adds the new one.
const (
	Insert Kind = iota
	UpdateBefore
	UpdateAfter
	Delete
)

// Column is the name of the hidden column that has the kinds.
const Column = "$kind"

// Type is the type of that column.
var Type = datatype.TinyInt.Required()

// Adds says whether the row is added, not taken back.
func (k Kind) Adds() bool { return k == Insert || k == UpdateAfter }

// String is the kind as Flink prints it.
func (k Kind) String() string {
	if k < Insert || k > Delete {
		return "?"
	}
	return [...]string{"+I", "-U", "+U", "-D"}[k]
}
