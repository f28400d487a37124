package integration

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// notRun are the commands in documents that this test does not run, each with the reason.
var notRun = map[string]string{
	"scripts/test": "runs this test",
}

// kafkaBrokers stands for brokers in documents. integration/kafka runs the commands that it is in.
const kafkaBrokers = "localhost:9092"

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestEveryCommandInADocumentRuns runs the sh blocks of all documents, in order, from the root of the tree.
func TestEveryCommandInADocumentRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	var documents []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			documents = append(documents, path)
		}
		return err
	}))
	require.NotEmpty(t, documents)
	for _, path := range documents {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, block := range shellBlock.FindAllSubmatch(text, -1) {
			for line := range strings.Lines(string(block[1])) {
				line = strings.TrimSpace(line)
				command, _, _ := strings.Cut(line, "  #")
				if command == "" || strings.HasPrefix(command, "#") || notRun[command] != "" || strings.Contains(command, kafkaBrokers) {
					continue
				}
				t.Run(filepath.Base(path)+": "+command, func(t *testing.T) {
					cmd := exec.Command("bash", "-euo", "pipefail", "-c", command)
					cmd.Dir, cmd.WaitDelay = root, time.Minute
					out, err := cmd.CombinedOutput()
					require.NoError(t, err, "%s", out)
				})
			}
		}
	}
}
