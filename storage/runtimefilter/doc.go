// Package runtimefilter has what one side of a join knows, when it has been read, about the rows of the other that can have a partner.
//
//	Builder.Add(key columns) ... Builder.Filter -> AppendBinary -> Decode at each reader -> Merge -> Select
//
// A Filter is a Bloom filter of the hashes of the keys (package vector), and of keys that are integers in memory the least and the
// greatest value, or all of them if they are few: those can be compared with what files say of their parts before they are read. A
// filter never drops a row that has a partner. A Builder whose keys are too many for its memory gives a filter that drops nothing.
//
// Start reading at filter.go.
package runtimefilter
