// Package spilltest provides a file system for spill files that fails on purpose: a full disk, flipped bits, short
// reads. Tests give it to spill.OpenDir. Start reading at FaultFS.
package spilltest
