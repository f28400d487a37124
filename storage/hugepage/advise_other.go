//go:build !linux

package hugepage

// advise does nothing: only Linux waits to be asked.
func advise([]byte) {}
