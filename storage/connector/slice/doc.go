// Package slice holds the sources whose records come from the program itself: the values of a slice (FromSlice), the numbers
// of a range (FromSequence), and what a function makes of the numbers 0, 1, 2 ... at a given rate (Generator).
//
// All three number their records and cut the numbers into one contiguous range for each reader, so that a split's position
// is the next number; with one reader the records come in order.
//
// Start reading at Source.
package slice
