package integration

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFullDisk gives spilling, and then the output, a disk of a megabyte.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "size=1m")
	t.Run("while spilling", func(t *testing.T) {
		folder := t.TempDir()
		t.Setenv("LEAT_IO_TMP_DIRS", disk)
		got := runProcess(t, link(t, "sorts"), folder+"/out")
		require.Equal(t, 1, got.code, got.err)
		requireInOrder(t, got.err, []string{"spill directory " + disk + " is full", "no space left on device", "free space there", "io.tmp.dirs"})
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
		require.Empty(t, files(t, folder))
		require.Empty(t, files(t, disk))
	})
	t.Run("output", func(t *testing.T) {
		got := runProcess(t, link(t, "sorts"), disk+"/out")
		require.Equal(t, 1, got.code, got.err)
		requireInOrder(t, got.err, []string{"Sink: Text", disk + "/out", "no space left on device", "free space"})
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
		require.Empty(t, files(t, disk))
	})
}

// smallDisk mounts a small file system in memory, which only root may do.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, size); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) }) // a program that ends may still hold it
	return disk
}
