package yarn_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

func status(code int32, diagnostics string) *wire.ContainerStatus {
	return &wire.ContainerStatus{ExitStatus: &code, Diagnostics: &diagnostics}
}

func TestExplain(t *testing.T) {
	datadriven.RunTest(t, "testdata/exits", func(t *testing.T, d *datadriven.TestData) string {
		code, err := strconv.ParseInt(d.Cmd, 10, 32)
		require.NoError(t, err)
		return yarn.Explain(status(int32(code), d.Input), "n1", "taskmanager.memory.process.size") + "\n"
	})
}

func FuzzExplain(f *testing.F) {
	f.Add(int32(-104), "Current usage: 2.1 GB of 2 GB physical memory used; 3.3 GB of 4.2 GB virtual memory used.")
	f.Add(int32(2), "[2026-11-21 10:00:00.000]x\nLast 4096 bytes of stderr :\npanic: x\n")
	f.Fuzz(func(t *testing.T, code int32, diagnostics string) {
		sentence := yarn.Explain(status(code, diagnostics), "n1", "key")
		require.NotEmpty(t, strings.TrimSpace(sentence))
		require.Less(t, len(sentence), 1000)
		if utf8.ValidString(diagnostics) {
			require.True(t, utf8.ValidString(sentence))
		}
	})
}
