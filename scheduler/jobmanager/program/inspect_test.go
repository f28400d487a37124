package program_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/leatproject/leat/scheduler/jobmanager/program"
	"github.com/stretchr/testify/require"
)

func TestInspect(t *testing.T) {
	path, err := os.Executable()
	require.NoError(t, err)
	self, err := os.Open(path)
	require.NoError(t, err)
	defer self.Close()
	info, err := program.Inspect(self)
	require.NoError(t, err)
	require.NoError(t, info.RunsOn(runtime.GOOS, runtime.GOARCH))
	require.ErrorContains(t, info.RunsOn("linux", "s390x"), "GOOS=linux GOARCH=s390x")

	for content, want := range map[string]string{
		"PK\x03\x04rest": "Java virtual machine", "#!/bin/sh\n": "script", "": "no Go binary", "\x7fELF": "no Go binary", "x": "no Go binary",
	} {
		_, err := program.Inspect(strings.NewReader(content))
		require.ErrorIs(t, err, program.ErrNotRunnable)
		require.ErrorContains(t, err, want)
	}
}
