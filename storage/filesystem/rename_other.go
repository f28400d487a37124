//go:build !linux

package filesystem

import "errors"

func renameNoReplace(from, to string) error { return renamePortable(from, to) }

func mounted(string) bool { return false }

func exchange(string, string) error { return errors.ErrUnsupported }
