package pebble

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestChoose: sizes are those of young runs in KiB, the newest first, and of the base.
func TestChoose(t *testing.T) {
	datadriven.RunTest(t, "testdata/choose", func(t *testing.T, d *datadriven.TestData) string {
		var base int
		d.ScanArgs(t, "base", &base)
		var young []int64
		for _, field := range strings.Fields(d.Input) {
			size, times, _ := strings.Cut(field, "x")
			kib, err := strconv.ParseInt(size, 10, 64)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			n := 1
			if times != "" {
				if n, err = strconv.Atoi(times); err != nil {
					d.Fatalf(t, "%v", err)
				}
			}
			for range n {
				young = append(young, kib<<10)
			}
		}
		p := choose(young, int64(base)<<10, regular)
		switch {
		case p.to == 0:
			return "nothing\n"
		case p.base:
			return fmt.Sprintf("%d-%d with the base\n", p.from, p.to)
		}
		return fmt.Sprintf("%d-%d\n", p.from, p.to)
	})
}
