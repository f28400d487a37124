package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const fileName = "config.yaml"

// Sources is where a process takes its configuration from.
type Sources struct {
	File       string   // --config: the file itself, which must then exist
	Executable string   // path of the running binary: ../conf beside it is looked at; empty looks at no common place
	Environ    []string // in the form of os.Environ
	Dynamic    []string // key=value of -D
}

// Load reads the configuration file, then lays variables over it, then -D. The file is the first there is of
//
//   - Sources.File, or LEAT_CONFIG
//   - config.yaml in LEAT_CONF_DIR
//   - ../conf/config.yaml beside the executable
//   - /etc/leat/config.yaml
//
// and no file is an error only for the first two. All mistakes are reported at once, joined by errors.Join. The returned
// path is the file that was read, absolute; it is empty when there was none.
func Load(s Sources) (c *Configuration, path string, err error) {
	c = New()
	path, err = s.find()
	if err != nil {
		return nil, "", err
	}
	var failures []error
	if path != "" {
		failures = append(failures, c.setFromFile(path))
	}
	failures = append(failures, c.setFromEnvironment(s.Environ), c.setFromArguments(s.Dynamic))
	if err := errors.Join(failures...); err != nil {
		return nil, "", err
	}
	return c, path, nil
}

// FromEnvironment is the configuration of a user's program: LEAT_CONFIG or LEAT_CONF_DIR, and LEAT_* variables. It reads no
// command line and looks at no other place.
func FromEnvironment() (*Configuration, error) {
	c, _, err := Load(Sources{Environ: os.Environ()})
	return c, err
}

func (s Sources) find() (string, error) {
	for _, named := range []struct{ path, by string }{
		{s.File, "--config"},
		{lookup(s.Environ, FileVariable), FileVariable},
		{inFolder(lookup(s.Environ, ConfDirVariable)), ConfDirVariable},
	} {
		if named.path == "" {
			continue
		}
		path, err := filepath.Abs(named.path)
		if err != nil {
			return "", fmt.Errorf("%s: finding %s: %w", named.by, named.path, err)
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s: reading the configuration: %w", named.by, err)
		}
		return path, nil
	}
	if s.Executable == "" {
		return "", nil
	}
	for _, path := range []string{
		filepath.Join(filepath.Dir(s.Executable), "..", "conf", fileName),
		filepath.Join("/etc", "leat", fileName),
	} {
		switch _, err := os.Stat(path); {
		case err == nil:
			return filepath.Abs(path)
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("reading the configuration: %w", err)
		}
	}
	return "", nil
}

func inFolder(folder string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, fileName)
}

// lookup is the value of a variable; the last assignment wins, as in the operating system's own.
func lookup(environ []string, variable string) string {
	value := ""
	for _, assignment := range environ {
		if v, ok := strings.CutPrefix(assignment, variable+"="); ok {
			value = v
		}
	}
	return value
}
