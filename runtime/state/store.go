package state

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Store is where a backend puts what does not fit into memory: records by key, in the order of the keys' bytes, of which there are at
// least 8: a hash, or whatever keys are looked up by. It belongs to one goroutine; its views may be used by others, each by one. Errors are those of the place where it is, such as a full disk.
type Store interface {
	// Get calls found with the record of each key that has one; record is valid until found returns. The keys ascend.
	Get(keys [][]byte, found func(i int, record []byte) error) error
	// Write puts records, and removes those of keys whose record is nil. Of a key that comes twice the last counts.
	Write(records []Record) error
	// Bytes is the memory that it takes.
	Bytes() int64
	// View is what there is now, however the store changes meanwhile. It takes microseconds.
	View() (View, error)
	// Close removes everything. All views have been closed.
	Close() error
}

// Record is what a store holds of a key.
type Record struct{ Key, Value []byte }

// View is a store at one moment.
type View interface {
	// Scan calls visit for records in the order of their keys, from the first that is not less than from on. visit answers with the
	// least key that it wants next, or nil for the one that follows, until it answers done. What it is given is valid until it
	// returns.
	Scan(from []byte, visit func(key, record []byte) (next []byte, done bool, err error)) error
	Close() error
}

// StoreOptions say where a store is and what it may take.
type StoreOptions struct {
	// Dir is a directory of its own, which does not exist yet.
	Dir string
}

// stores are the kinds of store that are linked into the program.
var stores = map[string]func(StoreOptions) (Store, error){}

// RegisterStore makes a kind of store known by its name. Packages of stores call it when they are imported.
func RegisterStore(name string, open func(StoreOptions) (Store, error)) { stores[name] = open }

// Hashmap is the name of the backend that keeps everything in memory: Keyed.
const Hashmap = "hashmap"

// Options choose a backend.
type Options struct {
	// Backend is Hashmap, or the name of a kind of store; empty is Hashmap.
	Backend string
	// Dir names a new directory for state that does not fit into memory.
	Dir func() string
	// Memory is what the keys of all operators may take; nil for as little as can be. hashmap does not know it.
	Memory *Budget
}

// Linked tells whether a backend is there: those that are packages of their own must be imported.
func Linked(backend string) error {
	if _, ok := stores[backend]; ok || backend == "" || backend == Hashmap {
		return nil
	}
	return fmt.Errorf("state backend %q is not linked into the program (there are: %s): import _ %q", backend,
		strings.Join(append([]string{Hashmap}, slices.Sorted(maps.Keys(stores))...), ", "), "github.com/leatproject/leat/runtime/state/pebble")
}

// New returns the backend that the options choose, for one operator sub-task, in the slot of that number.
func New[K comparable](o Options, slot int) (Backend[K], error) {
	if o.Backend == "" || o.Backend == Hashmap {
		return NewKeyed[K]()
	}
	if err := Linked(o.Backend); err != nil {
		return nil, err
	}
	open := stores[o.Backend]
	return NewTiered[K](func() (Store, error) { return open(StoreOptions{Dir: o.Dir()}) }, o.Memory, slot)
}
