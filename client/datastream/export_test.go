package datastream

import "github.com/leatproject/leat/storage/spill"

// WithSpillFS replaces the file system of spill files.
func WithSpillFS(fs spill.FS) Option { return func(e *Environment) { e.spillFS = fs } }
