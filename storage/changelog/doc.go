// Package changelog is what rows of a stream of changes are: a row is added, or one that was added is taken back.
//
// SQL's batches carry the kind of a row in a hidden column behind the others, named Column and of type Type. A batch without that
// column adds all of its rows.
package changelog
