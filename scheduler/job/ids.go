package job

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Time is in milliseconds: as a point in time since the Unix epoch, else a duration.
type Time int64

// Wall is the point in time, in UTC.
func (t Time) Wall() time.Time { return time.UnixMilli(int64(t)).UTC() }

// ID is the identity of a job, 32 hexadecimal digits.
type ID string

// Digest is the hexadecimal SHA-256 of something in the blob store.
type Digest string

// TM numbers a registration of a TaskManager. Numbers begin at 1 and are never used twice in a generation, so one that was
// given up and comes back is another TM.
type TM uint32

// Task names a sub-task of a vertex of a job.
type Task struct {
	Job     ID
	Vertex  int
	Subtask int
}

func (t Task) String() string { return fmt.Sprintf("%s/%d/%d", t.Job, t.Vertex, t.Subtask) }

// Attempt is one execution of a task. Attempts of a task are numbered from 0. What an attempt leaves behind must be named by
// generation and number: a new generation may not know of the last attempts of the one before.
type Attempt struct {
	Task
	Generation uint64
	Number     int32
}

// SlotRef is a slot of a TaskManager.
type SlotRef struct {
	TM   TM
	Slot int32
}

// Fence orders everything that a leader says. Whoever has seen a fence refuses what comes with a lesser one. Within one
// task the attempt decides after it.
type Fence struct {
	Generation, Term, Sequence uint64
}

// Less tells whether f is older than g.
func (f Fence) Less(g Fence) bool {
	return cmp.Or(cmp.Compare(f.Generation, g.Generation), cmp.Compare(f.Term, g.Term), cmp.Compare(f.Sequence, g.Sequence)) < 0
}

// table is a map that is walked in the order of its keys.
type table[K cmp.Ordered, V any] struct {
	keys []K
	rows map[K]V
}

func (t *table[K, V]) get(k K) (V, bool) {
	v, ok := t.rows[k]
	return v, ok
}

func (t *table[K, V]) put(k K, v V) {
	if t.rows == nil {
		t.rows = map[K]V{}
	}
	if _, ok := t.rows[k]; !ok {
		i, _ := slices.BinarySearch(t.keys, k)
		t.keys = slices.Insert(t.keys, i, k)
	}
	t.rows[k] = v
}

func (t *table[K, V]) remove(k K) {
	if i, ok := slices.BinarySearch(t.keys, k); ok {
		t.keys = slices.Delete(t.keys, i, i+1)
		delete(t.rows, k)
	}
}

func (t *table[K, V]) len() int { return len(t.keys) }

// all yields the rows in the order of their keys.
func (t *table[K, V]) all(yield func(K, V) bool) {
	for _, k := range t.keys {
		if !yield(k, t.rows[k]) {
			return
		}
	}
}
