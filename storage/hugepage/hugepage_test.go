package hugepage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hugepage"
)

// TestGrow: values stay, as they do with slices.Grow, below and above the size of a large page.
func TestGrow(t *testing.T) {
	var s []uint32
	for i := range uint32(3_000_000) {
		if s = hugepage.Grow(s, 1); len(s) == cap(s) {
			require.Less(t, len(s), cap(s))
		}
		s = append(s, i)
	}
	before := &s[0]
	s = hugepage.Grow(s, cap(s)-len(s))
	require.Same(t, before, &s[0], "there was room")
	for i, v := range s {
		if v != uint32(i) {
			require.EqualValues(t, i, v)
		}
	}
}

// TestAdvise: any piece of memory may be named, and none is changed.
func TestAdvise(t *testing.T) {
	hugepage.Advise[int](nil)
	hugepage.Advise(make([]struct{}, 10))
	all := hugepage.Make[byte](9 << 20)
	for i := range all {
		all[i] = byte(i)
	}
	for _, from := range []int{0, 1, 4095, 1 << 20, 2<<20 + 1, 9<<20 - 1} {
		hugepage.Advise(all[from:])
		hugepage.Advise(all[: from : from+1])
	}
	for i := range all {
		if all[i] != byte(i) {
			require.Equal(t, byte(i), all[i])
		}
	}
}
