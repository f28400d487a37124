package task

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestValve runs scripts: "valve channels=N", then lines "CHANNEL watermark TIME | idle | active | end".
func TestValve(t *testing.T) {
	datadriven.RunTest(t, "testdata/valve", func(t *testing.T, d *datadriven.TestData) string {
		var n int
		d.ScanArgs(t, "channels", &n)
		v := newValve(n)
		var b strings.Builder
		for _, line := range strings.Split(d.Input, "\n") {
			var channel int
			var verb string
			var at int64
			fmt.Sscan(line, &channel, &verb, &at)
			var ch change
			switch verb {
			case "watermark":
				ch = v.watermark(channel, at)
			case "idle":
				ch = v.setIdle(channel, true)
			case "active":
				ch = v.setIdle(channel, false)
			case "end":
				ch = v.end(channel)
			default:
				d.Fatalf(t, "unknown line %q", line)
			}
			fmt.Fprintf(&b, "%s:", line)
			if ch.advanced {
				fmt.Fprintf(&b, " watermark %d", ch.watermark)
			}
			if ch.idle {
				b.WriteString(" idle")
			}
			if ch.active {
				b.WriteString(" active")
			}
			b.WriteByte('\n')
		}
		return b.String()
	})
}
