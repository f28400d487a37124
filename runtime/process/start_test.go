//go:build linux

package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramThatIsStillOpenForWriting(t *testing.T) {
	program, err := exec.LookPath("true")
	require.NoError(t, err)
	content, err := os.ReadFile(program)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "program")
	open, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = open.Write(content)
	require.NoError(t, err)
	attempts := 0
	cmd, err := Start(func() *exec.Cmd {
		if attempts++; attempts == 3 {
			require.NoError(t, open.Close())
		}
		return exec.Command(path)
	})
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	require.Equal(t, 3, attempts)
}
