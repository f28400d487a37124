package state

import (
	"errors"
	"fmt"
)

// Descriptor declares a state.
type Descriptor struct {
	// Name identifies the state within its operator.
	Name string
	// TTL limits how long values live; the zero value is for ever.
	TTL TTL
}

// check tells what is wrong with a descriptor.
func (d Descriptor) check() error {
	if d.Name == "" {
		return errors.New("a state has no name: set StateDescriptor.Name")
	}
	return d.TTL.check()
}

// declare returns the state of that name if it has been declared, else it adds the one that make returns.
func declare[S State](s *Slots, d Descriptor, make func() (S, error)) (S, error) {
	var none S
	if err := d.check(); err != nil {
		return none, fmt.Errorf("state %q: %w", d.Name, err)
	}
	if old, ok := s.named[d.Name]; ok {
		same, ok := old.(S)
		if !ok {
			return none, fmt.Errorf("state %q is declared twice, as %T and as %T: give each state a name of its own", d.Name, old, none)
		}
		return same, nil
	}
	st, err := make()
	if err != nil {
		return none, fmt.Errorf("state %q: %w", d.Name, err)
	}
	if s.named == nil {
		s.named = map[string]State{}
	}
	s.named[d.Name] = st
	st.grow(s.cap)
	s.columns = append(s.columns, st)
	return st, nil
}
