package main

import (
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// arrange writes a verb's arguments in the one order and spelling that the flag package understands: flags by their first
// name, each value as an argument of its own, "--", then what is no flag. It accepts -Dk=v, -D k=v and -p4, one dash or two,
// and name=value. The verbs of a program (takesProgram) hand on all that follows the program as it is; others accept flags
// after arguments too.
func arrange(command *cli.Command, args []string) ([]string, error) {
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			if takesProgram(command) {
				rest = append(rest, args[i:]...)
				break
			}
			rest = append(rest, arg)
			continue
		}
		name, value, hasValue := splitFlag(arg)
		if isHelp(name) {
			return []string{"--help"}, nil
		}
		f := findFlag(command, name)
		if f == nil {
			return nil, wrongUsage("%s: unknown flag %s%s", command.Name, arg, config.DidYouMean(arg, spellings(command)))
		}
		canonical := "--" + f.Names()[0]
		if _, isSwitch := f.(*cli.BoolFlag); isSwitch {
			if hasValue {
				canonical += "=" + value
			}
			flags = append(flags, canonical)
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return nil, wrongUsage("%s: %s needs a value", command.Name, arg)
			}
			value = args[i]
		}
		flags = append(flags, canonical+"="+value)
	}
	if command.ArgsUsage == "" && len(rest) > 0 {
		return nil, wrongUsage("%s: unexpected argument %q: the verb takes none", command.Name, rest[0])
	}
	return append(append(flags, "--"), rest...), nil
}

// splitFlag parts "--name=value", "-Dkey=value" and "-p4".
func splitFlag(arg string) (name, value string, hasValue bool) {
	name = strings.TrimLeft(arg, "-")
	single := len(arg)-len(name) == 1
	if single && name[0] == 'D' {
		return "D", name[1:], len(name) > 1
	}
	if single && len(name) > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9' {
		return "p", name[1:], true
	}
	return strings.Cut(name, "=")
}

func isHelp(name string) bool { return name == "h" || name == "help" }

func takesProgram(command *cli.Command) bool {
	return strings.HasPrefix(command.ArgsUsage, "PROGRAM") || strings.HasPrefix(command.ArgsUsage, "--")
}

func findFlag(command *cli.Command, name string) cli.Flag {
	for _, f := range command.Flags {
		for _, n := range f.Names() {
			if n == name {
				return f
			}
		}
	}
	return nil
}

// spellings is every flag of a verb as users write it.
func spellings(command *cli.Command) []string {
	var all []string
	for _, f := range command.Flags {
		for _, n := range f.Names() {
			if len(n) == 1 {
				all = append(all, "-"+n)
			} else {
				all = append(all, "--"+n)
			}
		}
	}
	return all
}
