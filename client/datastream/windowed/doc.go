// Package windowed tests windows of every kind: scripts in testdata/windows say which records come and what is emitted. It holds
// tests only.
package windowed
