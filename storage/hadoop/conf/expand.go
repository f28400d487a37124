package conf

import (
	"os"
	"os/user"
	"strings"
)

// maxSubstitutions is how many variables one value may have, its variables' variables included, as in Hadoop.
const maxSubstitutions = 20

// resolve replaces the variables in all values.
func resolve(values map[string]string, env func(string) (string, bool)) Conf {
	out := Conf{}
	for name, value := range values {
		out[name] = expand(value, func(variable string) (string, bool) {
			return lookup(variable, values, env)
		})
	}
	return out
}

// expand replaces ${name} from the innermost out. A variable that is unknown, or that leads to itself, stays as it is.
func expand(value string, lookup func(string) (string, bool)) string {
	from := 0
	for range maxSubstitutions {
		begin, end := innermost(value[from:])
		if begin < 0 {
			return value
		}
		begin, end = begin+from, end+from
		name := value[begin+2 : end]
		replacement, ok := lookup(name)
		if !ok || strings.Contains(replacement, "${"+name+"}") {
			from = end + 1
			continue
		}
		value = value[:begin] + replacement + value[end+1:]
	}
	return value
}

// innermost finds the first ${...} that has no other in it.
func innermost(s string) (begin, end int) {
	end = 0
	for {
		i := strings.IndexByte(s[end:], '}')
		if i < 0 {
			return -1, -1
		}
		if begin := strings.LastIndex(s[:end+i], "${"); begin >= 0 && !strings.Contains(s[begin:end+i], "}") {
			return begin, end + i
		}
		end += i + 1
	}
}

func lookup(name string, values map[string]string, env func(string) (string, bool)) (string, bool) {
	if variable, ok := strings.CutPrefix(name, "env."); ok {
		return lookupEnv(variable, env)
	}
	if v, ok := systemProperty(name); ok {
		return v, true
	}
	v, ok := values[current(name)]
	return v, ok
}

// lookupEnv understands NAME, NAME-default (if it is not set) and NAME:-default (if it is not set or empty).
func lookupEnv(variable string, env func(string) (string, bool)) (string, bool) {
	at := strings.IndexByte(variable, '-')
	if at < 0 {
		return env(variable)
	}
	name, otherwise := variable[:at], variable[at+1:]
	short, orEmpty := strings.CutSuffix(name, ":")
	if v, ok := env(short); ok && !(orEmpty && v == "") {
		return v, true
	}
	return otherwise, true
}

// systemProperty is what site files use of Java's.
func systemProperty(name string) (string, bool) {
	switch name {
	case "user.name":
		if u, err := user.Current(); err == nil {
			return u.Username, true
		}
	case "user.home":
		if home, err := os.UserHomeDir(); err == nil {
			return home, true
		}
	case "user.dir":
		if dir, err := os.Getwd(); err == nil {
			return dir, true
		}
	case "java.io.tmpdir":
		return os.TempDir(), true
	}
	return "", false
}
