package krb5

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// cacheFile finds the file of a ticket cache: of name, else of KRB5CCNAME, else of default_ccache_name, else
// /tmp/krb5cc_UID.
func (p *Profile) cacheFile(name string) (string, error) {
	if name == "" {
		name = os.Getenv("KRB5CCNAME")
	}
	if name == "" {
		name = expandCacheName(p.get("default_ccache_name", ""))
	}
	file := "/tmp/krb5cc_" + strconv.Itoa(os.Getuid())
	if name == "" {
		return file, nil
	}
	kind, rest, ok := strings.Cut(name, ":")
	switch {
	case !ok || strings.HasPrefix(name, "/"):
		return name, nil
	case kind == "FILE":
		return rest, nil
	case kind == "DIR":
		return primary(rest)
	}
	return "", fmt.Errorf("%w %s: caches of kind %s cannot be read; run kinit -c FILE:%s and set KRB5CCNAME=FILE:%s, or give a keytab",
		ErrCache, name, kind, file, file)
}

// primary finds the file of a cache of kind DIR: "dir", whose file primary names it, or ":file".
func primary(dir string) (string, error) {
	if file, ok := strings.CutPrefix(dir, ":"); ok {
		return file, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, "primary"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return filepath.Join(dir, "tkt"), nil
	case err != nil:
		return "", fmt.Errorf("%w DIR:%s: %w", ErrCache, dir, err)
	}
	name := strings.TrimSpace(string(b))
	if !strings.HasPrefix(name, "tkt") || strings.ContainsRune(name, filepath.Separator) {
		return "", fmt.Errorf("%w DIR:%s: primary names %.40q, which is no cache; run kswitch", ErrCache, dir, name)
	}
	return filepath.Join(dir, name), nil
}

// expandCacheName replaces what MIT's libraries do in default_ccache_name.
func expandCacheName(name string) string {
	login := ""
	if u, err := user.Current(); err == nil {
		login = u.Username
	}
	uid := strconv.Itoa(os.Getuid())
	return strings.NewReplacer("%{uid}", uid, "%{euid}", strconv.Itoa(os.Geteuid()), "%{USERID}", uid, "%{username}", login,
		"%{TEMP}", os.TempDir(), "%{null}", "").Replace(name)
}
