package filesystem

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameNoReplace uses renameat2(2), except on file systems that do not know RENAME_NOREPLACE (NFS, some FUSE).
func renameNoReplace(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return renamePortable(from, to)
	}
	return err
}
