package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/config"
)

func TestOutcomes(t *testing.T) {
	for _, message := range []string{"the program has failed: a: b", "", "two\nlines"} {
		code, got := decodeOutcome(encodeOutcome(7, message))
		require.Equal(t, 7, code)
		require.Equal(t, message, got)
	}
	for _, diagnostics := range []string{"", "Application killed by user", "exit code", "exit code x: y"} {
		code, got := decodeOutcome(" " + diagnostics + "\n")
		require.Equal(t, exitFailed, code)
		require.Equal(t, diagnostics, got)
	}
}

// What is about this host stays here; a container reads the rest as it was set.
func TestShippedConfiguration(t *testing.T) {
	conf := config.New()
	for key, value := range map[string]string{"parallelism.default": "3", "io.tmp.dirs": "/a,/b", "pipeline.global-job-parameters": "a:x y,b:z",
		"yarn.tags": "x: y # z", "rest.port": "9", "execution.target": "yarn-application", "cluster.secret-file": "/s", "flink.hadoop.fs.defaultFS": "hdfs://x",
		"env.hadoop.conf.dir": "/etc/hadoop", "security.kerberos.login.keytab": "/k"} {
		require.NoError(t, conf.Set(key, value))
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, conf.YAML(notShipped), 0o600))
	got, _, err := config.Load(config.Sources{File: file})
	require.NoError(t, err)
	var keys []string
	for _, v := range got.All() {
		keys = append(keys, v.Key)
	}
	require.Equal(t, []string{"io.tmp.dirs", "parallelism.default", "pipeline.global-job-parameters", "yarn.tags"}, keys)
	require.Equal(t, config.Get(conf, config.GlobalJobParameters), config.Get(got, config.GlobalJobParameters))
	require.Equal(t, []string{"x: y # z"}, config.Get(got, config.YarnTags))
}
