package memfs_test

import (
	"testing"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/fstest"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

func TestConformance(t *testing.T) {
	fstest.Run(t, func(*testing.T) (filesystem.FileSystem, string) {
		fs := memfs.New(time.Now)
		if err := fs.MkdirAll(t.Context(), "/root"); err != nil {
			t.Fatal(err)
		}
		return fs, "/root"
	})
}
