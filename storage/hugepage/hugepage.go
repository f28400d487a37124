package hugepage

import (
	"slices"
	"unsafe"
)

// size is that of a large page of amd64, and of arm64 with small ones of 4 KiB.
const size = 2 << 20

// Make is make([]T, n), of memory for which large pages are asked.
func Make[T any](n int) []T {
	s := make([]T, n)
	Advise(s)
	return s
}

// Grow is slices.Grow: when the values move, large pages are asked for where they go.
func Grow[T any](s []T, n int) []T {
	if n <= cap(s)-len(s) {
		return s
	}
	room := max(len(s)+n, cap(s)+cap(s)/4)
	var v T
	if room*int(unsafe.Sizeof(v)) < 2*size {
		return slices.Grow(s, n)
	}
	grown := make([]T, len(s), room)
	Advise(grown) // before the first of its pages is touched
	copy(grown, s)
	return grown
}

// Advise asks for large pages for the memory of s up to its capacity, best before it is touched. What is too small for one is left alone.
func Advise[T any](s []T) {
	var v T
	bytes := uintptr(cap(s)) * unsafe.Sizeof(v)
	if bytes < size {
		return
	}
	start := unsafe.Pointer(unsafe.SliceData(s))
	skip := -uintptr(start) & (size - 1)
	if whole := (bytes - min(bytes, skip)) &^ (size - 1); whole > 0 {
		advise(unsafe.Slice((*byte)(unsafe.Add(start, skip)), whole))
	}
}
