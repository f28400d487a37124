package fstest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
)

func testRoundTrip(e *Env) {
	data := make([]byte, 3<<20+17)
	rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	w, err := e.FS.Create(e.Ctx, e.Path("new/dir/f"))
	e.NoError(err)
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 100_003)
		written, err := w.Write(rest[:n])
		e.NoError(err)
		e.Equal(n, written)
		rest = rest[n:]
	}
	e.NoError(w.Close())
	e.NoError(w.Close(), "closing again returns the first result")
	e.NoError(w.Abort(), "after Close, Abort does nothing")

	f, err := e.FS.Open(e.Ctx, e.Path("new/dir/f"))
	e.NoError(err)
	e.EqualValues(len(data), f.Size())
	got, err := io.ReadAll(f)
	e.NoError(err)
	e.True(bytes.Equal(data, got))
	n, err := f.Read(make([]byte, 1))
	e.Zero(n)
	e.Equal(io.EOF, err)
	e.NoError(f.Close())
}

func testEmptyFile(e *Env) {
	e.Write(e.Path("f"), "")
	e.Equal("", e.Read(e.Path("f")))
	info, err := e.FS.Stat(e.Ctx, e.Path("f"))
	e.NoError(err)
	e.Zero(info.Size)
}

func testSeek(e *Env) {
	e.Write(e.Path("f"), "0123456789")
	f, err := e.FS.Open(e.Ctx, e.Path("f"))
	e.NoError(err)
	defer f.Close() // read only
	read := func(want string) {
		got := make([]byte, len(want))
		_, err := io.ReadFull(f, got)
		e.NoError(err)
		e.Equal(want, string(got))
	}
	for _, c := range []struct {
		offset int64
		whence int
		want   int64
	}{{4, io.SeekStart, 4}, {1, io.SeekCurrent, 7}, {-10, io.SeekEnd, 0}} {
		at, err := f.Seek(c.offset, c.whence)
		e.NoError(err)
		e.Equal(c.want, at)
		read("0123456789"[c.want : c.want+2])
	}
	at, err := f.Seek(0, io.SeekEnd)
	e.NoError(err)
	e.EqualValues(10, at)
	_, err = f.Read(make([]byte, 1))
	e.Equal(io.EOF, err)
	_, err = f.Seek(-1, io.SeekStart)
	e.Error(err)
}

func testReadAt(e *Env) {
	data := make([]byte, 1<<20+5)
	rand.NewChaCha8([32]byte{2}).Read(data) // never fails
	e.Write(e.Path("f"), string(data))
	f, err := e.FS.Open(e.Ctx, e.Path("f"))
	e.NoError(err)
	defer f.Close() // read only
	head := make([]byte, 10)
	_, err = io.ReadFull(f, head)
	e.NoError(err)

	var wg sync.WaitGroup
	for i := range 4 {
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		wg.Go(func() {
			for range 8 {
				off, n := rng.IntN(len(data)), 1+rng.IntN(70_000)
				buf := make([]byte, n)
				got, err := f.ReadAt(buf, int64(off))
				want := data[off:min(off+n, len(data))]
				if got < n && err != io.EOF || got == n && err != nil && err != io.EOF || !bytes.Equal(want, buf[:got]) {
					e.T.Errorf("ReadAt(%d bytes, %d) = %d, %v; content right: %t", n, off, got, err, bytes.Equal(want, buf[:got]))
				}
			}
		})
	}
	wg.Wait()

	n, err := f.ReadAt(make([]byte, 1), int64(len(data)))
	e.Zero(n)
	e.Equal(io.EOF, err)
	_, err = f.ReadAt(make([]byte, 1), -1)
	e.Error(err)
	next := make([]byte, 10)
	_, err = io.ReadFull(f, next)
	e.NoError(err)
	e.Equal(data[10:20], next, "ReadAt does not move the offset of Read")
}

func testOpenErrors(e *Env) {
	_, err := e.FS.Open(e.Ctx, e.Path("missing"))
	e.kind(err, filesystem.ErrNotExist)
	_, err = e.FS.Open(e.Ctx, e.Path("missing/f"))
	e.kind(err, filesystem.ErrNotExist)
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("d")))
	_, err = e.FS.Open(e.Ctx, e.Path("d"))
	e.kind(err, nil)
}

func testAbort(e *Env) {
	w, err := e.FS.Create(e.Ctx, e.Path("f"))
	e.NoError(err)
	_, err = io.WriteString(w, "some")
	e.NoError(err)
	e.NoError(w.Abort())
	e.Gone(e.Path("f"))
	e.Error(w.Close(), "an aborted file cannot be completed")
	e.Gone(e.Path("f"))
	e.NoError(w.Abort())

	ctx, cancel := context.WithCancel(e.Ctx)
	w, err = e.FS.Create(ctx, e.Path("g"))
	e.NoError(err)
	cancel()
	e.NoError(w.Abort(), "Abort works when the context has ended")
	e.Gone(e.Path("g"))
}

