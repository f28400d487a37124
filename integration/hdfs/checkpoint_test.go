package hdfs_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/checkpoint/checkpointtest"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

func TestCheckpointStore(t *testing.T) {
	requireHDFS(t)
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		fs, dir, _ := workDir(t)
		return checkpointtest.Place{FS: fs, Dir: dir}
	}, 50)
}

// stateFile is a state file that is being written, some blocks of it.
type stateFile struct {
	store   *checkpoint.Store
	w       *checkpoint.Writer
	handles []*checkpoint.Handle
}

func newStateFile(t *testing.T) *stateFile {
	t.Helper()
	fs, dir, _ := workDir(t)
	s := &stateFile{store: checkpoint.NewStore(fs, dir+"/job")}
	w, err := s.store.Create(t.Context(), 1, "worker", checkpoint.None)
	require.NoError(t, err)
	s.w = w
	return s
}

func block(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1<<18) }

func (s *stateFile) append(n int) error {
	for range n {
		h, err := s.w.Append(block(len(s.handles)))
		if err != nil {
			return err
		}
		s.handles = append(s.handles, h)
	}
	return nil
}

// commit completes the file and the checkpoint.
func (s *stateFile) commit(ctx context.Context) error {
	if err := s.w.Close(); err != nil {
		return err
	}
	return s.store.Commit(ctx, &checkpoint.Metadata{CheckpointId: 1})
}

// check reads everything back.
func (s *stateFile) check(t *testing.T) {
	t.Helper()
	ids, err := s.store.Checkpoints(t.Context())
	require.NoError(t, err)
	require.Equal(t, []uint64{1}, ids)
	r, err := s.store.Open(t.Context(), filepath.Base(s.w.Path()))
	require.NoError(t, err)
	for i, h := range s.handles {
		got, err := r.Read(h)
		require.NoError(t, err)
		require.True(t, bytes.Equal(block(i), got))
	}
	require.NoError(t, r.Close())
}

// The NameNode restarts, and DataNodes die, while a checkpoint is written.
func TestCheckpointSurvives(t *testing.T) {
	c := ownCluster(t)
	c.requireOneNameNode()
	if c.datanodes() < 4 {
		t.Skip("needs up.sh --datanodes 4")
	}
	for name, daemons := range map[string][]string{"NameNode": {"nn"}, "DataNodes": {"dn1", "dn2"}} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			s := newStateFile(t)
			require.NoError(t, s.append(8))
			for _, d := range daemons {
				c.kill(d)
			}
			require.NoError(t, s.append(8), "a block that is being written needs no NameNode unless a DataNode is lost")
			if name == "NameNode" {
				c.up()
			}
			require.NoError(t, s.append(8))
			require.NoError(t, s.commit(t.Context()))
			s.check(t)
		})
	}
}

// The active NameNode dies while a checkpoint is written, and the other takes over.
func TestCheckpointSurvivesFailover(t *testing.T) {
	c := requireHA(t)
	active, standby := "nn1", "nn2"
	if !isActive(t.Context(), administrator(t, active)) {
		active, standby = standby, active
	}
	s := newStateFile(t)
	require.NoError(t, s.append(8))
	c.kill(active)
	failed := make(chan error, 1)
	ctx := t.Context()
	go func() {
		if err := s.append(8); err != nil {
			failed <- err
			return
		}
		failed <- s.commit(ctx)
	}()
	makeActive(t, standby)
	require.NoError(t, <-failed)
	s.check(t)
}

// administer makes a call of an administrator.
func administer(t *testing.T, method string, request []byte) {
	t.Helper()
	nn, err := connect(t, nil, false)
	require.NoError(t, err)
	_, err = nn.CallEncoded(context.WithoutCancel(t.Context()), method, request) // also in Cleanup
	require.NoError(t, err)
}

func setSafeMode(t *testing.T, on bool) {
	action := uint64(1)
	if on {
		action = 2
	}
	administer(t, "setSafeMode", protowire.AppendVarint([]byte{0x08}, action))
}

