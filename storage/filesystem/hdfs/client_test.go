package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

// virtualClock advances when somebody sleeps.
type virtualClock struct{ t time.Time }

func (v *virtualClock) clock() clock {
	return clock{now: func() time.Time { return v.t }, sleep: func(ctx context.Context, d time.Duration) error {
		v.t = v.t.Add(d)
		return ctx.Err()
	}}
}

func testClient(v *virtualClock) *client {
	site := conf.Conf{}
	return &client{conf: site, authority: "nn:8020", service: conf.NameService{Addresses: []string{"nn:8020"}}, log: slog.Default(), clock: v.clock()}
}

// remote is a Hadoop exception.
type remote struct{ class, message string }

func (r remote) Error() string     { return "call failed" }
func (r remote) Method() string    { return "m" }
func (r remote) Desc() string      { return "ERROR_APPLICATION" }
func (r remote) Exception() string { return r.class }
func (r remote) Message() string   { return r.message }

func TestRetry(t *testing.T) {
	safeMode := remote{"org.apache.hadoop.hdfs.server.namenode.SafeModeException", "Name node is in safe mode"}
	manual := remote{safeMode.class, "Name node is in safe mode.\nIt was turned on manually. Use \"hdfs dfsadmin -safemode leave\" to turn safe mode off."}
	for _, c := range []struct {
		name  string
		err   error
		heals int // this try succeeds; 0: never
		tries int
		took  time.Duration
	}{
		{"success", nil, 1, 1, 0},
		{"broken connection", io.EOF, 4, 4, 700 * time.Millisecond},
		{"safe mode", safeMode, 3, 3, 300 * time.Millisecond},
		{"safe mode of a NameNode that begins", safeMode, 0, 65, 121100 * time.Millisecond},
		{"safe mode of an administrator", manual, 0, 20, 31100 * time.Millisecond},
		{"safe mode in our own words", &ipc.RemoteException{Class: safeMode.class, Message: "Name node is in safe mode."}, 40, 40, 71100 * time.Millisecond},
		{"never heals", errors.New("refused"), 0, 20, 31100 * time.Millisecond},
		{"not found", os.ErrNotExist, 0, 1, 0},
		{"denied", remote{"org.apache.hadoop.security.AccessControlException", "no"}, 0, 1, 0},
		{"no ticket", fmt.Errorf("%w: expired", ipc.ErrLogin), 0, 1, 0},
		{"nobody answers", fmt.Errorf("nn %w", ipc.ErrUnreachable), 0, 1, 0},
	} {
		v := &virtualClock{}
		tries := 0
		err := testClient(v).retry(t.Context(), func() error {
			if tries++; tries == c.heals {
				return nil
			}
			return c.err
		})
		require.Equal(t, c.heals == 0, err != nil, c.name)
		require.Equal(t, c.tries, tries, c.name)
		require.Equal(t, c.took, v.t.Sub(time.Time{}), c.name)
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := testClient(&virtualClock{}).retry(ctx, func() error {
		cancel()
		return io.EOF
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, io.EOF)
}

func TestErrorKinds(t *testing.T) {
	t.Setenv("HADOOP_USER_NAME", "alice")
	fs := &fileSystem{client: testClient(&virtualClock{}), root: "hdfs://nn:8020"}
	io1 := "java.io.IOException"
	for _, c := range []struct {
		err  error
		kind error
		text string
	}{
		{remote{"org.apache.hadoop.security.AccessControlException", "denied\n\tat x"}, filesystem.ErrPermission,
			"write hdfs://nn:8020/x: AccessControlException: denied; check the rights of user alice on the path and its parent directories"},
		{remote{"org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", "quota"}, filesystem.ErrNoSpace,
			"write hdfs://nn:8020/x: DSQuotaExceededException: quota; free space or raise the quota, or choose another directory"},
		{remote{io1, "File /x could only be written to 0 of the 1 minReplication nodes. There are 3 datanode(s) running and 3 are excluded"},
			filesystem.ErrNoSpace, ""},
		{remote{io1, "File /x could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running"},
			filesystem.ErrBusy, ""},
		{remote{io1, "other"}, nil, "write hdfs://nn:8020/x: IOException: other"},
		{remote{"org.apache.hadoop.ipc.RetriableException", "starting"}, filesystem.ErrBusy, ""},
		{&os.PathError{Op: "open", Path: "/x", Err: os.ErrNotExist}, filesystem.ErrNotExist, "write hdfs://nn:8020/x: file does not exist"},
		{io.EOF, filesystem.ErrBusy, ""},
		{errErasureCoded, nil, ""},
	} {
		err := fs.fail("write", "/x", c.err)
		var pe *filesystem.PathError
		require.ErrorAs(t, err, &pe)
		require.Equal(t, c.kind, pe.Kind, c.err)
		require.ErrorIs(t, err, c.err)
		if c.text != "" {
			require.Equal(t, c.text, err.Error())
		}
	}
}
