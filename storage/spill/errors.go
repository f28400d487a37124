package spill

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Kind tells what went wrong with spilling, so that a caller who knows the configuration can name the key to change.
type Kind uint8

const (
	// NoSpace: the disk or the quota of a spill directory is full. Remedy: more or larger directories.
	NoSpace Kind = iota + 1
	// Corrupt: a spill file does not hold what was written to it. Remedy: run the task again, look at the disk.
	Corrupt
	// Budget: the bytes do not fit into the memory budget even after everything spillable was spilled.
	Budget
	// IO: any other failure of a spill directory, such as missing permission.
	IO
)

// String returns the name of k as it appears in logs and metrics.
func (k Kind) String() string {
	switch k {
	case NoSpace:
		return "no space"
	case Corrupt:
		return "corrupt"
	case Budget:
		return "budget"
	case IO:
		return "io"
	}
	return "unknown"
}

// Error is the error of every operation of this package that failed for a reason outside the program.
type Error struct {
	Kind Kind
	// Dir is the spill directory as it was configured, Path the file in it; both are empty for Budget.
	Dir, Path string
	// Offset is the position in the file at which the failure was noticed.
	Offset int64
	// Bytes is what the spill files of this process occupied in Dir (NoSpace), or what was asked for (Budget).
	Bytes int64
	// Err is the cause.
	Err error
}

// Error names the place, the cause and the remedy.
func (e *Error) Error() string {
	switch e.Kind {
	case NoSpace:
		return fmt.Sprintf("spill directory %s is full: %v at offset %d of %s, with %d bytes of spill files of this process in it: "+
			"free space there or configure larger directories for temporary files", e.Dir, e.Err, e.Offset, e.Path, e.Bytes)
	case Corrupt:
		return fmt.Sprintf("spill file %s is corrupt at offset %d: %v: check the disk of %s and run the job again",
			e.Path, e.Offset, e.Err, e.Dir)
	case Budget:
		return fmt.Sprintf("memory budget exceeded: %v: give the task more memory", e.Err)
	}
	return fmt.Sprintf("spill directory %s failed: %v: check that it exists, is writable and its disk is healthy", e.Dir, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// kindOf classifies an error of the file system.
func kindOf(err error) Kind {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return NoSpace
	}
	return IO
}

// cause drops the path from a file system error: Error names it already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
