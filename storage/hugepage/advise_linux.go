package hugepage

import "golang.org/x/sys/unix"

// advise asks for large pages. That a kernel has none is no error.
func advise(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }
