package filesystem

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Options is what a process gives to the file systems it opens.
type Options struct {
	Logger *slog.Logger // slog.Default() when nil

	// ConfDir is the directory of the file systems' own configuration files; for hdfs: the site files, in place of those that
	// HADOOP_CONF_DIR names.
	ConfDir string

	// Properties are settings in the file system's own terms; for hdfs: Hadoop properties that override the site files.
	Properties map[string]string
}

// OpenFunc opens the file system at root, which has a scheme and, where the scheme uses one, a host. It should not wait for
// the network: a server that is away is the error of the first operation.
type OpenFunc func(ctx context.Context, root *url.URL, opts Options) (FileSystem, error)

// providers names the import that brings a scheme, for the error of a program that lacks it.
var providers = map[string]string{
	"hdfs": "github.com/leatproject/leat/storage/filesystem/hdfs",
	"mem":  "github.com/leatproject/leat/storage/filesystem/memfs",
}

var registry = struct {
	sync.Mutex
	options Options
	schemes map[string]OpenFunc
	opened  map[string]FileSystem // by scheme://host
}{schemes: map[string]OpenFunc{}, opened: map[string]FileSystem{}}

// Register makes a scheme known. It is called by the init function of the package that implements it; a scheme that is
// registered twice panics.
func Register(scheme string, open OpenFunc) {
	registry.Lock()
	defer registry.Unlock()
	if _, twice := registry.schemes[scheme]; twice || scheme == "file" {
		panic("filesystem: scheme " + scheme + " registered twice")
	}
	registry.schemes[scheme] = open
}

// Configure sets the options for file systems that are opened from now on. Call it once, when the process starts.
func Configure(opts Options) {
	registry.Lock()
	defer registry.Unlock()
	registry.options = opts
}

// For returns the file system of a path and the path within it: "/x", "x" and "file:///x" are local, others go by scheme.
// There is one FileSystem for a scheme and authority in a process.
func For(ctx context.Context, path string) (FileSystem, string, error) {
	root, within, err := Split(path)
	if err != nil {
		return nil, "", err
	}
	if root.Scheme == "file" {
		return Local(), within, nil
	}
	registry.Lock()
	defer registry.Unlock()
	key := root.String()
	if fs, ok := registry.opened[key]; ok {
		return fs, within, nil
	}
	fs, err := openLocked(ctx, path, root, registry.options)
	if err != nil {
		return nil, "", err
	}
	registry.opened[key] = fs
	return fs, within, nil
}

// Open is For with options of its own. What it opens is not kept for others.
func Open(ctx context.Context, path string, opts Options) (FileSystem, string, error) {
	root, within, err := Split(path)
	if err != nil {
		return nil, "", err
	}
	if root.Scheme == "file" {
		return Local(), within, nil
	}
	registry.Lock()
	defer registry.Unlock()
	fs, err := openLocked(ctx, path, root, opts)
	return fs, within, err
}

// Known is nil if this program has the file system of a path; else it is the error of For.
func Known(path string) error {
	root, _, err := Split(path)
	if err != nil || root.Scheme == "file" {
		return err
	}
	registry.Lock()
	defer registry.Unlock()
	if _, ok := registry.schemes[root.Scheme]; !ok {
		return unknownScheme(path, root.Scheme)
	}
	return nil
}

func openLocked(ctx context.Context, path string, root *url.URL, opts Options) (FileSystem, error) {
	open, ok := registry.schemes[root.Scheme]
	if !ok {
		return nil, unknownScheme(path, root.Scheme)
	}
	fs, err := open(ctx, root, opts)
	if err != nil {
		return nil, fmt.Errorf("open file system %s: %w", root, err)
	}
	return fs, nil
}

// Split separates a path into the root of its file system and the path within. A local path has the root "file:" and stays
// as it is, relative or not.
func Split(path string) (root *url.URL, within string, err error) {
	if path == "" {
		return nil, "", fmt.Errorf("empty path; give a file, a directory or a pattern")
	}
	scheme, rest, ok := strings.Cut(path, "://")
	if !ok || !isScheme(scheme) {
		if after, found := strings.CutPrefix(path, "file:/"); found {
			path = "/" + after
		}
		return &url.URL{Scheme: "file"}, path, nil
	}
	host, within, _ := strings.Cut(rest, "/")
	scheme, within = strings.ToLower(scheme), "/"+within
	if scheme != "file" {
		return &url.URL{Scheme: scheme, Host: host}, within, nil
	}
	if host != "" && host != "localhost" {
		return nil, "", fmt.Errorf("path %q: a file path has no host; write file:///%s%s for an absolute path", path, host, within)
	}
	return &url.URL{Scheme: "file"}, within, nil
}

func isScheme(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+.-", c)) {
			return false
		}
	}
	return s != ""
}

func unknownScheme(path, scheme string) error {
	if pkg, ok := providers[scheme]; ok {
		return fmt.Errorf("path %q: scheme %q is not linked into this program; add import _ %q", path, scheme, pkg)
	}
	known := append(slices.Sorted(maps.Keys(registry.schemes)), "file")
	return fmt.Errorf("path %q: unknown scheme %q; this program knows %s", path, scheme, strings.Join(known, ", "))
}
