package datastream_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/filesystem"
)

func TestHadoopSettingsReachFileSystems(t *testing.T) {
	var got filesystem.Options
	scheme := "asked" + strings.ToLower(rand.Text()) // schemes are registered once in a process
	filesystem.Register(scheme, func(_ context.Context, _ *url.URL, opts filesystem.Options) (filesystem.FileSystem, error) {
		got = opts
		return nil, errors.New("not there")
	})
	env := datastream.NewEnvironment().Set("env.hadoop.conf.dir", "/conf").Set("hadoop.dfs.replication", "2").
		Set("flink.hadoop.dfs.replication", "3").Set("hadoop.fs.defaultFS", "hdfs://a")
	datastream.ReadTextFile(env, scheme+"://host/in.txt").Discard()
	_, err := env.Execute(t.Context(), "job")
	require.ErrorContains(t, err, "not there")
	require.Equal(t, "/conf", got.ConfDir)
	require.Equal(t, map[string]string{"dfs.replication": "3", "fs.defaultFS": "hdfs://a"}, got.Properties)
}
