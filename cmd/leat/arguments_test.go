package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/urfave/cli/v2"
)

// Each case is a command line, one argument a line; the result is what the verb's action sees.
func TestArguments(t *testing.T) {
	datadriven.RunTest(t, "testdata/arguments", func(t *testing.T, d *datadriven.TestData) string {
		app := newApp(streams{})
		var seen strings.Builder
		record := func(c *cli.Context) error {
			for _, name := range c.FlagNames() {
				fmt.Fprintf(&seen, "%s = %q\n", name, fmt.Sprint(c.Value(name)))
			}
			for i, value := range c.StringSlice("D") {
				fmt.Fprintf(&seen, "D[%d] = %q\n", i, value)
			}
			fmt.Fprintf(&seen, "arguments = %q\n", c.Args().Slice())
			return nil
		}
		for _, c := range app.Commands {
			c.Action = record
		}
		command := app.Command(d.Cmd)
		arguments, err := arrange(command, strings.Split(strings.TrimRight(d.Input, "\n"), "\n"))
		if err == nil {
			err = app.Run(append([]string{app.Name, d.Cmd}, arguments...))
		}
		if err != nil {
			return "error: " + err.Error()
		}
		return seen.String()
	})
}
