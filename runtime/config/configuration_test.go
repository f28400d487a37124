package config

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTypedAccess(t *testing.T) {
	c := New()
	require.Equal(t, Automatic, Get(c, RuntimeMode))
	require.Equal(t, 5*time.Millisecond, Get(c, BufferTimeout))
	require.Equal(t, 128*Megabyte, Get(c, ManagedMemorySize))
	_, set := Lookup(c, DefaultParallelism)
	require.False(t, set)

	require.NoError(t, c.Set("execution.runtime-mode", "batch"))
	require.NoError(t, c.Set("execution.buffer-timeout", "1 s"))
	require.NoError(t, c.Set("io.tmp.dirs", "/a:/b,/c"))
	require.NoError(t, c.Set("pipeline.global-job-parameters", "a:1,b:2"))
	require.NoError(t, c.Set("pipeline.global-job-parameters.c", "3, 4"))
	require.NoError(t, Put(c, DefaultParallelism, 7))
	require.Equal(t, Batch, Get(c, RuntimeMode))
	require.Equal(t, time.Second, Get(c, BufferTimeout))
	require.Equal(t, []string{"/a", "/b", "/c"}, Get(c, TmpDirs))
	require.Equal(t, map[string]string{"a": "1", "b": "2", "c": "3, 4"}, Get(c, GlobalJobParameters))
	require.Equal(t, 7, Get(c, DefaultParallelism))
}

func TestSetRefuses(t *testing.T) {
	for _, tc := range []struct{ key, value, message string }{
		{"parallelism.default", "0", `code: parallelism.default: "0" is not valid: expected a whole number from 1 to 32768`},
		{"parallelism.default", "four", `"four" is not valid`},
		{"execution.runtime-mode", "QUICK", `"QUICK" is not valid: expected one of STREAMING, BATCH, AUTOMATIC`},
		{"execution.buffer-timeout.interval", "-1 ms", "expected a duration such as"},
		{"taskmanager.memory.managed.size", "1 lot", "expected a size such as"},
		{"taskmanager.memory.managed.fraction", "1.5", "expected a number from 0 to 1"},
		{"pipeline.operator-chaining.enabled", "yes", "expected true or false"},
		{"pipeline.global-job-parameters", "a", "expected entries such as a:1,b:2"},
		{"paralellism.default", "4", `unknown configuration key "paralellism.default"; did you mean "parallelism.default"?`},
		{"execution.checkpointing.intervall", "1s", `did you mean "execution.checkpointing.interval"?`},
		{"quite.another-thing", "4", `unknown configuration key "quite.another-thing"`},
		{"a..b", "4", `"a..b" is not a configuration key`},
		{"", "4", `"" is not a configuration key`},
	} {
		c := New()
		require.ErrorContains(t, c.Set(tc.key, tc.value), tc.message)
		require.Empty(t, c.All())
	}
	require.NotContains(t, New().Set("quite.another-thing", "4").Error(), "did you mean")
}

func TestKeysWithoutEffectWarnOnce(t *testing.T) {
	c := New()
	require.NoError(t, c.Set("env.java.opts.all", "-Xmx1g"))
	require.NoError(t, c.Set("env.java.opts.all", "-Xmx2g"))
	require.NoError(t, c.Set("execution.checkpointing.unaligned.interruptible-timers.enabled", "true"))
	require.NoError(t, c.Set("kubernetes.cluster-id", "x"))
	require.NoError(t, c.Set("flink.hadoop.dfs.replication", "2"))
	require.Equal(t, []string{
		"code: env.java.opts.all has no effect: Leat has no Java virtual machine",
		"code: execution.checkpointing.unaligned.interruptible-timers.enabled has no effect: that part of checkpoints is not there yet",
		"code: kubernetes.cluster-id has no effect: Leat has no Kubernetes client; start it there as a standalone cluster",
	}, c.Warnings())
	require.Equal(t, map[string]string{"dfs.replication": "2"}, c.WithPrefix("flink.hadoop."))
}

