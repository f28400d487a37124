// Package columnar reads and writes rows that have a schema, straight into and out of vectors. Its sub-packages are the formats.
//
//	csv, json, raw   text, by byte ranges of a file
//	parquet          by row groups, with statistics that leave out what a filter excludes
//	arrow, avro      by blocks
//
// A format is compiled once for the columns that are wanted; what is not wanted is skipped, not decoded. This package has what they
// share: Reader and Writer, the sliding Window of the text formats, Column, which puts texts into a vector as values of its type,
// and Append, which prints them.
//
// Texts are Flink's: DATE yyyy-MM-dd, TIME HH:mm:ss, TIMESTAMP yyyy-MM-dd HH:mm:ss.SSS with a blank or a T between, TIMESTAMP_LTZ
// with Z or an offset behind, BINARY in base 64. A record that cannot be read is a format.RecordError; corrupt input is an error
// that names file and place, never a panic.
//
// Start reading at reader.go, then column.go.
package columnar
