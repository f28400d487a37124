// Package result prints tables: for people (table), for other programs (csv, json).
//
//	table   drawn with lines, as Flink's tableau: cells at the right, NULL as <NULL>, the number of rows below
//	csv     a header, then a line for each row; NULL is a text that can be chosen, the empty text is quoted
//	json    an object a line; numbers, booleans, arrays and objects (of rows and maps) are such, everything else is text, NULL is null
//
// Values are printed as CAST AS STRING prints them, bytes as x'0a'. Start reading at writer.go.
package result
