package pebble

import "github.com/leatproject/leat/runtime/state"

// OpenTiny is Open of a store that does with a few records what others do with many.
func OpenTiny(o state.StoreOptions, fs FS) (*Store, error) {
	return open(o, fs, sizes{run: 10, fresh: 1 << 10, page: 100, segment: 500, base: 1 << 10})
}
