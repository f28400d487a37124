package filesystem

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// renamePortable never replaces: link(2) fails where a file exists, and rename(2) of a directory replaces only the empty
// directory that was made for it a moment before. A crash between link and unlink leaves both names on one file; the next
// call finishes that.
func renamePortable(from, to string) error {
	source, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if source.IsDir() {
		if err := os.Mkdir(to, 0o777); err != nil {
			return err
		}
		if err := syscall.Rename(from, to); err != nil { // os.Rename would refuse the directory that is there
			return errors.Join(err, os.Remove(to))
		}
		return nil
	}
	if err := os.Link(from, to); err != nil {
		target, statErr := os.Lstat(to)
		if statErr != nil || !os.SameFile(source, target) {
			return err
		}
	}
	if err := os.Remove(from); err != nil {
		return fmt.Errorf("%s is in place, but its old name stays: %w", to, err)
	}
	return nil
}
