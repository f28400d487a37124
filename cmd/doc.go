// Package cmd holds the commands: leat, the one binary of every role, and examples, programs to read and to copy.
package cmd
