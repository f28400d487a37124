package fstest

import (
	"errors"
	"io"
	"slices"

	"github.com/leatproject/leat/storage/filesystem"
)

func testList(e *Env) {
	e.Empty(e.Names(e.Root))
	e.Write(e.Path("b"), "12")
	e.Write(e.Path("a/deep"), "1")
	e.Write(e.Path(".hidden"), "")
	e.Write(e.Path("_SUCCESS"), "")
	infos, err := e.FS.List(e.Ctx, e.Root)
	e.NoError(err)
	e.Equal([]string{".hidden", "_SUCCESS", "a", "b"}, e.Names(e.Root))
	e.Equal(e.Path("a"), infos[2].Path)
	e.True(infos[2].IsDir)
	e.EqualValues(2, infos[3].Size)
	_, err = e.FS.List(e.Ctx, e.Path("missing"))
	e.kind(err, filesystem.ErrNotExist)
	_, err = e.FS.List(e.Ctx, e.Path("b"))
	e.kind(err, nil)
}

func testOddNames(e *Env) {
	names := []string{"with space", "100%25", "a?b", "a*b", "[x]", "#1", "plus+", "k=v,w", "\u00fcml\u00e4ut", "back\\slash"}
	for _, n := range names {
		e.Write(e.Path("dir "+n, n), n)
		e.Equal(n, e.Read(e.Path("dir "+n, n)))
		e.NoError(e.FS.Rename(e.Ctx, e.Path("dir "+n, n), e.Path("all", n)))
	}
	slices.Sort(names)
	e.Equal(names, e.Names(e.Path("all")))
}

func testCreateNeverOverwrites(e *Env) {
	e.Write(e.Path("f"), "old")
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("d")))
	_, err := e.FS.Create(e.Ctx, e.Path("f"))
	e.kind(err, filesystem.ErrExist)
	_, err = e.FS.Create(e.Ctx, e.Path("d"))
	e.kind(err, filesystem.ErrExist)
	_, err = e.FS.Create(e.Ctx, e.Path("f/below"))
	e.kind(err, filesystem.ErrExist)
	e.Equal("old", e.Read(e.Path("f")))
}

func testCreateRace(e *Env) {
	const n = 8
	writers := make([]filesystem.Writer, n)
	e.Equal(1, race(e, n, func(i int) (err error) {
		writers[i], err = e.FS.Create(e.Ctx, e.Path("new/f"))
		return err
	}))
	for i, w := range writers {
		if w != nil {
			_, err := io.WriteString(w, name(i))
			e.NoError(err)
			e.NoError(w.Close())
			e.Equal(name(i), e.Read(e.Path("new/f")))
		}
	}
}

func testRename(e *Env) {
	e.Write(e.Path("a"), "one")
	e.NoError(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("new/dir/b")))
	e.Gone(e.Path("a"))
	e.Equal("one", e.Read(e.Path("new/dir/b")))
	e.kind(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("c")), filesystem.ErrNotExist)
	e.kind(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("new/dir/b")), filesystem.ErrNotExist)
}

func testRenameNeverOverwrites(e *Env) {
	e.Write(e.Path("a"), "one")
	e.Write(e.Path("b"), "two")
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("d")))
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("empty")))
	e.kind(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("b")), filesystem.ErrExist)
	e.kind(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("empty")), filesystem.ErrExist)
	e.kind(e.FS.Rename(e.Ctx, e.Path("d"), e.Path("b")), filesystem.ErrExist)
	e.kind(e.FS.Rename(e.Ctx, e.Path("d"), e.Path("empty")), filesystem.ErrExist)
	e.kind(e.FS.Rename(e.Ctx, e.Path("a"), e.Path("b/below")), filesystem.ErrExist)
	e.Equal("one", e.Read(e.Path("a")))
	e.Equal("two", e.Read(e.Path("b")))
}

func testRenameRace(e *Env) {
	const n = 8
	for i := range n {
		e.Write(e.Path(name(i)), name(i))
	}
	winner := make([]bool, n)
	e.Equal(1, race(e, n, func(i int) error {
		err := e.FS.Rename(e.Ctx, e.Path(name(i)), e.Path("out/f"))
		winner[i] = err == nil
		return err
	}))
	for i := range n {
		if winner[i] {
			e.Equal(name(i), e.Read(e.Path("out/f")))
			e.Gone(e.Path(name(i)))
		} else {
			e.Equal(name(i), e.Read(e.Path(name(i))))
		}
	}
}

func testRenameDirectory(e *Env) {
	e.Write(e.Path("d/sub/f"), "x")
	e.NoError(e.FS.Rename(e.Ctx, e.Path("d"), e.Path("new/e")))
	e.Gone(e.Path("d"))
	e.Equal("x", e.Read(e.Path("new/e/sub/f")))
	e.kind(e.FS.Rename(e.Ctx, e.Path("new/e"), e.Path("new/e/inside")), nil)
	e.Equal("x", e.Read(e.Path("new/e/sub/f")))
}

func testRemove(e *Env) {
	e.Write(e.Path("d/f"), "x")
	e.kind(e.FS.Remove(e.Ctx, e.Path("d")), filesystem.ErrExist)
	e.NoError(e.FS.Remove(e.Ctx, e.Path("d/f")))
	e.NoError(e.FS.Remove(e.Ctx, e.Path("d/f")), "gone already")
	e.NoError(e.FS.Remove(e.Ctx, e.Path("d")))
	e.NoError(e.FS.Remove(e.Ctx, e.Path("d")))
	e.NoError(e.FS.Remove(e.Ctx, e.Path("never/was")))
	e.Gone(e.Path("d"))
}

func testMkdirAll(e *Env) {
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("a/b/c")))
	e.NoError(e.FS.MkdirAll(e.Ctx, e.Path("a/b/c")))
	info, err := e.FS.Stat(e.Ctx, e.Path("a/b/c"))
	e.NoError(err)
	e.True(info.IsDir)
	e.Write(e.Path("f"), "x")
	e.kind(e.FS.MkdirAll(e.Ctx, e.Path("f")), filesystem.ErrExist)
	e.kind(e.FS.MkdirAll(e.Ctx, e.Path("f/below")), filesystem.ErrExist)
}

// testExchange is for those that can.
func testExchange(e *Env) {
	x, ok := e.FS.(filesystem.Exchanger)
	if !ok {
		return
	}
	e.Write(e.Path("a/one"), "1")
	e.Write(e.Path("a/deep/two"), "2")
	e.Write(e.Path("ab/three"), "3")
	if err := x.Exchange(e.Ctx, e.Path("a"), e.Path("ab")); errors.Is(err, errors.ErrUnsupported) {
		return
	} else {
		e.NoError(err)
	}
	e.Equal([]string{"three"}, e.Names(e.Path("a")))
	e.Equal([]string{"deep", "one"}, e.Names(e.Path("ab")))
	e.Equal("2", e.Read(e.Path("ab/deep/two")))
	e.kind(x.Exchange(e.Ctx, e.Path("a"), e.Path("missing")), filesystem.ErrNotExist)
	e.kind(x.Exchange(e.Ctx, e.Path("missing"), e.Path("a")), filesystem.ErrNotExist)
	e.Error(x.Exchange(e.Ctx, e.Path("ab"), e.Path("ab/deep")))
	e.Error(x.Exchange(e.Ctx, e.Path("ab/deep"), e.Path("ab")))
	e.Equal("2", e.Read(e.Path("ab/deep/two")))
}
