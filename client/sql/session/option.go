package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/connector/datagen"
	"github.com/leatproject/leat/storage/connector/filesystem"
)

// connectors are those that tables can have.
var connectors = []string{"blackhole", "datagen", "filesystem", "print"}

// printOptions are the options of connector print beside its name.
var printOptions = []string{"print-identifier", "sink.parallelism", "standard-error"}

// checkOptions refuses options that a connector does not have.
func checkOptions(options map[string]string, known []string) error {
	known = append([]string{"connector"}, known...)
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("unknown option '%s' of connector %s%s; options are\n%s", key, options["connector"], config.DidYouMean(key, known), strings.Join(known, "\n"))
		}
	}
	return nil
}

// SettingKeys are the keys of SET that matter to SQL.
func SettingKeys() []string {
	return []string{resultMode, config.SQLTimeZone.Key, config.RuntimeMode.Key, config.DefaultParallelism.Key}
}

// FunctionNames are those that a function is called by, in order.
func FunctionNames() []string { return expr.Names() }

// formats are those of files.
func formats() []string {
	for _, o := range filesystem.Options("") {
		if o.Key == "format" {
			return strings.Split(o.Doc, ", ")
		}
	}
	return nil
}

// OptionKeys are the options that tables of any connector and format have.
func OptionKeys() []string {
	out := slices.Concat([]string{"type"}, printOptions, datagen.Keys(nil))
	for _, format := range formats() {
		for _, o := range filesystem.Options(format) {
			out = append(out, o.Key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// OptionValues are the values that an option can have, nil where they are not known.
func OptionValues(key string) []string {
	switch key {
	case "connector":
		return slices.Clone(connectors)
	case "format":
		return formats()
	case resultMode:
		return slices.Clone(resultModes)
	case "type":
		return []string{"file", "generic_in_memory"}
	}
	return nil
}