// A NameNode in safe mode is waited for, but not for ever.
func TestCheckpointInSafeMode(t *testing.T) {
	ownCluster(t).requireOneNameNode()
	s := newStateFile(t)
	t.Cleanup(func() { setSafeMode(t, false) })
	setSafeMode(t, true)
	begin := time.Now()
	require.NoError(t, s.append(1), "its block was added before")
	err := s.commit(t.Context())
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.ErrorContains(t, err, "safe mode")
	require.Less(t, time.Since(begin), 3*time.Minute)
	setSafeMode(t, false)
	require.NoError(t, s.w.Abort())

	s = newStateFile(t)
	setSafeMode(t, true)
	failed := make(chan error, 1)
	ctx := t.Context()
	go func() {
		if err := s.append(3); err != nil {
			failed <- err
			return
		}
		failed <- s.commit(ctx)
	}()
	setSafeMode(t, false)
	require.NoError(t, <-failed)
	s.check(t)
}

// quota limits how many names, and bytes with all replicas, a directory may hold.
func quota(t *testing.T, dir string, names, space uint64) {
	request := protowire.AppendString([]byte{0x0a}, dir)
	request = protowire.AppendVarint(append(request, 0x10), names)
	request = protowire.AppendVarint(append(request, 0x18), space)
	administer(t, "setQuota", request)
}

const unlimited = 1<<63 - 1 // leaves a quota as it is

// A full quota is an error that names the directory and the quota; nothing is left, and room can be made.
func TestCheckpointQuota(t *testing.T) {
	ownCluster(t)
	for name, limits := range map[string][2]uint64{"NSQuotaExceeded": {2, unlimited}, "DSQuotaExceeded": {unlimited, 1 << 20}} {
		t.Run(name, func(t *testing.T) {
			fs, dir, _ := workDir(t)
			quota(t, dir, limits[0], limits[1])
			store := checkpoint.NewStore(fs, dir+"/job")
			w, err := store.Create(t.Context(), 1, "worker", checkpoint.None)
			if err == nil {
				_, err = w.Append(block(0))
				require.Equal(t, err, w.Close())
				require.NoError(t, w.Abort())
			}
			require.ErrorIs(t, err, filesystem.ErrNoSpace)
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, "quota")
			require.ErrorContains(t, err, dir+" is exceeded")
			if name == "DSQuotaExceeded" {
				require.Empty(t, listing(t, fs, dir+"/job/shared"))
			}
		})
	}
}

// A write that takes longer than its context ends with it, and the file can be given up.
func TestCheckpointTimesOut(t *testing.T) {
	c := ownCluster(t)
	fs, dir, _ := workDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	store := checkpoint.NewStore(fs, dir+"/job")
	w, err := store.Create(ctx, 1, "worker", checkpoint.None)
	require.NoError(t, err)
	_, err = w.Append(block(0))
	require.NoError(t, err)
	c.pauseDataNodes()
	failed := make(chan error, 1)
	go func() {
		_, err := w.Append(bytes.Repeat([]byte{1}, 64<<20)) // more than is in flight
		failed <- err
	}()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	require.NoError(t, w.Abort())
	require.Empty(t, listing(t, fs, dir+"/job/shared"))
}

// A token expires, and whoever renews it puts another into its file: checkpoints go on.
func TestCheckpointWithRenewedToken(t *testing.T) {
	krb := requireKerberos(t)
	nn, err := connect(t, keytabOf(krb, "alice"), true)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "tokens")
	put := func() *credentials.Token {
		token, err := nn.DelegationToken(t.Context(), "alice")
		require.NoError(t, err)
		var file credentials.Credentials
		file.Add(token.Service, token)
		require.NoError(t, file.Save(path))
		return token
	}
	first := put()
	t.Setenv(credentials.Environment, path)
	t.Setenv("KRB5CCNAME", "FILE:/nowhere")
	options := filesystem.Options{Properties: map[string]string{"ipc.client.connection.maxidletime": "1", "test": path}}
	fs, dir, err := filesystem.Open(t.Context(), requireHDFS(t)+"/tmp/leat-token-"+filepath.Base(filepath.Dir(path)), options)
	require.NoError(t, err)
	t.Cleanup(func() { removeAll(t, fs, dir) })
	s := &stateFile{store: checkpoint.NewStore(fs, dir+"/job")}
	s.w, err = s.store.Create(t.Context(), 1, "worker", checkpoint.None)
	require.NoError(t, err)
	require.NoError(t, s.append(3))
	require.NoError(t, nn.Cancel(t.Context(), first))
	put()
	require.NoError(t, s.append(3))
	require.NoError(t, s.commit(t.Context()))
	s.check(t)
}
