package rpc

import (
	"cmp"
	"fmt"
)

// Compare orders fences by generation, then term, then sequence; nil is the least.
func (x *Fence) Compare(y *Fence) int {
	return cmp.Or(cmp.Compare(x.GetGeneration(), y.GetGeneration()), cmp.Compare(x.GetTerm(), y.GetTerm()), cmp.Compare(x.GetSequence(), y.GetSequence()))
}

// Text returns "generation.term.sequence".
func (x *Fence) Text() string {
	return fmt.Sprintf("%d.%d.%d", x.GetGeneration(), x.GetTerm(), x.GetSequence())
}
