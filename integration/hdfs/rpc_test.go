package hdfs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

func TestNameNodeCalls(t *testing.T) {
	requireHDFS(t)
	c, err := conf.Load("", nil)
	require.NoError(t, err)
	nn, err := namenode.Connect(namenode.Options{Conf: c})
	require.NoError(t, err)
	defer nn.Close()
	fs, dir, _ := workDir(t)
	for _, name := range []string{"/a", "/b"} {
		require.NoError(t, fs.MkdirAll(t.Context(), dir+name))
	}
	err = nn.Rename(t.Context(), dir+"/a", dir+"/b")
	require.ErrorIs(t, err, ipc.FileAlreadyExistsException)
	err = nn.Rename(t.Context(), dir+"/missing", dir+"/c")
	require.ErrorIs(t, err, ipc.FileNotFoundException)
	require.NoError(t, nn.Rename(t.Context(), dir+"/a", dir+"/c"))
	status, err := nn.Stat(t.Context(), dir+"/c")
	require.NoError(t, err)
	owner, _, _ := strings.Cut(nn.User(), "@")
	require.Equal(t, owner, status.GetOwner())
	if !c.Kerberos() {
		token, err := nn.DelegationToken(t.Context(), "nobody")
		require.NoError(t, err)
		require.Nil(t, token)
	}
	status, err = nn.Stat(t.Context(), dir+"/a")
	require.NoError(t, err)
	require.Nil(t, status)
}
