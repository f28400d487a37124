// Package jsontext walks over the text of JSON values in place: white space, names, strings, numbers, and what is to be skipped.
//
// Every function takes the text and a place in it and returns the place behind what it has read; nothing is allocated but for strings
// that hold escapes.
//
// An Index of a text finds the ends of its strings at once.
//
// Start reading at scan.go, then index.go.
package jsontext
