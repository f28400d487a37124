package conf

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrConfiguration marks what only a change of the configuration can heal.
var ErrConfiguration = errors.New("hadoop configuration")

// Conf is properties by name, with all variables resolved. It must not be changed.
type Conf map[string]string

// siteFiles are read in this order.
var siteFiles = []string{"core-site.xml", "hdfs-site.xml", "yarn-site.xml"}

// deprecated are old names that are still in use.
var deprecated = map[string]string{
	"fs.default.name":             "fs.defaultFS",
	"dfs.block.size":              "dfs.blocksize",
	"dfs.federation.nameservices": "dfs.nameservices",
}

// Load reads the site files of dir, or if it is empty those that the environment names, and puts overrides on top. No files
// at all are no error.
func Load(dir string, overrides map[string]string) (Conf, error) {
	dirs := []string{dir}
	if dir == "" {
		dirs = directories()
	}
	s := site{values: map[string]string{}, final: map[string]bool{}}
	for _, dir := range dirs {
		found := false
		for _, name := range siteFiles {
			path := filepath.Join(dir, name)
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err := s.read(path, 0); err != nil {
				return nil, fmt.Errorf("%w: %v", ErrConfiguration, err)
			}
			found = true
		}
		if found {
			break
		}
	}
	for name, value := range overrides {
		s.values[current(name)] = value
	}
	return resolve(s.values, os.LookupEnv), nil
}

func current(name string) string {
	if now, ok := deprecated[name]; ok {
		return now
	}
	return name
}

// directories are where the environment says that site files are; the first that has some counts.
func directories() []string {
	var dirs []string
	for _, variable := range []string{"HADOOP_CONF_DIR", "YARN_CONF_DIR"} {
		if dir := os.Getenv(variable); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	if home := os.Getenv("HADOOP_HOME"); home != "" {
		dirs = append(dirs, filepath.Join(home, "etc", "hadoop"), filepath.Join(home, "conf"))
	}
	return dirs
}

// Get returns a property, or otherwise if it is not set or empty.
func (c Conf) Get(name, otherwise string) string {
	if v := strings.TrimSpace(c[name]); v != "" {
		return v
	}
	return otherwise
}

// Bool returns a property that is true or false.
func (c Conf) Bool(name string, otherwise bool) bool {
	switch strings.ToLower(c.Get(name, "")) {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
}

// List splits a property at commas.
func (c Conf) List(name string) []string {
	var out []string
	for v := range strings.SplitSeq(c[name], ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Milliseconds returns a property that is a number of milliseconds, or a number with a unit such as 30s.
func (c Conf) Milliseconds(name string, otherwise time.Duration) (time.Duration, error) {
	v := c.Get(name, "")
	if v == "" {
		return otherwise, nil
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(n) * time.Millisecond, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is %q; write a number of milliseconds", ErrConfiguration, name, v)
	}
	return d, nil
}

// Bytes returns a property that is a number, perhaps with k, m, g or t behind it.
func (c Conf) Bytes(name string, otherwise int64) (int64, error) {
	v := strings.ToLower(c.Get(name, ""))
	if v == "" {
		return otherwise, nil
	}
	shift := 0
	if i := strings.IndexByte("kmgt", v[len(v)-1]); i >= 0 {
		v, shift = v[:len(v)-1], 10*(i+1)
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%w: %s is %q; write a number, such as 134217728 or 128m", ErrConfiguration, name, c[name])
	}
	return n << shift, nil
}

// Kerberos tells whether the cluster is secured.
func (c Conf) Kerberos() bool {
	return strings.EqualFold(c.Get("hadoop.security.authentication", "simple"), "kerberos")
}
