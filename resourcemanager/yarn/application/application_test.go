package application_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// enter is a process in a container of that attempt.
func enter(t *testing.T, id string) *application.Container {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	tokens := &credentials.Credentials{}
	tokens.Add("", yarntest.Token("amrm-1"))
	application.AddSecret(tokens, []byte("0123456789abcdef"))
	file := filepath.Join(dir, "container_tokens")
	require.NoError(t, tokens.Save(file))
	for name, value := range map[string]string{"CONTAINER_ID": id, credentials.Environment: file, "NM_HOST": "node1", "LOG_DIRS": "/logs/a,/logs/b",
		"LOCAL_DIRS": "/disk1/app,/disk2/app", "HADOOP_CONF_DIR": "/elsewhere", "TMPDIR": "/elsewhere"} {
		t.Setenv(name, value)
	}
	c, err := application.Enter()
	require.NoError(t, err)
	return c
}

func TestEnter(t *testing.T) {
	c := enter(t, "container_e03_1700000000000_0007_02_000001")
	require.Equal(t, "application_1700000000000_0007", c.Application().Text())
	require.Equal(t, uint64(2), c.Attempt())
	require.Equal(t, "node1", c.Host)
	require.Equal(t, "/logs/a", c.LogDir)
	require.Equal(t, []string{"/disk1/app", "/disk2/app"}, c.TmpDirs)
	require.Equal(t, "amrm-1", string(c.Credentials().Find(credentials.KindAMRM).Identifier))
	require.Equal(t, c.Dir, os.Getenv("HADOOP_CONF_DIR"), "children may work elsewhere")
	require.Equal(t, filepath.Join(c.Dir, "tmp"), os.TempDir(), "what is left in it goes with the container")
	path, err := c.WriteSecret()
	require.NoError(t, err)
	s, err := secret.Load(path)
	require.NoError(t, err)
	require.True(t, s.Matches("0123456789abcdef"))
	require.NoError(t, (&credentials.Credentials{}).Save(os.Getenv(credentials.Environment)))
	without, err := application.Enter()
	require.NoError(t, err)
	_, err = without.WriteSecret()
	require.ErrorContains(t, err, "have no secret")
}

func TestNoContainer(t *testing.T) {
	t.Setenv("CONTAINER_ID", "")
	_, err := application.Enter()
	require.ErrorIs(t, err, application.ErrNoContainer)
}

// An ApplicationMaster reads a file, others their tokens.
func TestDescription(t *testing.T) {
	want := application.Description{Configuration: "a: b\n", Site: "<configuration/>", Program: "wordcount", Args: []string{"--input", "a b", "$(c)"},
		Files: map[string]launch.File{"leat": {Path: "hdfs://a/b", Size: 3}}, Links: map[string]string{"program/x": "leat"}}
	encoded, err := want.Encode()
	require.NoError(t, err)
	for _, master := range []bool{true, false} {
		c := enter(t, "container_1700000000000_0007_01_000001")
		if master {
			_, err := c.Description()
			require.ErrorContains(t, err, "what the application is")
			require.NoError(t, os.WriteFile(application.DescriptionFile, encoded, 0o600))
		} else {
			more := &credentials.Credentials{}
			packed, err := want.Pack()
			require.NoError(t, err)
			application.AddDescription(more, packed)
			path := os.Getenv(credentials.Environment)
			require.NoError(t, more.Save(path))
			c, err = application.Enter()
			require.NoError(t, err)
		}
		require.NoError(t, os.WriteFile(application.BinaryFile, []byte("binary"), 0o600))
		cached := filepath.Join(t.TempDir(), "cached")
		require.NoError(t, os.WriteFile(cached, []byte("shipped"), 0o600))
		require.NoError(t, os.Symlink(cached, application.SiteFile))
		got, err := c.Description()
		require.NoError(t, err)
		require.Equal(t, want, got)
		for name, content := range map[string]string{application.ConfigurationFile: want.Configuration, application.SiteFile: want.Site, cached: "shipped", "program/x": "binary"} {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, content, string(text))
		}
	}
}

// YARN makes one link to a file, which must be that of the binary, as for a script that it runs itself.
func TestFilesWithSeveralNames(t *testing.T) {
	binary, other := launch.File{Path: "hdfs://a/b", Size: 3}, launch.File{Path: "hdfs://a/c", Archive: true}
	var d application.Description
	d.SetFiles(map[string]launch.File{application.BinaryFile: binary, "again": binary, "program/x": binary, "y": other, "x": other, "packed": {Path: other.Path}})
	require.Equal(t, map[string]launch.File{application.BinaryFile: binary, "x": other, "packed": {Path: other.Path}}, d.Files)
	require.Equal(t, map[string]string{"again": application.BinaryFile, "program/x": application.BinaryFile, "y": "x"}, d.Links)
}

func TestAddresses(t *testing.T) {
	stage := submission.Stage{Dir: "mem://" + t.Name() + "/user/alice"}
	first := enter(t, "container_1700000000000_0007_01_000001")
	_, err := first.Announced(t.Context(), stage)
	require.ErrorIs(t, err, filesystem.ErrNotExist)
	for _, id := range []string{"container_1700000000000_0007_02_000001", "container_1700000000000_0007_10_000001"} {
		c := enter(t, id)
		require.NoError(t, c.Announce(t.Context(), stage, application.Member{Control: "node:" + id[len(id)-9:len(id)-7], REST: "node:80"}))
	}
	all, err := first.Announced(t.Context(), stage)
	require.NoError(t, err)
	require.Equal(t, []application.Member{{Control: "node:10", REST: "node:80"}, {Control: "node:02", REST: "node:80"}}, all, "the newest attempt counts")
	require.NoError(t, stage.Remove(t.Context(), first.Application().Text()))
	_, err = first.Announced(t.Context(), stage)
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}
