package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestFileForms(t *testing.T) {
	path := write(t, `
parallelism.default: 3
execution:
  runtime-mode: BATCH
  buffer-timeout.interval: 7 ms
restart-strategy: fixed-delay
restart-strategy.fixed-delay:
  delay: 10 s
state.backend: hashmap
io.tmp.dirs: [/a, /b]
pipeline:
  global-job-parameters: {x: 1, y: 'a,b'}
  max-parallelism:
  serialization-config: [a: {type: pojo}]
`)
	c, found, err := Load(Sources{File: path})
	require.NoError(t, err)
	require.Equal(t, path, found)
	require.Equal(t, 3, Get(c, DefaultParallelism))
	require.Equal(t, Batch, Get(c, RuntimeMode))
	require.Equal(t, 7*time.Millisecond, Get(c, BufferTimeout))
	require.Equal(t, "fixed-delay", Get(c, RestartStrategy))
	require.Equal(t, 10*time.Second, Get(c, FixedDelay))
	require.Equal(t, []string{"/a", "/b"}, Get(c, TmpDirs))
	require.Equal(t, map[string]string{"x": "1", "y": "a,b"}, Get(c, GlobalJobParameters))
	require.Equal(t, 0, Get(c, MaxParallelism))
}

func TestFileErrorsNameTheLine(t *testing.T) {
	path := write(t, "parallelism:\n  default: many\nexecution.runtime-mod: BATCH\npipeline.name: a\npipeline:\n  name: b\n")
	_, _, err := Load(Sources{File: path})
	require.EqualError(t, err, path+`:6: pipeline.name is set twice, before in line 4: remove one`)

	require.NoError(t, os.WriteFile(path, []byte("parallelism:\n  default: many\nexecution.runtime-mod: BATCH\n"), 0o600))
	_, _, err = Load(Sources{File: path, Environ: []string{"LEAT_PIPELINE_MAX__PARALLELISM=x"}, Dynamic: []string{"pipeline.name"}})
	require.EqualError(t, err, strings.Join([]string{
		path + `:2: parallelism.default: "many" is not valid: expected a whole number from 1 to 32768`,
		path + `:3: unknown configuration key "execution.runtime-mod"; did you mean "execution.runtime-mode"?`,
		`LEAT_PIPELINE_MAX__PARALLELISM: pipeline.max-parallelism: "x" is not valid: expected a whole number from 1 to 32768`,
		`-D: "pipeline.name" is not an assignment: expected key=value`,
	}, "\n"))

	require.NoError(t, os.WriteFile(path, []byte("a: [1\n"), 0o600))
	_, _, err = Load(Sources{File: path})
	require.ErrorContains(t, err, path+": not YAML: line 1")

	require.NoError(t, os.WriteFile(path, []byte("- a\n"), 0o600))
	_, _, err = Load(Sources{File: path})
	require.ErrorContains(t, err, path+":1: expected keys and values")
}

func TestPrecedence(t *testing.T) {
	path := write(t, "pipeline.name: file\nparallelism.default: 1\nexecution.runtime-mode: BATCH\nstate.backend: hashmap\nstate.backend.type: pebble\n")
	c, _, err := Load(Sources{
		File:    path,
		Environ: []string{"LEAT_PIPELINE_NAME=environment", "LEAT_PARALLELISM_DEFAULT=2", "LEAT_CONF_DIR=/nowhere", "LEAT_TEST_HDFS=x", "HOME=/"},
		Dynamic: []string{"pipeline.name=a=b,c"},
	})
	require.NoError(t, err)
	require.Equal(t, "a=b,c", Get(c, PipelineName))
	require.Equal(t, 2, Get(c, DefaultParallelism))
	require.Equal(t, Batch, Get(c, RuntimeMode))
	require.Equal(t, "pebble", Get(c, StateBackend), "a key wins over its older spelling")
	require.NoError(t, Put(c, PipelineName, "code"))
	require.Equal(t, "code", Get(c, PipelineName))
}

func TestWhereTheFileIsFound(t *testing.T) {
	home := t.TempDir()
	for _, folder := range []string{"bin", "conf", "other"} {
		require.NoError(t, os.Mkdir(filepath.Join(home, folder), 0o700))
	}
	beside := filepath.Join(home, "conf", "config.yaml")
	other := filepath.Join(home, "other", "config.yaml")
	require.NoError(t, os.WriteFile(beside, []byte("pipeline.name: beside\n"), 0o600))
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	binary := filepath.Join(home, "bin", "leat")
	t.Chdir(filepath.Join(home, "other"))

	for _, tc := range []struct {
		sources Sources
		want    string
	}{
		{Sources{}, ""},
		{Sources{Executable: binary}, beside},
		{Sources{Executable: binary, Environ: []string{"LEAT_CONF_DIR=" + filepath.Dir(other)}}, other},
		{Sources{Environ: []string{"LEAT_CONF_DIR=" + filepath.Dir(other), "LEAT_CONFIG=" + beside}}, beside},
		{Sources{File: other, Environ: []string{"LEAT_CONFIG=" + beside}}, other},
	} {
		_, found, err := Load(tc.sources)
		require.NoError(t, err)
		require.Equal(t, tc.want, found)
	}
	_, _, err := Load(Sources{File: filepath.Join(home, "missing.yaml")})
	require.ErrorContains(t, err, "--config: reading the configuration")
	_, _, err = Load(Sources{Environ: []string{"LEAT_CONF_DIR=" + home}})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestVariableNames(t *testing.T) {
	for key, variable := range map[string]string{
		"parallelism.default":           "LEAT_PARALLELISM_DEFAULT",
		"execution.runtime-mode":        "LEAT_EXECUTION_RUNTIME__MODE",
		"taskmanager.numberOfTaskSlots": "LEAT_TASKMANAGER_NUMBEROFTASKSLOTS",
		"high-availability.storageDir":  "LEAT_HIGH__AVAILABILITY_STORAGEDIR",
		"flink.hadoop.fooBar":           "LEAT_FLINK_HADOOP_FOObAR",
		"hadoop.security.auth_to_local": "LEAT_HADOOP_SECURITY_AUTH___TO___LOCAL",
	} {
		require.Equal(t, variable, EnvName(key))
		back, ok := KeyOfEnv(variable)
		require.True(t, ok)
		require.Equal(t, key, back)
	}
	for _, variable := range []string{"LEAT_CONF_DIR", "LEAT_CONFIG", "LEAT_STATUS_FD", "LEAT_INFO", "LEAT_TEST_HDFS", "LEAT_BIN", "LEAT_LOG_DIR", "LEAT_PID_DIR", "PATH", "LEAT_"} {
		_, ok := KeyOfEnv(variable)
		require.False(t, ok, variable)
	}
	for key := range declared.byKey {
		back, ok := KeyOfEnv(EnvName(key))
		require.True(t, ok)
		require.Same(t, declared.byKey[key], declared.byKey[back], key)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := "flink.hadoop." + rapid.StringMatching(`[A-Za-z0-9]{1,5}([._-][A-Za-z0-9]{1,5}){0,4}`).Draw(t, "key")
		if back, ok := KeyOfEnv(EnvName(key)); !ok || back != key {
			t.Fatalf("%s becomes %s becomes %s", key, EnvName(key), back)
		}
	})
}

func TestConfigurationIsHandedOver(t *testing.T) {
	path := write(t, "s3.secret-key: hunter2\npipeline.name: file\nparallelism.default: 1\n")
	parent, found, err := Load(Sources{File: path, Dynamic: []string{"parallelism.default=4", "io.tmp.dirs=/a,/b", "flink.hadoop.aB=c"}})
	require.NoError(t, err)

	variables := parent.Environ(found)
	require.NotContains(t, strings.Join(variables, "\n"), "hunter2", "what is in the file stays there")
	child, _, err := Load(Sources{Environ: variables})
	require.NoError(t, err)
	require.Equal(t, withoutOrigin(parent), withoutOrigin(child))
	require.Equal(t, 4, Get(child, DefaultParallelism))
}

func withoutOrigin(c *Configuration) []Value {
	values := c.All()
	for i := range values {
		values[i].Origin = ""
	}
	return values
}

func TestFromEnvironment(t *testing.T) {
	t.Setenv("LEAT_CONF_DIR", filepath.Dir(write(t, "pipeline.name: file\n")))
	t.Setenv("LEAT_PARALLELISM_DEFAULT", "5")
	c, err := FromEnvironment()
	require.NoError(t, err)
	require.Equal(t, "file", Get(c, PipelineName))
	require.Equal(t, 5, Get(c, DefaultParallelism))
}

// The file that Flink 2.3 ships, and what it suggests in its comments, starts Leat.
func TestFlinksOwnFileIsAccepted(t *testing.T) {
	c, _, err := Load(Sources{File: filepath.Join("testdata", "flink-config.yaml")})
	require.NoError(t, err)
	require.Equal(t, 1, Get(c, DefaultParallelism))
	require.Equal(t, 8081, Get(c, RestPort))
	require.Equal(t, 3*time.Minute, Get(c, CheckpointInterval))
	require.Contains(t, strings.Join(c.Warnings(), "\n"), "env.java.opts.all has no effect: Leat has no Java virtual machine")
	require.NotContains(t, strings.Join(c.Warnings(), "\n"), "jobmanager.rpc.address", "no warning for a default")
}

// Keys that people set in Flink are options or have a reason why not.
func TestFlinksKeysAreKnown(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "flink-keys.txt"))
	require.NoError(t, err)
	for key := range strings.FieldsSeq(string(content)) {
		_, isOption := declared.byKey[key]
		_, isFamily := familyOf(key)
		require.True(t, isOption || isFamily, key)
	}
}
