// Package csv reads and writes comma-separated values (RFC 4180, with Flink's options) in vectors.
//
// Delimiters, line feeds and quotes are found 64 bytes at once (index.go, quotes.go). Records of the right number of fields, bare or in
// quotes, are read from there column by column (fields.go), where one that is not wanted costs nothing; any other record goes through
// the scanner, which knows doubled quotes and escapes. A record belongs to the range of a file in which it begins.
//
// An empty field without quotes is NULL in a column that is no text, and in one that is where the null literal is empty. Infer finds
// delimiter, header and types from the beginning of a file.
//
// Start reading at Format.
package csv
