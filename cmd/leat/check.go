package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/resourcemanager/findings"
)

// printChecks prints what checks find as they find it. The first that fails decides the exit code.
func printChecks(c *cli.Context, s streams, codeOf func(error) int, run func(report func(findings.Finding))) error {
	code := exitOK
	run(func(f findings.Finding) {
		if f.Status == findings.Failed && code == exitOK {
			code = codeOf(f.Err)
		}
		switch {
		case c.Bool("json"):
			encoded, _ := json.Marshal(map[string]string{"status": f.Status.String(), "check": f.Name, "text": f.Text}) // texts always can be
			fmt.Fprintf(s.out, "%s\n", encoded)
		case !c.Bool("quiet") || f.Status == findings.Failed:
			fmt.Fprintf(s.out, "%-7s  %-15s  %s\n", f.Status, f.Name, f.Text)
		}
	})
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}
