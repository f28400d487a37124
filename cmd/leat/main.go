package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// streams is where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(execute(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// execute runs a command line and returns its exit code.
func execute(args []string, s streams) int {
	code, message := codeAndMessage(dispatch(args, s))
	if message != "" {
		fmt.Fprintf(s.err, "leat: %s\n", strings.ReplaceAll(message, "\n", "\n      "))
	}
	return code
}

func dispatch(args []string, s streams) error {
	app := newApp(s)
	if len(args) == 0 {
		app.Writer = s.err
		_ = app.Run([]string{app.Name, "--help"})
		return &exitError{code: exitUsage}
	}
	switch verb := args[0]; {
	case verb == "help" && len(args) == 1, verb == "-h", verb == "--help":
		return app.Run([]string{app.Name, "--help"})
	case verb == "help":
		args = []string{args[1], "--help"}
	case verb == "-v", verb == "--version":
		args = append([]string{"version"}, args[1:]...)
	case strings.HasPrefix(verb, "-"):
		return wrongUsage("flags stand after the verb: leat run %s ...", verb)
	}
	command := app.Command(args[0])
	if command == nil {
		return wrongUsage("unknown verb %q%s; leat --help lists the verbs", args[0], config.DidYouMean(args[0], verbs(app)))
	}
	arguments, err := arrange(command, args[1:])
	if err != nil {
		return err
	}
	return app.Run(append([]string{app.Name, command.Name}, arguments...))
}

func newApp(s streams) *cli.App {
	commands := []*cli.Command{runCommand(s), sqlCommand(s), infoCommand(s), listCommand(s), cancelCommand(s), stopCommand(s), savepointCommand(s), checkpointCommand(s), checkpointsCommand(s), logsCommand(s), jobManagerCommand(s), membersCommand(s), yarnCommand(s), nomadCommand(s), backfillCommand(s), scheduleCommand(s), standaloneJobCommand(s),
		taskManagerCommand(s), versionCommand(s)}
	for _, c := range commands {
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return wrongUsage("%s: %w", c.Name, err) }
	}
	return &cli.App{
		Name:                      "leat",
		Usage:                     "batch and stream processing in one binary",
		CustomAppHelpTemplate:     appHelp,
		Writer:                    s.out,
		ErrWriter:                 s.err,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		Commands:                  commands,
	}
}

func verbs(app *cli.App) []string {
	names := []string{"help"}
	for _, c := range app.Commands {
		names = append(names, c.Name)
	}
	return names
}

var appHelp = `leat: batch and stream processing in one binary

   leat run ./wordcount --input text.txt        run a program; all after it is the program's
   leat run ./cmd/examples/wordcount            the same for a Go package, which is built first
   leat run -p 4 -Dexecution.runtime-mode=BATCH ./wordcount
   leat run -d -m head:8081 ./wordcount         run it on a cluster, do not wait
   leat list, leat cancel JOB, leat logs -f JOB look after jobs of a cluster
   leat stop JOB, leat run -s PATH ./wordcount  stop with a savepoint, go on with it
   leat info ./wordcount --input text.txt       print the plan, run nothing
   leat run --help                              the flags of a verb

Verbs:
{{range .Commands}}   {{printf "%-15s" .Name}}{{.Usage}}
{{end}}
Configuration comes from config.yaml (--config, LEAT_CONFIG, LEAT_CONF_DIR, ../conf beside the binary, /etc/leat), then from
LEAT_* variables, then from -D; later ones win.

Exit codes:
` + describeExitCodes() + "\n"
