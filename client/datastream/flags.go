package datastream

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/config"
)

// RegisterFlags adds -D key=value (any configuration key, repeatable) and -p (the parallelism) to a program's flags. The
// option that it returns applies them; give it to NewEnvironment after the flags are parsed.
func RegisterFlags(flags *flag.FlagSet) Option {
	type setting struct{ flag, key, value string }
	var settings []setting
	flags.Func("D", "set a configuration `key=value`; may be repeated", func(s string) error {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return fmt.Errorf("%q is not key=value", s)
		}
		settings = append(settings, setting{"-D", key, value})
		return nil
	})
	flags.Func("p", "set the `parallelism` of operators that name none", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number above 0", s)
		}
		settings = append(settings, setting{"-p", config.DefaultParallelism.Key, s})
		return nil
	})
	return func(e *Environment) {
		for _, s := range settings {
			e.note(e.conf.SetFrom(s.flag, s.key, s.value))
		}
	}
}
