package hdfs

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
)

// realFS is the HDFS that LEAT_TEST_HDFS names, with a client of its own, and a fresh directory in it.
func realFS(t *testing.T, c clock) (fs *fileSystem, dir string) {
	t.Helper()
	root, err := url.Parse(os.Getenv("LEAT_TEST_HDFS"))
	require.NoError(t, err)
	if root.Host == "" {
		t.Skip("LEAT_TEST_HDFS is not set; run scripts/hadoop/up.sh")
	}
	conf, err := loadConf("", nil)
	require.NoError(t, err)
	shared, err := sharedClient(conf, root.Host, nil)
	require.NoError(t, err)
	own := &client{conf: conf, addrs: shared.addrs, user: shared.user, log: shared.log, clock: c}
	fs = &fileSystem{client: own, root: root.String()}
	dir = fmt.Sprintf("/tmp/leat-test/rename-%d", time.Now().UnixNano())
	require.NoError(t, fs.MkdirAll(t.Context(), dir))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		infos, err := fs.List(ctx, dir)
		require.NoError(t, err)
		for _, i := range infos {
			require.NoError(t, fs.Remove(ctx, i.Path))
		}
		require.NoError(t, fs.Remove(ctx, dir))
	})
	return fs, dir
}

func put(t *testing.T, fs *fileSystem, path string) {
	t.Helper()
	w, err := fs.Create(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

func TestRenameLockedHasOneWinner(t *testing.T) {
	const n = 4
	var winners atomic.Int32
	fs, dir := realFS(t, realClock)
	for i := range n {
		put(t, fs, fmt.Sprintf("%s/f%d", dir, i))
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			s := fs.client.hold()
			defer fs.client.release(s)
			_, errs[i] = fs.renameLocked(t.Context(), s, fmt.Sprintf("%s/f%d", dir, i), dir+"/target")
			if errs[i] == nil {
				winners.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, winners.Load())
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, filesystem.ErrExist)
		}
	}
	infos, err := fs.List(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, infos, n, "the lock is gone")
}

func TestRenameLockedRemovesALeftOverLock(t *testing.T) {
	v := &virtualClock{t: time.Now()}
	fs, dir := realFS(t, v.clock())
	put(t, fs, dir+"/f")
	put(t, fs, dir+"/.target.renaming")
	begin := v.t
	s := fs.client.hold()
	defer fs.client.release(s)
	_, err := fs.renameLocked(t.Context(), s, dir+"/f", dir+"/target")
	require.NoError(t, err)
	require.Greater(t, v.t.Sub(begin), lockAge)
}
