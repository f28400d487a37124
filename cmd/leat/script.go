package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
)

// findRunnable is the program that a verb names, and its arguments; a script is run by this binary.
func findRunnable(c *cli.Context, compiler io.Writer) (program, []string, error) {
	return runnableOf(c.Args().First(), c.Args().Tail(), compiler)
}

func runnableOf(name string, args []string, compiler io.Writer) (program, []string, error) {
	if !isScript(name) {
		p, err := findProgram(name, compiler)
		return p, args, err
	}
	if _, err := os.Stat(name); err != nil {
		return program{}, nil, wrongUsage("finding the script: %w", err)
	}
	path, err := os.Executable()
	return program{path: path, script: name, release: func() {}}, append([]string{"sql", "-f", name}, args...), err
}

func isScript(name string) bool { return strings.EqualFold(filepath.Ext(name), ".sql") }

// carriedFlag of leat sql has the text of a script, packed: where main() runs on a cluster there is no file of it.
const carriedFlag = "carried-script"

// What fits into an argument of a process, and beside other things into a Variable of Nomad, in bytes.
const (
	maxCarried        = 120 << 10
	maxCarriedByNomad = 40 << 10
)

// carried are the arguments that findRunnable has given, with the text of the script, of at most limit bytes when it is packed, in place
// of its name.
func carried(name string, args []string, limit int) ([]string, error) {
	if !isScript(name) {
		return args, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, wrongUsage("reading the script: %w", err)
	}
	packed, err := packed(text)
	if err != nil {
		return nil, err
	}
	if len(packed) > limit {
		return nil, wrongUsage("%s is too long to be sent to a cluster: it has %d bytes, packed %d of at most %d: run it attached (without -d, by -m or a session), or split it",
			name, len(text), len(packed), limit)
	}
	return append([]string{args[0], "--" + carriedFlag, packed}, args[3:]...), nil
}

func packed(text []byte) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

func unpacked(packed string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return "", wrongUsage("--%s: %w", carriedFlag, err)
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", wrongUsage("--%s: %w", carriedFlag, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", carriedFlag, err)
	}
	return string(text), nil
}
