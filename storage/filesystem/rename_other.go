//go:build !linux

package filesystem

func renameNoReplace(from, to string) error { return renamePortable(from, to) }
