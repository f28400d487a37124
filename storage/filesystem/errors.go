package filesystem

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// The kinds of failure that callers tell apart by errors.Is.
var (
	ErrNotExist   = fs.ErrNotExist                     // gone, or never there
	ErrExist      = fs.ErrExist                        // the name is taken; a directory is not empty
	ErrPermission = fs.ErrPermission                   // denied to this user
	ErrNoSpace    = errors.New("no space left")        // disk full or quota used up
	ErrBusy       = errors.New("temporarily unusable") // overloaded, starting, held by another: the same call may succeed later
)

var remedies = map[error]string{
	ErrPermission: "check the owner and mode of the path and of its parent directories",
	ErrNoSpace:    "free space or raise the quota, or choose another directory",
	ErrBusy:       "try again later",
}

// PathError says which operation on which path failed, and how. It matches both its kind and its cause by errors.Is.
type PathError struct {
	Op     string // "open", "stat", "list", "create", "read", "write", "close", "rename", "remove", "mkdir"
	Path   string
	Kind   error  // one of the kinds above, or nil
	Err    error  // the cause; may be nil when Kind says it all
	Remedy string // what the user can do; empty for the usual advice of the kind
}

// NewPathError makes a PathError and derives the kind from the cause. It returns nil for a nil cause and leaves an error
// that already is a PathError alone.
func NewPathError(op, path string, err error) error {
	var known *PathError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &PathError{Op: op, Path: path, Kind: kindOf(err), Err: err}
}

// Error implements error.
func (e *PathError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + " " + e.Path + ": ")
	switch {
	case e.Err != nil:
		b.WriteString(cause(e.Err))
	case e.Kind != nil:
		b.WriteString(e.Kind.Error())
	default:
		b.WriteString("failed")
	}
	remedy := e.Remedy
	if remedy == "" {
		remedy = remedies[e.Kind]
	}
	if remedy != "" {
		b.WriteString("; " + remedy)
	}
	return b.String()
}

// Unwrap makes errors.Is and errors.As look at kind and cause.
func (e *PathError) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// cause drops the operation and path that the standard library has put in front, for they are said already.
func cause(err error) string {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err.Error()
	case *os.LinkError:
		return e.Err.Error()
	}
	return err.Error()
}

func kindOf(err error) error {
	for _, kind := range []error{ErrNotExist, ErrExist, ErrPermission, ErrNoSpace, ErrBusy} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return nil
	}
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT:
		return ErrNoSpace
	case syscall.EBUSY, syscall.EAGAIN, syscall.ETXTBSY, syscall.EMFILE, syscall.ENFILE:
		return ErrBusy
	case syscall.EROFS:
		return ErrPermission
	}
	return nil
}
