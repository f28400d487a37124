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
	var settings []string
	flags.Func("D", "set a configuration `key=value`; may be repeated", func(s string) error {
		if key, _, ok := strings.Cut(s, "="); !ok || key == "" {
			return fmt.Errorf("%q is not key=value", s)
		}
		settings = append(settings, s)
		return nil
	})
	flags.Func("p", "set the `parallelism` of operators that name none", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number above 0", s)
		}
		settings = append(settings, config.DefaultParallelism.Key+"="+s)
		return nil
	})
	return func(e *Environment) {
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			e.note(e.conf.Set(key, value))
		}
	}
}
