package blocking

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/shuffle/wire"
)

// LostError says that blocking outputs cannot be read.
type LostError struct {
	// Stage is the stage's name.
	Stage string
	// Producers are the attempts that must run again.
	Producers []wire.Task
	Err       error
}

// Error names the stage, the producers and the cause.
func (e *LostError) Error() string {
	var names []string
	for _, p := range e.Producers[:min(len(e.Producers), 5)] {
		names = append(names, p.String())
	}
	if n := len(e.Producers); n > 5 {
		names = append(names, fmt.Sprintf("%d more", n-5))
	}
	return fmt.Sprintf("blocking output of stage %s is lost: %v: to be produced again by %s", e.Stage, e.Err, strings.Join(names, ", "))
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }
