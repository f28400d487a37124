package taskmanager

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// workPrefix begins the names of the folders of TaskManagers, and beginPrefix as long as nobody has locked one.
const (
	workPrefix  = "leat-taskmanager-"
	beginPrefix = "leat-starting-"
)

// WorkDir is a folder of this process alone, which goes with it: at the latest when the next one is made beside it.
type WorkDir struct {
	Path string
	lock *os.File
}

// NewWorkDir makes a folder below parent, the system's temporary one if that is empty, and removes those there whose processes
// have been killed.
func NewWorkDir(parent string) (*WorkDir, error) {
	parent = cmp.Or(parent, os.TempDir())
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, err
	}
	removeDead(parent)
	made, err := os.MkdirTemp(parent, beginPrefix)
	if err != nil {
		return nil, err
	}
	d := &WorkDir{Path: filepath.Join(parent, workPrefix+strings.TrimPrefix(filepath.Base(made), beginPrefix))}
	if d.lock, err = os.Open(made); err != nil {
		return nil, errors.Join(err, os.Remove(made))
	}
	if err := lock(d.lock); err != nil && !errors.Is(err, errors.ErrUnsupported) { // then nobody can lock it, and it is left alone
		return nil, errors.Join(fmt.Errorf("lock %s: %w", made, err), d.lock.Close(), os.Remove(made))
	}
	if err := os.Rename(made, d.Path); err != nil {
		return nil, errors.Join(err, d.lock.Close(), os.Remove(made))
	}
	return d, nil
}

// Remove removes the folder.
func (d *WorkDir) Remove() error { return errors.Join(os.RemoveAll(d.Path), d.lock.Close()) }

// removeDead removes the folders that nobody has locked. Those of other users stay.
func removeDead(parent string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, workPrefix+"*")) // the pattern is well-formed
	for _, dir := range dirs {
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		if lock(f) == nil {
			os.RemoveAll(dir) //nolint:errcheck // the next one tries again
		}
		f.Close() //nolint:errcheck // nothing was written
	}
}

func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
