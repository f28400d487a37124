package main

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	binary "github.com/leatproject/leat/scheduler/jobmanager/program"
)

// program is an executable that is about to be started. Release must be called once it has been, so that another build may
// replace it.
type program struct {
	path    string
	script  string // that it runs; empty if it is a program itself
	release func()
}

// name is what its user calls it.
func (p program) name() string { return filepath.Base(cmp.Or(p.script, p.path)) }

// whatRuns is the remedy for whatever is no program.
const whatRuns = "leat runs an executable file, a Go package (a folder or an import path), a .go file or a .sql script"

// findProgram turns PROGRAM into an executable: a file as it is, Go sources by building them. Messages of the Go compiler
// go to compiler.
func findProgram(name string, compiler io.Writer) (program, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jar":
		return program{}, wrongUsage("%s: Leat has no Java virtual machine and cannot run jars: %s", name, whatRuns)
	case ".py":
		return program{}, wrongUsage("%s: Leat runs no Python: %s", name, whatRuns)
	case ".sql":
		return program{}, wrongUsage("%s: scripts of SQL are run by leat run and leat sql", name)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return build(name, ".", compiler)
	case err == nil && filepath.Ext(name) == ".go":
		return build(filepath.Dir(name), filepath.Base(name), compiler)
	case err == nil && info.Mode()&0o111 == 0:
		return program{}, wrongUsage("%s is not executable: chmod +x it, if it is a program; %s", name, whatRuns)
	case err == nil:
		if err := inspect(name); err != nil {
			return program{}, wrongUsage("%s: %w; %s", name, err, whatRuns)
		}
		path, err := filepath.Abs(name)
		return program{path: path, release: func() {}}, err
	case isImportPath(name):
		return build(".", name, compiler)
	}
	return program{}, wrongUsage("finding the program: %w; %s", err, whatRuns)
}

// inspect refuses a binary that is no program of Leat for this platform. A script may start one.
func inspect(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading the program: %w", err)
	}
	defer f.Close()
	start := make([]byte, 2)
	if _, err := io.ReadFull(f, start); err == nil && string(start) == "#!" {
		return nil
	}
	info, err := binary.Inspect(f)
	if err != nil {
		return err
	}
	return info.RunsOn(runtime.GOOS, runtime.GOARCH)
}

// isImportPath tells github.com/a/b from a file that is missing.
func isImportPath(name string) bool {
	first, _, hasSlash := strings.Cut(name, "/")
	return hasSlash && first != "" && !strings.HasPrefix(first, ".") && strings.Contains(first, ".")
}

// build compiles a package, given relative to folder, into the user's cache.
func build(folder, target string, compiler io.Writer) (program, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return program{}, wrongUsage("building %s needs the go command, which is not in PATH: install Go, or give a built program",
			filepath.Join(folder, target))
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return program{}, err
	}
	output, err := cached(folder, target)
	if err != nil {
		return program{}, err
	}
	release, err := lock(output + ".lock")
	if err != nil {
		return program{}, fmt.Errorf("building %s: %w", target, err)
	}
	compile := exec.Command(command, "build", "-C", folder, "-o", output, target)
	compile.Stdout, compile.Stderr = compiler, compiler
	if _, chosen := os.LookupEnv("CGO_ENABLED"); !chosen {
		compile.Env = append(os.Environ(), "CGO_ENABLED=0") // a static file starts on any node, and maps less memory
	}
	if err := compile.Run(); err != nil {
		release()
		return program{}, wrongUsage("building %s: go build: %w", filepath.Join(folder, target), err)
	}
	if info, err := os.Stat(output); err != nil || info.Mode()&0o111 == 0 {
		release()
		return program{}, wrongUsage("%s is not a program: its package is not main", filepath.Join(folder, target))
	}
	return program{path: output, release: release}, nil
}

// cached is where the program of a package is kept: one place for each, so that an unchanged one is not linked again.
func cached(folder, target string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the built program: %w; set XDG_CACHE_HOME", err)
	}
	place := fnv.New64a()
	_, _ = io.WriteString(place, folder+"\x00"+target)
	parent := filepath.Join(cache, "leat", "programs", fmt.Sprintf("%016x", place.Sum64()))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for the built program: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(target), ".go")
	if target == "." {
		name = filepath.Base(folder)
	}
	return filepath.Join(parent, name), nil
}

// lock keeps other builds of the same program away until it is released.
func lock(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "locking", Path: path, Err: err}, file.Close())
	}
	return func() { _ = file.Close() }, nil
}
