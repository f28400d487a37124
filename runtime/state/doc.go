// Package state holds the keyed state of operators.
//
// Keyed gives each key of one operator sub-task a slot, for a whole batch in one access (Acquire). A state is a Column: a
// value for each slot. Operators that compute on batches index columns by slot; user functions see Value, List, Map,
// Reducing and Aggregating states of the current key, which are columns with manners.
//
// Keys are compared and hashed by column.Hasher's canonical form, and their slots lie in tables without pointers. A key
// whose states are all empty may be removed; its slot is used again.
//
// All of it belongs to the task's goroutine.
//
// Start reading at Keyed.
package state
