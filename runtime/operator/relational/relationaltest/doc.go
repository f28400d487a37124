// Package relationaltest is what tests of relational operators have in common: rows of Go values beside the batches that hold them,
// random tables, and a Rig that plays the task of one operator with as little memory as a test wants.
//
// A value is nil for NULL, else bool, int64 (integers, dates, times, intervals, TIMESTAMP up to milliseconds, DECIMAL up to 18 digits),
// float64, string (texts and bytes), decimal.Int128 or Instant; nested values are their text, as Vector.Show gives
// it.
package relationaltest
