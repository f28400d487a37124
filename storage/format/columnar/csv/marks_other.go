//go:build !amd64

package csv

// mark finds the special bytes of so many whole blocks.
func mark(b []byte, delimiter, quote byte, m []marks) { markPlain(b, delimiter, quote, m) }
