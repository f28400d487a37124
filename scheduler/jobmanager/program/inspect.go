package program

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// ErrNotRunnable is the kind of all errors of Inspect: the file is no program of Leat, or not one for this platform.
var ErrNotRunnable = errors.New("not a program that runs here")

// Info is what a binary says of itself.
type Info struct {
	OS, Arch string // as GOOS and GOARCH
	Main     string // import path of its main package
	Version  string // of Leat that it was built with; "(devel)" for a working copy
}

const module = "github.com/leatproject/leat"

// Inspect reads the build information of a Go binary.
func Inspect(r io.ReaderAt) (Info, error) {
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return Info{}, fmt.Errorf("reading the program: %w", err)
	}
	switch {
	case bytes.HasPrefix(magic[:], []byte("PK")):
		return Info{}, fmt.Errorf("%w: it is a jar or zip archive, and Leat has no Java virtual machine: give it a Go binary that uses %s", ErrNotRunnable, module)
	case bytes.HasPrefix(magic[:], []byte("#!")):
		return Info{}, fmt.Errorf("%w: it is a script: give it a Go binary that uses %s", ErrNotRunnable, module)
	}
	built, err := buildinfo.Read(r)
	if err != nil {
		return Info{}, fmt.Errorf("%w: it is no Go binary (%w): build one with go build", ErrNotRunnable, err)
	}
	info := Info{Main: built.Path}
	for _, s := range built.Settings {
		switch s.Key {
		case "GOOS":
			info.OS = s.Value
		case "GOARCH":
			info.Arch = s.Value
		}
	}
	for _, m := range append([]*debug.Module{&built.Main}, built.Deps...) {
		if m.Path == module {
			info.Version = m.Version
			return info, nil
		}
	}
	return Info{}, fmt.Errorf("%w: %s does not use %s: write it with client/datastream", ErrNotRunnable, built.Path, module)
}

// RunsOn refuses a program that was built for another platform.
func (i Info) RunsOn(os, arch string) error {
	if i.OS == os && i.Arch == arch {
		return nil
	}
	return fmt.Errorf("%w: it was built for %s/%s and is to run on %s/%s: build it with GOOS=%s GOARCH=%s", ErrNotRunnable, i.OS, i.Arch, os, arch, os, arch)
}
