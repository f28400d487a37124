package checks

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/leatproject/leat/runtime/config"
	"github.com/stretchr/testify/require"
)

func TestTopLevel(t *testing.T) {
	allowed := append([]string{
		".ci", ".git", ".github", ".gitignore", "LICENSE", "NOTICE", "README.md", "bin", "dist", "go.mod", "go.sum", "integration", "scripts",
	}, rooms...)
	entries, err := os.ReadDir(root(t))
	require.NoError(t, err)
	for _, e := range entries {
		require.Contains(t, allowed, e.Name(), "the top of the repository holds the rooms and nothing else")
	}
}

func TestModuleFile(t *testing.T) {
	content, err := os.ReadFile(root(t) + "/go.mod")
	require.NoError(t, err)
	require.Regexp(t, regexp.MustCompile(`(?m)^module `+regexp.QuoteMeta(module)+`$`), string(content))
	for line := range strings.Lines(string(content)) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.NotEqual(t, "replace", first, "go.mod: a replace does not reach those who import the module")
	}
}

// The template is accepted as it is, and with every setting in it turned on.
func TestConfigurationTemplate(t *testing.T) {
	template, err := os.ReadFile(root(t) + "/scripts/conf/config.yaml")
	require.NoError(t, err)
	setting := regexp.MustCompile(`(?m)^# ( *[a-z-]+:.*)$`)
	for name, content := range map[string]string{"as it is": string(template), "turned on": setting.ReplaceAllString(string(template), "$1")} {
		path := t.TempDir() + "/config.yaml"
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		c, _, err := config.Load(config.Sources{File: path})
		require.NoError(t, err, name)
		require.Empty(t, c.Warnings(), name)
		require.Equal(t, name == "turned on", len(c.All()) > 8, "%v", c.All())
	}
}
