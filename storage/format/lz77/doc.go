// Package lz77 decodes blocks of Snappy: literals, and copies of what came before.
//
// Columns of numbers and short texts are short literals and short copies in turn, often from a few bytes before. Such a copy would wait until
// what it reads is in the cache, and its size cannot be foretold, so that the assembly, where the processor can run it, keeps the last 16
// bytes in a register and computes sizes without a branch. It goes on until an element is long, wrong or near an end, which is left to Go.
//
// Start reading at snappy.go.
package lz77
