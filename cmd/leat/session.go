package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/runtime/config"
)

// sessionFlag is one of the commands that start sessions, with Flink's name where it has one, and the key that it sets.
type sessionFlag struct{ flag, alias, key, usage string }

// flagsOfSession are all those of a command that starts sessions.
func flagsOfSession(own []sessionFlag, stop string) []cli.Flag {
	flags := append(commonFlags(), &cli.BoolFlag{Name: "detached", Aliases: []string{"d"}, Usage: "do not wait for the session's end"},
		&cli.StringFlag{Name: "stop", Usage: stop})
	for _, f := range own {
		flags = append(flags, &cli.StringFlag{Name: f.flag, Aliases: []string{f.alias}, Usage: f.usage})
	}
	return flags
}

// sessionConfiguration is the configuration with the flags of a session over it.
func sessionConfiguration(c *cli.Context, own []sessionFlag) (*config.Configuration, error) {
	conf, _, err := load(c)
	if err != nil {
		return nil, err
	}
	for _, f := range own {
		if !c.IsSet(f.flag) {
			continue
		}
		value := c.String(f.flag)
		if strings.HasSuffix(f.flag, "Memory") && strings.Trim(value, "0123456789") == "" {
			value += "m"
		}
		if err := conf.SetFrom("-"+f.alias, f.key, value); err != nil {
			return nil, &exitError{code: exitUsage, err: err}
		}
	}
	return conf, nil
}

// sayOn tells what a command does, unless its user wants nothing or a machine's words.
func sayOn(c *cli.Context, s streams) func(string) {
	return func(text string) {
		if !c.Bool("quiet") && !c.Bool("json") {
			fmt.Fprintf(s.err, "leat: %s\n", text)
		}
	}
}

// sessionNote is the file that tells commands which session is the user's. It has one line, property=value.
type sessionNote struct {
	folder   config.Option[string] // by default ~/.leat
	name     string
	property string
}

var (
	yarnNote  = sessionNote{config.YarnSessionFile, ".yarn-properties", "applicationID"}
	nomadNote = sessionNote{config.NomadSessionFile, ".nomad-properties", "clusterID"}
)

// path is empty if there is no place for the file.
func (n sessionNote) path(conf *config.Configuration) string {
	dir := config.Get(conf, n.folder)
	if dir == "" {
		home, err := homeFolder()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".leat")
	}
	return filepath.Join(dir, n.name)
}

// read is the user's session; empty if there is none.
func (n sessionNote) read(conf *config.Configuration) string {
	content, err := os.ReadFile(n.path(conf))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), n.property+"="); ok {
			return id
		}
	}
	return ""
}

// write makes a session that of the user.
func (n sessionNote) write(conf *config.Configuration, id string) error {
	path := n.path(conf)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(n.property+"="+id+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("noting which session is yours: %w (%s)", err, n.folder.Key)
	}
	return nil
}

// forget removes the file if it names that session.
func (n sessionNote) forget(conf *config.Configuration, id string) {
	if n.read(conf) == id {
		_ = os.Remove(n.path(conf)) // one that names no session is overwritten
	}
}
