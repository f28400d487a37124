// Package config is Leat's configuration: one table of options, typed access to their values, and the places that values
// come from.
//
// An option is a package variable of type Option[T], declared in one of the options_*.go files; OPTIONS.md is generated from
// them (go test ./runtime/config -update). Keys, types and spellings of values are Flink's where the concept is the same.
//
//	conf, err := config.FromEnvironment()
//	parallelism := config.Get(conf, config.DefaultParallelism)
//
// Later places win over earlier ones:
//
//  1. config.yaml, nested or flat keys (Load says where it is looked for; never in the working directory)
//  2. LEAT_* variables (EnvName says how a key is spelt as a variable)
//  3. -D key=value of the command line
//  4. values set in code
//
// Promises: a value is checked when it is set, so Get cannot fail; an error names the place (file and line, variable, or
// -D), the key, the value, and what is expected. A key that neither Leat nor Flink knows is an error that names the nearest
// known key. A key that only Flink or the JVM gives a meaning to, or whose feature this version lacks, is accepted with one
// warning (Configuration.Warnings). Passwords and other secrets are masked in All.
//
// Start reading at option.go, then configuration.go and load.go; ignored.go is the table of keys without effect.
package config
