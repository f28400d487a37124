package hugepage_test

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hugepage"
)

// TestLargePagesAreAsked: the kernel knows that the memory is to lie in large pages, where it has any.
func TestLargePagesAreAsked(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this kernel has no transparent large pages")
	}
	s := hugepage.Make[int64](4 << 20)
	require.Contains(t, flagsOf(t, &s[len(s)/2]), "hg")
	s = hugepage.Grow(s, 1)
	require.Contains(t, flagsOf(t, &s[len(s)/2]), "hg")
}

// flagsOf are those of the mapping that p lies in, as proc_pid_smaps(5) names them.
func flagsOf(t *testing.T, p *int64) []string {
	f, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer f.Close()
	at, within := uint64(uintptr(unsafe.Pointer(p))), false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var first, end uint64
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &first, &end); n == 2 {
			within = first <= at && at < end
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && within {
			return slices.Collect(strings.FieldsSeq(flags))
		}
	}
	require.Fail(t, "the memory is not mapped")
	return nil
}
