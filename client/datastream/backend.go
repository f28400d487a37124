package datastream

import (
	"fmt"
	"os"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/storage/spill"
)

// openState says where the state of keys is to live in this process, and opens the places on disk for what does not fit into
// memory. close removes them.
func (e *Environment) openState(mode operator.Mode) (o state.Options, close func() error, err error) {
	close = func() error { return nil }
	o.Backend = config.Get(e.conf, config.StateBackend)
	if mode == operator.Batch || o.Backend == state.Hashmap {
		return state.Options{}, close, nil
	}
	memory := config.Get(e.conf, config.StateBackendMemory)
	if memory == 0 {
		memory = config.Get(e.conf, config.ManagedMemorySize)
	}
	o.Memory = state.NewBudget(int64(memory))
	option := config.StateBackendDirs
	if len(config.Get(e.conf, option)) == 0 {
		option = config.TmpDirs
	}
	dirs, err := e.openDirs(option)
	if err != nil {
		return o, close, err
	}
	o.Dir = dirs.NewDir
	return o, dirs.Close, nil
}

// checkState says whether what the configuration wants state to live in is linked into the program, and checkpoints can be as it wants them.
func (e *Environment) checkState(mode operator.Mode) error {
	if mode == operator.Batch {
		return nil
	}
	if err := state.Linked(config.Get(e.conf, config.StateBackend)); err != nil {
		return fmt.Errorf("%s: %w", config.StateBackend.Key, err)
	}
	if e.savable(mode) {
		return checkpoints.CheckConcurrent(e.conf)
	}
	return nil
}

// openDirs opens the places that an option names.
func (e *Environment) openDirs(option config.Option[[]string]) (*spill.Dir, error) {
	roots := config.Get(e.conf, option)
	if len(roots) == 0 {
		roots = []string{os.TempDir()}
	}
	dir, err := spill.OpenDir(roots, spill.DirOptions{FS: e.spillFS, Log: e.logger})
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, option.Key)
	}
	return dir, nil
}
