// Package columnartest is what the tests of the columnar formats share: random batches, rows as text, and the cost of reading.
//
// Start reading at Batch.
package columnartest
