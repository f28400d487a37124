package state

// AggregateFunction computes a result of many values by an accumulator (Flink's AggregateFunction).
type AggregateFunction[I, A, O any] interface {
	// CreateAccumulator returns the accumulator of no values.
	CreateAccumulator() A
	// Add returns the accumulator of what acc stands for and v.
	Add(v I, acc A) A
	// GetResult returns the result of what acc stands for.
	GetResult(acc A) O
}

// Aggregating is an accumulator for each key (Flink's AggregatingState).
type Aggregating[I, A, O any] struct {
	State
	value *Value[A]
	f     AggregateFunction[I, A, O]
}

// NewAggregating declares an aggregating state.
func NewAggregating[I, A, O any](s *Slots, d Descriptor, f AggregateFunction[I, A, O]) (*Aggregating[I, A, O], error) {
	return declare(s, d, func() (*Aggregating[I, A, O], error) {
		v, err := newValue[A](s, d, "aggregating")
		return &Aggregating[I, A, O]{v, v, f}, err
	})
}

// Get returns the result of the current key; ok is false if it has none.
func (s *Aggregating[I, A, O]) Get() (result O, ok bool) {
	acc, ok := s.value.Value()
	if ok {
		result = s.f.GetResult(acc)
	}
	return result, ok
}

// Add takes v in for the current key.
func (s *Aggregating[I, A, O]) Add(v I) {
	acc, ok := s.value.Value()
	if !ok {
		acc = s.f.CreateAccumulator()
	}
	s.value.touch(s.value.slots.Key())
	s.value.Update(s.f.Add(v, acc))
}

// Clear removes the accumulator of the current key.
func (s *Aggregating[I, A, O]) Clear() { s.value.Clear() }
