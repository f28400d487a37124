package compatibility

import (
	"slices"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// States compares the states of an operator as they were stored with those that the program declares.
func (r *Report) States(id, uid, name string, stored, declared []state.Section, ignoreUnclaimed bool) {
	for _, old := range stored {
		l := Line{ID: id, UID: uid, Name: name, State: old.Name}
		i := slices.IndexFunc(declared, func(d state.Section) bool { return d.Name == old.Name })
		switch {
		case i >= 0:
			l.compare(old, declared[i])
		case ignoreUnclaimed:
			l.Outcome, l.Details = Dropped, []string{"the program does not declare it any more"}
		default:
			l.Outcome, l.Details = Refused, []string{"the program does not declare it any more; to leave it out use --allowNonRestoredState"}
		}
		r.Lines = append(r.Lines, l)
	}
	for _, d := range declared {
		if !slices.ContainsFunc(stored, func(s state.Section) bool { return s.Name == d.Name }) {
			r.Lines = append(r.Lines, Line{Outcome: New, ID: id, UID: uid, Name: name, State: d.Name})
		}
	}
}

func (l *Line) compare(old, now state.Section) {
	l.Outcome = Fits
	m, err := state.Migrate(old, now)
	if err != nil {
		l.Outcome, l.Details = Refused, []string{err.Error()}
		return
	}
	for _, c := range m.Changes {
		if l.Outcome == Fits {
			l.Outcome = Migrates
		}
		if c.Outcome == column.Refused {
			l.Outcome = Refused
		}
		l.Details = append(l.Details, c.String())
	}
}