func TestSecretsAreMasked(t *testing.T) {
	c := New()
	require.NoError(t, c.Set("security.ssl.rest.key-password", "hunter2"))
	require.NoError(t, c.Set("s3.secret-key", "hunter2"))
	require.NoError(t, c.Set("pipeline.name", "shown"))
	require.Equal(t, []Value{
		{Key: "pipeline.name", Value: "shown", Origin: "code"},
		{Key: "s3.secret-key", Value: "******", Origin: "code"},
		{Key: "security.ssl.rest.key-password", Value: "******", Origin: "code"},
	}, c.All())
}

func TestWithAndMergeLeaveTheOriginal(t *testing.T) {
	base := New()
	require.NoError(t, base.Set("pipeline.name", "base"))
	changed, err := base.With("pipeline.name", "changed")
	require.NoError(t, err)
	require.Equal(t, "base", Get(base, PipelineName))
	require.Equal(t, "changed", Get(changed, PipelineName))
	base.Merge(changed)
	require.Equal(t, "changed", Get(base, PipelineName))
}

// Every default that is a value reads back as itself.
func TestDefaultsReadBack(t *testing.T) {
	for _, s := range declared.specs {
		value, err := s.parse(s.defaultText)
		if err != nil {
			continue // a sentence, or a number that only "unset" has
		}
		again, err := s.parse(s.format(value))
		require.NoError(t, err, s.key)
		require.Equal(t, value, again, s.key)
	}
}

func TestKindsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.StringMatching(`[ -~]{1,12}`), 1, 5).Draw(t, "items")
		readItems, err := list(";").parse(list(";").format(items))
		if err != nil || !slices.Equal(items, readItems) {
			t.Fatalf("%q reads back as %q, %v", items, readItems, err)
		}
		entries := rapid.MapOfN(rapid.StringMatching(`[ -~]{1,12}`), rapid.StringMatching(`[ -~]{0,12}`), 1, 4).Draw(t, "entries")
		readEntries, err := dictionary.parse(dictionary.format(entries))
		if err != nil || !maps.Equal(entries, readEntries) {
			t.Fatalf("%q reads back as %q, %v", entries, readEntries, err)
		}
		d := time.Duration(rapid.Int64Min(0).Draw(t, "duration"))
		readDuration, err := ParseDuration(FormatDuration(d))
		if err != nil || d != readDuration {
			t.Fatalf("%d reads back as %d, %v", d, readDuration, err)
		}
		m := MemorySize(rapid.Int64Min(0).Draw(t, "memory"))
		readMemory, err := ParseMemorySize(m.String())
		if err != nil || m != readMemory {
			t.Fatalf("%d reads back as %d, %v", m, readMemory, err)
		}
	})
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5 ms": 5 * time.Millisecond, "5ms": 5 * time.Millisecond, "5": 5 * time.Millisecond, "1 min": time.Minute,
		"2 h": 2 * time.Hour, "3d": 72 * time.Hour, "10 seconds": 10 * time.Second, "1h30m": 90 * time.Minute, "0.5s": 500 * time.Millisecond,
		"7 us": 7 * time.Microsecond, "0": 0,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]MemorySize{
		"128mb": 128 * Megabyte, "1 gb": Gigabyte, "1600m": 1600 * Megabyte, "20 kb": 20 * Kilobyte, "4096": 4096, "256 bytes": 256, "2t": 2 * Terabyte,
	} {
		got, err := ParseMemorySize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "ms", "1 fortnight", "-1 s", "99999999999 d"} {
		_, err := ParseDuration(text)
		require.Error(t, err, text)
	}
	for _, text := range []string{"", "mb", "1.5 gb", "-1", "9999999999 tb"} {
		_, err := ParseMemorySize(text)
		require.Error(t, err, text)
	}
}

func TestHadoopProperties(t *testing.T) {
	c := New()
	require.NoError(t, c.Set("hadoop.dfs.replication", "1"))
	require.NoError(t, c.Set("flink.hadoop.dfs.replication", "2"))
	require.NoError(t, c.Set("flink.yarn.resourcemanager.hostname", "head"))
	require.Equal(t, map[string]string{"dfs.replication": "2", "yarn.resourcemanager.hostname": "head"}, c.HadoopProperties())
	require.Empty(t, c.Warnings())
}
