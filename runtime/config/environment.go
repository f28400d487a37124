package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

const variablePrefix = "LEAT_"

// Variables that begin with LEAT_ and are no configuration key.
const (
	ConfDirVariable     = "LEAT_CONF_DIR"    // the folder of config.yaml
	FileVariable        = "LEAT_CONFIG"      // the configuration file itself; wins over LEAT_CONF_DIR
	StatusVariable      = "LEAT_STATUS_FD"   // see package client/status
	InfoVariable        = "LEAT_INFO"        // "1": Execute reports the plan and runs nothing
	ApplicationVariable = "LEAT_APPLICATION" // the application whose driver the process is, set by the JobManager
	testPrefix          = "LEAT_TEST_"       // addresses of real components, for integration tests
	reservedPrefixes    = "LEAT_BENCH_"
)

// scriptVariables are those of the scripts that start a cluster.
var scriptVariables = []string{"LEAT_BIN", "LEAT_LOG_DIR", "LEAT_PID_DIR"}

func isReserved(variable string) bool {
	return slices.Contains([]string{ConfDirVariable, FileVariable, StatusVariable, InfoVariable, ApplicationVariable}, variable) || slices.Contains(scriptVariables, variable) ||
		strings.HasPrefix(variable, testPrefix) || strings.HasPrefix(variable, reservedPrefixes)
}

// IsConfiguration tells whether an assignment of an environment sets a key, or says where the configuration file is.
func IsConfiguration(assignment string) bool {
	variable, _, _ := strings.Cut(assignment, "=")
	_, isKey := KeyOfEnv(variable)
	return isKey || variable == ConfDirVariable || variable == FileVariable
}

// EnvName is the variable that sets a key:
//
//	.  becomes _        parallelism.default     LEAT_PARALLELISM_DEFAULT
//	-  becomes __       execution.runtime-mode  LEAT_EXECUTION_RUNTIME__MODE
//	_  becomes ___      fs.my_fs.dir            LEAT_FS_MY___FS_DIR
//
// and letters become upper case. A capital in a key that is no declared option becomes lower case, so that nothing is lost:
// flink.hadoop.fooBar is LEAT_FLINK_HADOOP_FOObAR. For declared options the case of the variable does not matter.
func EnvName(key string) string {
	_, isDeclared := declared.byKey[key]
	var name strings.Builder
	name.WriteString(variablePrefix)
	for _, r := range key {
		switch {
		case r == '.':
			name.WriteString("_")
		case r == '-':
			name.WriteString("__")
		case r == '_':
			name.WriteString("___")
		case isDeclared:
			name.WriteRune(unicode.ToUpper(r))
		default:
			name.WriteRune(swapCase(r))
		}
	}
	return name.String()
}

// KeyOfEnv is the key that a variable sets: the inverse of EnvName. It is false for variables that set no key.
func KeyOfEnv(variable string) (key string, ok bool) {
	name, ok := strings.CutPrefix(variable, variablePrefix)
	if !ok || name == "" || isReserved(variable) {
		return "", false
	}
	var decoded strings.Builder
	for i := 0; i < len(name); {
		run := len(name[i:]) - len(strings.TrimLeft(name[i:], "_"))
		switch run {
		case 0:
			decoded.WriteRune(swapCase(rune(name[i])))
			run = 1
		case 1:
			decoded.WriteByte('.')
		case 2:
			decoded.WriteByte('-')
		default:
			decoded.WriteString(strings.Repeat("_", run-2))
		}
		i += run
	}
	key = decoded.String()
	if s, ok := declared.byLower[strings.ToLower(key)]; ok {
		return s.key, true
	}
	return key, true
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// setFromEnvironment takes over every LEAT_* variable of an environment in the form of os.Environ.
func (c *Configuration) setFromEnvironment(environ []string) error {
	var failures []error
	for _, assignment := range slices.Sorted(slices.Values(environ)) {
		variable, value, _ := strings.Cut(assignment, "=")
		key, ok := KeyOfEnv(variable)
		if !ok {
			continue
		}
		failures = append(failures, c.set(key, value, variable))
	}
	return errors.Join(failures...)
}

// setFromArguments takes over the key=value of -D flags.
func (c *Configuration) setFromArguments(assignments []string) error {
	var failures []error
	for _, assignment := range assignments {
		key, value, ok := strings.Cut(assignment, "=")
		if !ok {
			failures = append(failures, fmt.Errorf("-D: %q is not an assignment: expected key=value", assignment))
			continue
		}
		failures = append(failures, c.set(strings.TrimSpace(key), value, "-D"))
	}
	return errors.Join(failures...)
}

// Environ is the configuration as variables, in the form of os.Environ, for a process that reads it with FromEnvironment.
// Values that the file at path set are left out, because the process reads that file itself; an empty path leaves out none.
func (c *Configuration) Environ(path string) []string {
	var variables []string
	if path != "" {
		variables = append(variables, FileVariable+"="+path)
	}
	for _, v := range c.All() {
		e := c.entries[v.Key]
		if path == "" || !strings.HasPrefix(e.origin, path+":") {
			variables = append(variables, EnvName(v.Key)+"="+e.text)
		}
	}
	return variables
}
