// Package checkpointtest is what a file system must do for checkpoints: tests of a Store on it.
package checkpointtest
