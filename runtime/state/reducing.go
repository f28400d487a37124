package state

// Reducing is a value for each key that takes in others (Flink's ReducingState).
type Reducing[V any] struct {
	State
	value  *Value[V]
	reduce func(a, b V) V
}

// NewReducing declares a reducing state. reduce must not change its arguments.
func NewReducing[V any](s *Slots, d Descriptor, reduce func(a, b V) V) (*Reducing[V], error) {
	return declare(s, d, func() (*Reducing[V], error) {
		v, err := newValue[V](s, d, "reducing")
		return &Reducing[V]{v, v, reduce}, err
	})
}

// Get returns the value of the current key; ok is false if it has none.
func (s *Reducing[V]) Get() (v V, ok bool) { return s.value.Value() }

// Add reduces v into the value of the current key.
func (s *Reducing[V]) Add(v V) {
	if old, ok := s.value.Value(); ok {
		v = s.reduce(old, v)
	}
	s.value.Update(v)
}

// Clear removes the value of the current key.
func (s *Reducing[V]) Clear() { s.value.Clear() }
