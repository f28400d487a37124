package compatibility

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Outcome is what becomes of an operator or a state.
type Outcome string

// The outcomes.
const (
	Fits      Outcome = "fits"
	Migrates  Outcome = "migrates"
	New       Outcome = "new"     // begins without state
	Dropped   Outcome = "dropped" // is left out, as the job was told to
	Refused   Outcome = "refused"
	Unchecked Outcome = "unchecked" // is checked when the tasks begin
)

// Line is what becomes of one operator, or of one of its states.
type Line struct {
	Outcome Outcome `json:"outcome"`
	// ID is the operator's; UID is empty if the program gave it none.
	ID    string `json:"id"`
	UID   string `json:"uid,omitempty"`
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
	// Details say what is different, and for what is refused, what to do.
	Details []string `json:"details,omitempty"`
}

// String is the line for people.
func (l Line) String() string {
	s := fmt.Sprintf("%-9s operator %q (uid %s)", l.Outcome, l.Name, cmp.Or(l.UID, "derived: "+l.ID))
	if l.State != "" {
		s += fmt.Sprintf(", state %q", l.State)
	}
	if len(l.Details) > 0 {
		s += ": " + strings.Join(l.Details, "; ")
	}
	return s
}

// Report is what a job takes over.
type Report struct {
	// Path is where the savepoint lies.
	Path  string `json:"path"`
	Lines []Line `json:"lines"`
}

// ErrIncompatible says that a job cannot begin with a savepoint.
var ErrIncompatible = errors.New("the program does not fit the savepoint")

// Err has all lines if one is refused, and is nil otherwise.
func (r *Report) Err() error {
	for _, l := range r.Lines {
		if l.Outcome == Refused {
			return fmt.Errorf("%w %s:\n%s", ErrIncompatible, r.Path, r)
		}
	}
	return nil
}

// String has a line for each Line.
func (r *Report) String() string {
	var lines []string
	for _, l := range r.Lines {
		lines = append(lines, "  "+l.String())
	}
	return strings.Join(lines, "\n")
}

// Differs tells whether there is anything but what fits.
func (l Line) Differs() bool { return l.Outcome != Fits }
