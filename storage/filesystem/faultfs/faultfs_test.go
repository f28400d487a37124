package faultfs_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/fstest"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

var errInjected = errors.New("injected")

func TestConformanceWithoutRules(t *testing.T) {
	fstest.Run(t, func(t *testing.T) (filesystem.FileSystem, string) {
		fs := faultfs.New(memfs.New(time.Now))
		require.NoError(t, fs.MkdirAll(t.Context(), "/root"))
		return fs, "/root"
	})
}

func write(t *testing.T, fs filesystem.FileSystem, path, content string) {
	t.Helper()
	w, err := fs.Create(t.Context(), path)
	require.NoError(t, err)
	_, err = io.WriteString(w, content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

func TestNthOperationFails(t *testing.T) {
	fs := faultfs.New(memfs.New(time.Now), &faultfs.Rule{When: faultfs.On(faultfs.OpStat), After: 1, Times: 1, Err: errInjected})
	for _, want := range []error{nil, errInjected, nil} {
		_, err := fs.Stat(t.Context(), "/")
		require.ErrorIs(t, err, want)
	}
	require.Len(t, fs.Ops(), 3)
}

func TestTornWriteAndRead(t *testing.T) {
	inner := memfs.New(time.Now)
	fs := faultfs.New(inner, &faultfs.Rule{When: faultfs.On(faultfs.OpWrite), Err: filesystem.ErrBusy, Short: 2, Times: 1})
	w, err := fs.Create(t.Context(), "/f")
	require.NoError(t, err)
	n, err := w.Write([]byte("abc"))
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.NoError(t, w.Close())

	fs.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpRead), Short: 1, Times: 1})
	f, err := fs.Open(t.Context(), "/f")
	require.NoError(t, err)
	buf := make([]byte, 2)
	n, err = f.Read(buf)
	require.NoError(t, err)
	require.Equal(t, 1, n, "a short read is no error")
	n, err = f.ReadAt(buf, 0)
	require.NoError(t, err)
	require.Equal(t, "ab", string(buf[:n]))
}

func TestLostAnswers(t *testing.T) {
	inner := memfs.New(time.Now)
	fs := faultfs.New(inner, &faultfs.Rule{When: faultfs.On(faultfs.OpRename, faultfs.OpClose), Err: filesystem.ErrBusy, Lost: true})
	w, err := fs.Create(t.Context(), "/a")
	require.NoError(t, err)
	require.ErrorIs(t, w.Close(), filesystem.ErrBusy)
	require.NoError(t, w.Abort())
	_, err = inner.Stat(t.Context(), "/a")
	require.ErrorIs(t, err, filesystem.ErrNotExist)

	write(t, inner, "/b", "x")
	require.ErrorIs(t, fs.Rename(t.Context(), "/b", "/c"), filesystem.ErrBusy)
	_, err = inner.Stat(t.Context(), "/c")
	require.NoError(t, err)
}

func TestSlowServer(t *testing.T) {
	entered, release := make(chan faultfs.Op, 1), make(chan struct{})
	fs := faultfs.New(memfs.New(time.Now), &faultfs.Rule{When: faultfs.On(faultfs.OpList), Before: func(ctx context.Context, op faultfs.Op) error {
		entered <- op
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	done := make(chan error)
	list := func(ctx context.Context) {
		_, err := fs.List(ctx, "/")
		done <- err
	}
	go list(t.Context())
	require.Equal(t, faultfs.Op{Name: faultfs.OpList, Path: "/"}, <-entered)
	release <- struct{}{}
	require.NoError(t, <-done)

	ctx, cancel := context.WithCancel(t.Context())
	go list(ctx)
	<-entered
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestLimitSpaceIsSharedByFiles(t *testing.T) {
	fs := faultfs.New(memfs.New(time.Now))
	fs.LimitSpace(5)
	write(t, fs, "/a", "123")
	w, err := fs.Create(t.Context(), "/b")
	require.NoError(t, err)
	n, err := io.WriteString(w, "456")
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	fs.LimitSpace(-1)
	_, err = io.WriteString(w, "6")
	require.NoError(t, err)
}
