package fstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
)

// Env is what one test works on.
type Env struct {
	*require.Assertions
	T    *testing.T
	Ctx  context.Context
	FS   filesystem.FileSystem
	Root string // an empty directory of its own
}

// Path is a path below the test's directory.
func (e *Env) Path(elements ...string) string {
	return path.Join(append([]string{e.Root}, elements...)...)
}

// Write makes a file with the given content.
func (e *Env) Write(p, content string) {
	e.T.Helper()
	w, err := e.FS.Create(e.Ctx, p)
	e.NoError(err)
	_, err = io.WriteString(w, content)
	e.NoError(err)
	e.NoError(w.Close())
}

// Read returns the content of a file.
func (e *Env) Read(p string) string {
	e.T.Helper()
	f, err := e.FS.Open(e.Ctx, p)
	e.NoError(err)
	data, err := io.ReadAll(f)
	e.NoError(err)
	e.NoError(f.Close())
	return string(data)
}

// Names returns the names in a directory.
func (e *Env) Names(dir string) []string {
	e.T.Helper()
	infos, err := e.FS.List(e.Ctx, dir)
	e.NoError(err)
	names := []string{}
	for _, i := range infos {
		names = append(names, i.Name())
	}
	return names
}

// Gone checks that nothing is at a path.
func (e *Env) Gone(p string) {
	e.T.Helper()
	_, err := e.FS.Stat(e.Ctx, p)
	e.ErrorIs(err, filesystem.ErrNotExist)
}

// kind checks that an error has one kind and no other, and that it is a PathError.
func (e *Env) kind(err, want error) {
	e.T.Helper()
	e.Error(err)
	for _, k := range []error{filesystem.ErrNotExist, filesystem.ErrExist, filesystem.ErrPermission, filesystem.ErrNoSpace, filesystem.ErrBusy} {
		e.Equal(k == want, errors.Is(err, k), "kind %v of: %v", k, err)
	}
	var pe *filesystem.PathError
	e.ErrorAs(err, &pe)
	e.NotEmpty(pe.Op)
	e.NotEmpty(pe.Path)
}

var tests = []struct {
	name string
	run  func(*Env)
}{
	{"RoundTrip", testRoundTrip},
	{"EmptyFile", testEmptyFile},
	{"Seek", testSeek},
	{"ReadAt", testReadAt},
	{"OpenErrors", testOpenErrors},
	{"Stat", testStat},
	{"List", testList},
	{"OddNames", testOddNames},
	{"CreateNeverOverwrites", testCreateNeverOverwrites},
	{"CreateRace", testCreateRace},
	{"Abort", testAbort},
	{"Exchange", testExchange},
	{"Rename", testRename},
	{"RenameNeverOverwrites", testRenameNeverOverwrites},
	{"RenameRace", testRenameRace},
	{"RenameDirectory", testRenameDirectory},
	{"Remove", testRemove},
	{"MkdirAll", testMkdirAll},
	{"Commit", testCommit},
	{"AtomicWriter", testAtomicWriter},
	{"AtomicWriterTwoPhase", testAtomicWriterTwoPhase},
	{"CancelledContext", testCancelledContext},
}

// Run runs the suite. open returns a file system and a directory in it that exists, is empty and belongs to the test.
func Run(t *testing.T, open func(t *testing.T) (fs filesystem.FileSystem, root string)) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fs, root := open(t)
			test.run(&Env{Assertions: require.New(t), T: t, Ctx: t.Context(), FS: fs, Root: root})
		})
	}
}

// race calls f from n goroutines at the same time and returns how many got nil; the others must get ErrExist.
func race(e *Env, n int, f func(i int) error) (winners int) {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			winners++
		} else {
			e.kind(err, filesystem.ErrExist)
		}
	}
	return winners
}

func name(i int) string { return fmt.Sprintf("file-%d", i) }
