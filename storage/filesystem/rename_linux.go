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

// mounted tells whether a directory is a mount point, as far as the kernel says.
func mounted(dir string) bool {
	var s unix.Statx_t
	return unix.Statx(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW, 0, &s) == nil && s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

// exchange uses renameat2(2), which some file systems (NFS, some FUSE) and kernels do not know.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return err
}
