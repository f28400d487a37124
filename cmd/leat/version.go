package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// version is set by scripts/release: -ldflags "-X main.version=1.2.3".
var version = "dev"

// identity is what leat version --json prints.
type identity struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree with changes that are not committed
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func identify(info *debug.BuildInfo) identity {
	id := identity{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info == nil {
		return id
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			id.Commit = s.Value
		case "vcs.modified":
			id.Modified = s.Value == "true"
		}
	}
	return id
}

func (id identity) String() string {
	commit := ""
	if id.Commit != "" {
		commit = "commit " + id.Commit[:min(len(id.Commit), 12)]
		if id.Modified {
			commit += " with changes"
		}
		commit += ", "
	}
	return fmt.Sprintf("Leat %s (%s%s, %s/%s)", id.Version, commit, id.Go, id.OS, id.Arch)
}

func versionCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:               "version",
		Usage:              "print version, commit and platform",
		Description:        "   leat version\n   leat version --json",
		CustomHelpTemplate: verbHelp,
		Flags:              commonFlags(),
		Action: func(c *cli.Context) error {
			if _, _, err := config.Load(config.Sources{Dynamic: c.StringSlice("D")}); err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			info, _ := debug.ReadBuildInfo()
			id := identify(info)
			if !c.Bool("json") {
				fmt.Fprintln(s.out, id)
				return nil
			}
			encoded, err := json.Marshal(id)
			if err != nil {
				return fmt.Errorf("encoding the version: %w", err)
			}
			fmt.Fprintf(s.out, "%s\n", encoded)
			return nil
		},
	}
}
