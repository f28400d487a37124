package processes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Disk is a small file system in memory that can be full.
type Disk struct{ Dir string }

// NewDisk mounts one of a size, such as 4m, at a folder, which is made if it is not there. Only root may do that.
func NewDisk(t testing.TB, dir, size string) (*Disk, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("mounting a small file system needs root")
	}
	require.NoError(t, os.MkdirAll(dir, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mounting a small file system: %w: %s", err, out)
	}
	t.Cleanup(func() { // a program that ends may still hold it
		out, err := exec.Command("umount", "-l", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return &Disk{dir}, nil
}

// ballast is the name of what fills a disk.
const ballast = "ballast"

// Fill writes until there is no space left.
func (d *Disk) Fill(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(d.Dir, ballast), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer f.Close()                      // what has not been written does not matter
	for size := 1 << 20; size >= 4096; { // the last bytes in small steps
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 16
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// Empty gives the space back.
func (d *Disk) Empty(t testing.TB) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(d.Dir, ballast)))
}