func testCommit(e *Env) {
	e.Write(e.Path("a"), "one")
	e.NoError(filesystem.Commit(e.Ctx, e.FS, e.Path("a"), e.Path("out/b")))
	e.NoError(filesystem.Commit(e.Ctx, e.FS, e.Path("a"), e.Path("out/b")), "committed before")
	e.Equal("one", e.Read(e.Path("out/b")))
	e.kind(filesystem.Commit(e.Ctx, e.FS, e.Path("a"), e.Path("c")), filesystem.ErrNotExist)
	e.Write(e.Path("d"), "two")
	e.kind(filesystem.Commit(e.Ctx, e.FS, e.Path("d"), e.Path("out/b")), filesystem.ErrExist)
	e.Equal("one", e.Read(e.Path("out/b")))
}

func testAtomicWriter(e *Env) {
	w, err := filesystem.CreateAtomic(e.Ctx, e.FS, e.Path("f"))
	e.NoError(err)
	_, err = io.WriteString(w, "whole")
	e.NoError(err)
	e.Gone(e.Path("f"))
	for _, n := range e.Names(e.Root) {
		e.True(filesystem.Hidden(n), n)
	}
	e.NoError(w.Close())
	e.NoError(w.Close())
	e.NoError(w.Abort())
	e.Equal("whole", e.Read(e.Path("f")))
	e.Equal([]string{"f"}, e.Names(e.Root))

	w, err = filesystem.CreateAtomic(e.Ctx, e.FS, e.Path("f"))
	e.NoError(err)
	e.kind(w.Close(), filesystem.ErrExist)
	e.NoError(w.Abort())
	e.Equal("whole", e.Read(e.Path("f")))
	e.Equal([]string{"f"}, e.Names(e.Root))
}

func testAtomicWriterTwoPhase(e *Env) {
	w, err := filesystem.CreateAtomic(e.Ctx, e.FS, e.Path("f"))
	e.NoError(err)
	_, err = io.WriteString(w, "whole")
	e.NoError(err)
	hidden, err := w.Prepare()
	e.NoError(err)
	e.Gone(e.Path("f"))
	e.Equal("whole", e.Read(hidden))
	e.NoError(filesystem.Commit(e.Ctx, e.FS, hidden, e.Path("f")))
	e.NoError(w.Close(), "committed by another")
	e.Equal("whole", e.Read(e.Path("f")))

	w, err = filesystem.CreateAtomic(e.Ctx, e.FS, e.Path("g"))
	e.NoError(err)
	_, err = w.Prepare()
	e.NoError(err)
	e.NoError(w.Abort())
	e.Equal([]string{"f"}, e.Names(e.Root))
}

func testCancelledContext(e *Env) {
	e.Write(e.Path("f"), "x")
	ctx, cancel := context.WithCancel(e.Ctx)
	cancel()
	_, err := e.FS.Open(ctx, e.Path("f"))
	e.ErrorIs(err, context.Canceled)
	_, err = e.FS.Stat(ctx, e.Path("f"))
	e.ErrorIs(err, context.Canceled)
	_, err = e.FS.List(ctx, e.Root)
	e.ErrorIs(err, context.Canceled)
	_, err = e.FS.Create(ctx, e.Path("g"))
	e.ErrorIs(err, context.Canceled)
	e.ErrorIs(e.FS.Rename(ctx, e.Path("f"), e.Path("g")), context.Canceled)
	e.ErrorIs(e.FS.Remove(ctx, e.Path("f")), context.Canceled)
	e.ErrorIs(e.FS.MkdirAll(ctx, e.Path("d")), context.Canceled)
	e.Equal([]string{"f"}, e.Names(e.Root))
}

func testStat(e *Env) {
	e.Write(e.Path("f"), "12345")
	info, err := e.FS.Stat(e.Ctx, e.Path("f"))
	e.NoError(err)
	e.Equal(e.Path("f"), info.Path)
	e.Equal("f", info.Name())
	e.EqualValues(5, info.Size)
	e.False(info.IsDir)
	e.WithinDuration(time.Now(), info.ModTime, time.Hour)
	info, err = e.FS.Stat(e.Ctx, e.Root)
	e.NoError(err)
	e.True(info.IsDir)
	e.Zero(info.Size)
	_, err = e.FS.Stat(e.Ctx, e.Path("missing"))
	e.kind(err, filesystem.ErrNotExist)
	_, err = e.FS.Stat(e.Ctx, e.Path("f/below"))
	e.kind(err, filesystem.ErrNotExist)
}
