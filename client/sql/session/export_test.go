package session

// SetFilterRows sets from how many rows on tables are read with runtime filters, and returns what it was.
func SetFilterRows(n float64) (old float64) {
	old, filterRows = filterRows, n
	return old
}
