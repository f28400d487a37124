package hashtable_test

import (
	"fmt"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/hashtable"
)

// Counting words: the counts are a plain slice, indexed by the ids that the table gives the words.
func ExampleTable() {
	table, err := hashtable.New[string](0)
	if err != nil {
		panic(err)
	}
	hash, err := column.Hasher[string]()
	if err != nil {
		panic(err)
	}
	words := []string{"to", "be", "or", "not", "to", "be"}
	hashes, ids := make([]uint64, len(words)), make([]uint32, len(words))
	hash(words, hashes)
	table.Lookup(words, hashes, ids)
	counts := make([]int, table.Cap())
	for _, id := range ids {
		counts[id]++
	}
	for _, id := range table.AppendIDs(nil) {
		fmt.Println(table.Key(id), counts[id])
	}
	// Output:
	// to 2
	// be 2
	// or 1
	// not 1
}
