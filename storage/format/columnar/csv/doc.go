// Package csv reads and writes comma-separated values (RFC 4180, with Flink's options) in vectors.
//
// Delimiters and line feeds are found 64 bytes at once (index.go). Lines of the right number of fields without quotes are read from there
// column by column (fields.go), where one that is not wanted costs nothing; any other record goes through the scanner, which knows quotes,
// escapes and lines within quotes. A record belongs to the range of a file in which it begins.
//
// An empty field without quotes is NULL in a column that is no text, and in one that is where the null literal is empty. Infer finds
// delimiter, header and types from the beginning of a file.
//
// Start reading at Format.
package csv
