//go:build !amd64

package jsontext

// classify finds the special bytes of so many whole blocks.
func classify(b []byte, m []marks) { classifyPlain(b, m) }
