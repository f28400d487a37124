// Package json reads and writes lines of JSON objects in vectors, as Flink's format json.
//
// A record is one line. The names of a record are expected in the order of the one before it, so that mostly one comparison finds the
// column; strings end where the index of the record says (jsontext.Index). What is not wanted is not decoded, but checked: a record that is
// broken anywhere is a broken one, as for Flink. A name that is missing is NULL, one that stands twice counts the last time. A column of
// type STRING takes any value: an object or array becomes its text.
//
// Nested types are filled in place: an object is a ROW, or a MAP or MULTISET whose keys are texts, an array an ARRAY. What is compiled for a
// column is a tree of slots; of a ROW only the fields that are wanted (columnar.Field.Parts) have one.
//
// Start reading at Format, then reader.go.
package json
