package filesystem

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Glob finds the files that a path stands for, sorted by path: a file itself, all files below a directory, or what a
// pattern matches. In a pattern "*", "?" and "[a-z]" match within a path element as in path.Match, and the element "**"
// matches any number of directories. Names that begin with "." or "_" are skipped below a directory and are matched only
// by a pattern element that begins so itself. ErrNotExist, with the pattern, when nothing is there. An existing path that
// looks like a pattern is that path. The Path of a result can be given to For.
func Glob(ctx context.Context, pattern string) ([]FileInfo, error) {
	fs, within, err := For(ctx, pattern)
	if err != nil {
		return nil, err
	}
	root, _, err := Split(pattern)
	if err != nil {
		return nil, err
	}
	files, err := glob(ctx, fs, within)
	if errors.Is(err, ErrNotExist) {
		return nil, &PathError{Op: "glob", Path: pattern, Kind: ErrNotExist, Err: errors.New("no such file, directory or match"),
			Remedy: "check the path; patterns know *, ?, [a-z] and **"}
	}
	if err != nil {
		return nil, fmt.Errorf("glob %s: %w", pattern, err)
	}
	if root.Scheme != "file" {
		for i := range files {
			files[i].Path = root.Scheme + "://" + root.Host + files[i].Path
		}
	}
	return files, nil
}

func glob(ctx context.Context, fs FileSystem, pattern string) ([]FileInfo, error) {
	info, err := fs.Stat(ctx, pattern)
	if err == nil {
		files, err := filesBelow(ctx, fs, info, nil)
		slices.SortFunc(files, byPath)
		return files, err
	}
	if !errors.Is(err, ErrNotExist) || !hasMeta(pattern) {
		return nil, err
	}
	base, elements := splitPattern(pattern)
	for _, e := range elements {
		if _, err := path.Match(e, ""); err != nil {
			return nil, fmt.Errorf("bad pattern element %q: %w", e, err)
		}
	}
	m := matcher{ctx: ctx, fs: fs, found: map[string]FileInfo{}}
	if err := m.match(FileInfo{Path: base, IsDir: true}, elements); err != nil {
		return nil, err
	}
	if len(m.found) == 0 {
		return nil, ErrNotExist
	}
	var files []FileInfo
	for _, info := range m.found {
		if files, err = filesBelow(ctx, fs, info, files); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, byPath)
	return slices.CompactFunc(files, func(a, b FileInfo) bool { return a.Path == b.Path }), nil
}

// filesBelow appends info itself when it is a file, else all files below that are not hidden. What vanishes meanwhile is
// left out.
func filesBelow(ctx context.Context, fs FileSystem, info FileInfo, files []FileInfo) ([]FileInfo, error) {
	if !info.IsDir {
		return append(files, info), nil
	}
	entries, err := fs.List(ctx, info.Path)
	if errors.Is(err, ErrNotExist) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if Hidden(e.Name()) {
			continue
		}
		if files, err = filesBelow(ctx, fs, e, files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func byPath(a, b FileInfo) int { return strings.Compare(a.Path, b.Path) }

func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[\`) }

// splitPattern separates the directory without metacharacters, which needs no listing, from the elements after it.
func splitPattern(pattern string) (base string, elements []string) {
	base = "."
	if strings.HasPrefix(pattern, "/") {
		base = "/"
	}
	elements = strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	for len(elements) > 1 && !hasMeta(elements[0]) {
		base, elements = path.Join(base, elements[0]), elements[1:]
	}
	return base, elements
}

type matcher struct {
	ctx   context.Context
	fs    FileSystem
	found map[string]FileInfo
}

func (m *matcher) match(at FileInfo, elements []string) error {
	if len(elements) == 0 {
		m.found[at.Path] = at
		return nil
	}
	if !at.IsDir {
		return nil
	}
	entries, err := m.fs.List(m.ctx, at.Path)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	deep := elements[0] == "**"
	if deep && len(elements) > 1 { // no directory at all
		if err := m.match(at, elements[1:]); err != nil {
			return err
		}
	}
	for _, e := range entries {
		name := e.Name()
		rest := elements[1:]
		switch {
		case Hidden(name) && !Hidden(elements[0]):
			continue
		case deep && e.IsDir:
			rest = elements
		case deep && len(rest) > 0:
			continue
		case !deep:
			if ok, _ := path.Match(elements[0], name); !ok {
				continue
			}
		}
		if err := m.match(e, rest); err != nil {
			return err
		}
	}
	return nil
}
