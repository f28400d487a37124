package window

import "math/rand/v2"

// Stagger says by how much the windows of a sub-task are moved, so that not all fire at once (Flink's WindowStagger).
type Stagger int

const (
	// AlignedStagger moves nothing.
	AlignedStagger Stagger = iota
	// RandomStagger moves each sub-task's windows by a random part of their size.
	RandomStagger
	// NaturalStagger begins a sub-task's windows at the processing time of its first record.
	NaturalStagger
)

// offset is the move in milliseconds.
func (s Stagger) offset(now, size int64) int64 {
	switch s {
	case RandomStagger:
		return rand.Int64N(size)
	case NaturalStagger:
		return max(0, now-StartOf(now, 0, size))
	}
	return 0
}
