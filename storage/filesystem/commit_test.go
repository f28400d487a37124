package filesystem_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

func memory() *memfs.FS { return memfs.New(func() time.Time { return time.Unix(1, 0) }) }

func names(t *testing.T, fs filesystem.FileSystem) (names []string) {
	t.Helper()
	infos, err := fs.List(t.Context(), "/")
	require.NoError(t, err)
	for _, i := range infos {
		names = append(names, i.Name())
	}
	return names
}

// Whatever fails while a file is written, nothing of it is visible, and after Abort nothing is left.
func TestAtomicWriterIsWholeOrNothing(t *testing.T) {
	for op, want := range map[string]error{
		faultfs.OpWrite:  filesystem.ErrNoSpace,
		faultfs.OpClose:  filesystem.ErrNoSpace,
		faultfs.OpRename: filesystem.ErrPermission,
	} {
		inner := memory()
		fs := faultfs.New(inner, &faultfs.Rule{When: faultfs.On(op), Err: want, Short: 3})
		w, err := filesystem.CreateAtomic(t.Context(), fs, "/f")
		require.NoError(t, err)
		_, err = io.WriteString(w, "content")
		if err == nil {
			err = w.Close()
		}
		require.ErrorIs(t, err, want, op)
		for _, n := range names(t, inner) {
			require.True(t, filesystem.Hidden(n), n)
		}
		require.NoError(t, w.Abort())
		require.Empty(t, names(t, inner), op)
	}
}

// A file whose creation nobody heard of is not left behind.
func TestAtomicWriterRemovesWhatItMayHaveCreated(t *testing.T) {
	inner := memory()
	_, err := filesystem.CreateAtomic(t.Context(), faultfs.New(inner, &faultfs.Rule{When: faultfs.On(faultfs.OpCreate), Err: filesystem.ErrBusy, Lost: true}), "/f")
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.Empty(t, names(t, inner))

	ctx, cancel := context.WithCancel(t.Context())
	_, err = filesystem.CreateAtomic(ctx, faultfs.New(inner, &faultfs.Rule{When: func(op faultfs.Op) bool {
		if op.Name == faultfs.OpCreate {
			cancel()
		}
		return op.Name == faultfs.OpCreate
	}, Err: context.Canceled, Lost: true}), "/f")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, names(t, inner))
}

func TestAtomicWriterDiskFull(t *testing.T) {
	inner := memory()
	fs := faultfs.New(inner)
	fs.LimitSpace(10)
	w, err := filesystem.CreateAtomic(t.Context(), fs, "/f")
	require.NoError(t, err)
	_, err = io.Copy(w, strings.NewReader(strings.Repeat("x", 100)))
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	require.ErrorContains(t, err, "free space")
	require.NoError(t, w.Abort())
	require.Empty(t, names(t, inner))
}

func TestAtomicWriterCloseCanBeRepeated(t *testing.T) {
	for _, lost := range []bool{false, true} {
		inner := memory()
		fs := faultfs.New(inner, &faultfs.Rule{When: faultfs.On(faultfs.OpRename), Err: filesystem.ErrBusy, Times: 1, Lost: lost})
		w, err := filesystem.CreateAtomic(t.Context(), fs, "/f")
		require.NoError(t, err)
		require.ErrorIs(t, w.Close(), filesystem.ErrBusy)
		require.NoError(t, w.Close())
		require.Equal(t, []string{"f"}, names(t, inner))
	}
}

func TestCommitReportsWhatItCannotFindOut(t *testing.T) {
	inner := memory()
	fs := faultfs.New(inner, &faultfs.Rule{When: faultfs.On(faultfs.OpStat), Err: filesystem.ErrBusy})
	require.ErrorIs(t, filesystem.Commit(t.Context(), fs, "/a", "/b"), filesystem.ErrNotExist)
}

func TestPathError(t *testing.T) {
	for _, c := range []struct {
		cause error
		kind  error
		text  string
	}{
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, filesystem.ErrNotExist, "write /x: no such file or directory"},
		{&os.LinkError{Op: "rename", Old: "/x", New: "/y", Err: syscall.EEXIST}, filesystem.ErrExist, "write /x: file exists"},
		{syscall.EACCES, filesystem.ErrPermission, "write /x: permission denied; check the owner and mode of the path and of its parent directories"},
		{syscall.EROFS, filesystem.ErrPermission, ""},
		{syscall.ENOSPC, filesystem.ErrNoSpace, "write /x: no space left on device; free space or raise the quota, or choose another directory"},
		{syscall.EDQUOT, filesystem.ErrNoSpace, ""},
		{fmt.Errorf("wrapped: %w", syscall.EBUSY), filesystem.ErrBusy, "write /x: wrapped: device or resource busy; try again later"},
		{syscall.EISDIR, nil, "write /x: is a directory"},
		{io.ErrUnexpectedEOF, nil, "write /x: unexpected EOF"},
	} {
		err := filesystem.NewPathError("write", "/x", c.cause)
		require.ErrorIs(t, err, c.cause)
		var pe *filesystem.PathError
		require.ErrorAs(t, err, &pe)
		require.Equal(t, c.kind, pe.Kind, c.cause)
		if c.kind != nil {
			require.ErrorIs(t, err, c.kind)
		}
		if c.text != "" {
			require.EqualError(t, err, c.text)
		}
		require.Same(t, err, filesystem.NewPathError("other", "/y", err), "a PathError stays as it is")
	}
	require.NoError(t, filesystem.NewPathError("write", "/x", nil))
	require.EqualError(t, &filesystem.PathError{Op: "stat", Path: "/x", Kind: filesystem.ErrNotExist}, "stat /x: file does not exist")
	require.EqualError(t, &filesystem.PathError{Op: "read", Path: "/x", Err: errors.New("torn"), Remedy: "mend it"}, "read /x: torn; mend it")
}
