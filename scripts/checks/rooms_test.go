package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/leatproject/leat"

// rooms is the order of the rooms from top to bottom: a package imports rooms that stand below its own, and its own.
// Folders without a place in it (integration, scripts) may import all of them and are imported by none.
var rooms = []string{"cmd", "client", "scheduler", "resourcemanager", "runtime", "shuffle", "storage"}

// configurationFree are the rooms that take option structs and know no configuration keys.
var configurationFree = []string{"shuffle", "storage"}

// goPackage is what the checks need of go list -json.
type goPackage struct {
	ImportPath, Dir, Name, Doc         string
	Imports, TestImports, XTestImports []string
}

// room is the first folder of an import path of this module, or "" for others' packages and the root.
func room(importPath string) string {
	inside, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(inside, "/")
	return first
}

// complaint says what is wrong with an import, or nothing.
func complaint(from, to string) string {
	above, below := slices.Index(rooms, room(from)), slices.Index(rooms, room(to))
	switch {
	case room(to) == "" || above < 0:
		return ""
	case below < 0:
		return from + " imports " + to + ", which is no room of the program"
	case below < above:
		return from + " imports " + to + ": imports go down only, " + strings.Join(rooms, " > ")
	}
	return ""
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	var found []goPackage
	decoder := json.NewDecoder(bytes.NewReader(run(t, "go", "list", "-json=ImportPath,Dir,Name,Doc,Imports,TestImports,XTestImports", "./...")))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else {
			require.NoError(t, err)
		}
		found = append(found, p)
	}
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = root(t)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), errs.String())
	return out
}

func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return folder
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range packages(t) {
		for _, imports := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, to := range imports {
				require.Empty(t, complaint(p.ImportPath, to))
			}
		}
		if slices.Contains(configurationFree, room(p.ImportPath)) {
			require.NotContains(t, p.Imports, module+"/runtime/config")
		}
	}
}

func TestComplaint(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{"cmd/leat", "client/status", ""},
		{"client/datastream", "storage/column", ""},
		{"runtime/task", "runtime/graph", ""},
		{"integration/hdfs", "cmd/leat", ""},
		{"runtime/task", "client/datastream", "imports go down only"},
		{"storage/column", "shuffle", "imports go down only"},
		{"runtime/task", "integration/bench", "no room of the program"},
	} {
		got := complaint(module+"/"+tc.from, module+"/"+tc.to)
		require.Contains(t, got, tc.want)
		require.Equal(t, tc.want == "", got == "", got)
	}
	require.Empty(t, complaint(module+"/storage/column", "fmt"))
}

func TestPackagesAreNamedAndDocumented(t *testing.T) {
	forbidden := []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base"}
	for _, p := range packages(t) {
		require.NotContains(t, forbidden, path.Base(p.ImportPath), "%s: a thing lives with what owns it", p.ImportPath)
		require.NotContains(t, forbidden, p.Name, "%s: a thing lives with what owns it", p.ImportPath)
		require.NotEmpty(t, p.Doc, "%s: nothing says what it is for", p.ImportPath)
		if p.Name == "main" {
			continue
		}
		require.FileExists(t, filepath.Join(p.Dir, "doc.go"))
		require.True(t, strings.HasPrefix(p.Doc, "Package "+p.Name+" "), "%s: %s", p.ImportPath, p.Doc)
	}
}

// A program that imports client/datastream and no more links only this module's own code and a few small libraries.
func TestDataStreamLinksNoConnectors(t *testing.T) {
	forbidden := []string{"nomad", "yarn", "hdfs", "gokrb5", "kafka", "sarama", "franz-go", "arrow", "parquet", "pebble", "urfave", "/client/sql"}
	for dependency := range strings.FieldsSeq(string(run(t, "go", "list", "-deps", "./client/datastream"))) {
		for _, word := range forbidden {
			require.NotContains(t, dependency, word, "client/datastream must not link it: register it by import")
		}
	}
}
