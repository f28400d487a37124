// Package raw reads and writes lines as values of the one column that a table has, as Flink's format raw does with records.
//
// A text is its bytes, a binary value too: a file of lines. Other types are read and written as the text formats print them.
//
// Start reading at Format.
package raw
