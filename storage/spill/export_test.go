package spill

// Entry and SortByPrefix are what the benchmarks of package spill_test measure alone.
type Entry = entry

var SortByPrefix = sortByPrefix

// NewEntry makes an Entry.
func NewEntry(prefix uint64, index uint32) Entry { return entry{prefix, index} }
