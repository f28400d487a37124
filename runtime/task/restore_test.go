package task

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

var errBroken = errors.New("broken")

// taking is keyed state that notes the numbers of the blocks that it takes in.
type taking struct {
	numbers              []uint64
	broken, panics, full uint64
}

func (*taking) Sections() []state.Section                               { return nil }
func (*taking) Follow()                                                 {}
func (*taking) Changed() state.Changed                                  { return state.Changed{Forgotten: true} }
func (*taking) Snapshot(state.SnapshotOptions) (*state.Snapshot, error) { return nil, nil }
func (t *taking) Restore(_ string, _ bool, data []byte) (func(state.Range) error, error) {
	number := binary.LittleEndian.Uint64(data)
	switch number {
	case t.panics:
		panic(errBroken)
	case t.broken:
		return nil, errBroken
	}
	return func(state.Range) error {
		if number == t.full {
			return errBroken
		}
		t.numbers = append(t.numbers, number)
		return nil
	}, nil
}

// TestBlocksAreTakenInOrder: they are read and decoded by many goroutines, whatever fails of them is told with the file.
func TestBlocksAreTakenInOrder(t *testing.T) {
	fs := memfs.New(time.Now)
	w, err := checkpoint.Create(t.Context(), fs, "/shared/1-a", checkpoint.LZ4)
	require.NoError(t, err)
	var blocks []keyedBlock
	for i := range 500 {
		h, err := w.Append(binary.LittleEndian.AppendUint64(nil, uint64(i+1)))
		require.NoError(t, err)
		blocks = append(blocks, keyedBlock{file: h.Path, handle: h, section: "count", convert: new(state.Migration)})
	}
	require.NoError(t, w.Close())
	take := func(to *taking) error {
		for i := range blocks {
			blocks[i].to = to
		}
		r := &restoring{readers: map[string]*openFile{}, Restored: &Restored{Open: func(string) (*checkpoint.Reader, error) {
			return checkpoint.Open(context.Background(), fs, "/shared/1-a")
		}}}
		defer r.close()
		return r.take(blocks)
	}
	var all taking
	require.NoError(t, take(&all))
	require.Len(t, all.numbers, len(blocks))
	for i, n := range all.numbers {
		require.EqualValues(t, i+1, n)
	}
	for _, bad := range []*taking{{broken: 77}, {panics: 77}, {full: 77}} {
		err := take(bad)
		require.ErrorIs(t, err, errBroken)
		require.ErrorContains(t, err, `restore state "count" of file 1-a`)
		require.Len(t, bad.numbers, 76)
	}
}
