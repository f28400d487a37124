package datatype

// Parts are the fields of a ROW that somebody wants, by their place, with what is wanted of each that is a ROW itself; nil: all of it.
type Parts map[int]Parts
