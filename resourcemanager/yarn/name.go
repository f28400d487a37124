package yarn

import "github.com/leatproject/leat/resourcemanager"

// A worker's name is packed into the 63 bits of an allocation request id: generation, term, number.
const (
	generationBits = 15
	termBits       = 24
	numberBits     = 24
)

// requestID is the number that stands for a worker's name; false if there is none.
func requestID(name string) (int64, bool) {
	generation, term, n, ok := resourcemanager.ParseName(name)
	if !ok || generation >= 1<<generationBits || term >= 1<<termBits || n >= 1<<numberBits {
		return 0, false
	}
	return int64(generation<<(termBits+numberBits) | term<<numberBits | n), true
}

// NameOf is the name that an allocation request id stands for; false if none does.
func NameOf(id int64) (string, bool) {
	if id < 0 {
		return "", false
	}
	u := uint64(id)
	return resourcemanager.Name(u>>(termBits+numberBits), u>>numberBits&(1<<termBits-1), u&(1<<numberBits-1)), true
}
