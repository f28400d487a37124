package spill_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/spill"
)

func TestPagesAreReadInAnyOrder(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, base, int64(rapid.SampledFrom([]int{0, 100, 1 << 20}).Draw(t, "budget")), rapid.Bool().Draw(t, "lz4"))
		p := spill.NewPages(f.mem, f.dir)
		var want [][]byte
		first := 0
		read := func(i int) {
			got, err := p.Read(i)
			require.NoError(t, err)
			require.Equal(t, string(want[i]), string(got))
		}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "read", "drop"}).Draw(t, "step") {
			case "append":
				data := bytes.Repeat([]byte{byte(len(want))}, rapid.IntRange(0, 60).Draw(t, "size"))
				want = append(want, data)
				require.NoError(t, p.Append(bytes.Clone(data)))
			case "read":
				if first < len(want) {
					read(rapid.IntRange(first, len(want)-1).Draw(t, "page"))
				}
			case "drop":
				first = rapid.IntRange(first, len(want)).Draw(t, "first")
				require.NoError(t, p.Drop(first))
			}
			press(t, f.mem)
		}
		require.Equal(t, len(want), p.Len())
		for i := first; i < len(want); i++ {
			read(i)
		}
		if first > 0 {
			_, err := p.Read(first - 1)
			require.Error(t, err)
		}
		require.NoError(t, p.Close())
		require.NoError(t, p.Close())
		f.done(t)
	})
}
