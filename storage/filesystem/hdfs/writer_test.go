package hdfs

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
)

// scriptedWriter is a library writer whose calls have the given results; the last one stays.
type scriptedWriter struct {
	writes, closes []error
	closed         int
	deadline       time.Time
}

func (s *scriptedWriter) Write(p []byte) (int, error) {
	if len(s.writes) > 0 && s.writes[0] != nil {
		return 0, s.writes[0]
	}
	return len(p), nil
}

func (s *scriptedWriter) SetDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

func (s *scriptedWriter) Close() error {
	err := s.closes[min(s.closed, len(s.closes)-1)]
	s.closed++
	return err
}

func scripted(t *testing.T, v *virtualClock, file *scriptedWriter) *writer {
	fs := &fileSystem{client: testClient(v), root: "hdfs://nn:8020"}
	w := &writer{fs: fs, ctx: t.Context(), path: "/f", file: file, session: fs.client.hold()}
	t.Cleanup(func() { fs.client.retire(w.session) })
	return w
}

func completing(err error) error { return &os.PathError{Op: "create", Path: "/f", Err: err} }

func TestCloseWaitsForReplicas(t *testing.T) {
	v, replicating := &virtualClock{}, completing(hdfs.ErrReplicating)
	file := &scriptedWriter{closes: []error{replicating, replicating, nil}}
	w := scripted(t, v, file)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.Equal(t, 3, file.closed)
	require.Equal(t, 150*time.Millisecond, v.t.Sub(time.Time{}))
}

func TestCloseGivesUpAfterAMinute(t *testing.T) {
	v := &virtualClock{}
	file := &scriptedWriter{closes: []error{completing(hdfs.ErrReplicating)}}
	w := scripted(t, v, file)
	require.ErrorIs(t, w.Close(), hdfs.ErrReplicating)
	took := v.t.Sub(time.Time{})
	require.GreaterOrEqual(t, took, closeWindow)
	require.Less(t, took, closeWindow+2*maxBackoff)
	tries := file.closed
	require.ErrorIs(t, w.Close(), hdfs.ErrReplicating)
	require.Equal(t, tries, file.closed, "the first result stays")
}

func TestCloseRepeatsOnlyWhatCanBeRepeated(t *testing.T) {
	denied := completing(os.ErrPermission)
	for _, c := range []struct {
		name   string
		closes []error
		tries  int
		ok     bool
	}{
		{"data not acknowledged", []error{io.EOF, nil}, 1, false},
		{"answer of the NameNode lost", []error{completing(io.EOF), nil}, 2, true},
		{"refused by the NameNode", []error{denied, nil}, 1, false},
	} {
		file := &scriptedWriter{closes: c.closes}
		err := scripted(t, &virtualClock{}, file).Close()
		require.Equal(t, c.ok, err == nil, c.name)
		require.Equal(t, c.tries, file.closed, c.name)
	}
}

func TestABrokenFileIsNeverCompleted(t *testing.T) {
	file := &scriptedWriter{writes: []error{errors.New("connection reset")}, closes: []error{nil}}
	w := scripted(t, &virtualClock{}, file)
	_, err := w.Write([]byte("x"))
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.ErrorContains(t, err, "write the file again")
	_, again := w.Write([]byte("y"))
	require.Equal(t, err, again)
	require.Equal(t, err, w.Close())
	require.Zero(t, file.closed)
	w.giveUp()
	w.giveUp()
	require.Equal(t, 1, file.closed, "its connection is closed")
	require.True(t, file.deadline.Before(time.Now()), "and nothing is sent on it")
	require.Equal(t, err, w.Close())
}
