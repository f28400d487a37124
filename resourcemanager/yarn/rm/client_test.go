package rm_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

func connect(t *testing.T, cluster *yarntest.Cluster, c conf.Conf) *rm.Client {
	t.Helper()
	t.Setenv("HADOOP_USER_NAME", "alice")
	t.Setenv("HADOOP_TOKEN_FILE_LOCATION", "")
	client, err := rm.Connect(rm.Options{Conf: c, Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// withYARN runs a test in a bubble of its own time, with a client of a cluster that has the queue etl.
func withYARN(t *testing.T, test func(*testing.T, *yarntest.Cluster, *rm.Client)) {
	cluster := yarntest.New("n1", "n2")
	cluster.Queues = []*wire.QueueInfo{{QueueName: proto.String("etl"), QueuePath: proto.String("root.etl"), State: wire.QueueState_Q_RUNNING.Enum()}}
	client := connect(t, cluster, cluster.Conf())
	synctest.Test(t, func(t *testing.T) {
		test(t, cluster, client)
		client.Close()
	})
}

func submission(t *testing.T, client *rm.Client, queue string) *wire.ApplicationSubmissionContext {
	t.Helper()
	id, maximum, err := client.NewApplication(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(8192), maximum.GetMemory())
	return &wire.ApplicationSubmissionContext{ApplicationId: id, Queue: &queue, ApplicationType: proto.String("LEAT")}
}

func TestSubmit(t *testing.T) {
	withYARN(t, func(t *testing.T, cluster *yarntest.Cluster, client *rm.Client) {
		s := submission(t, client, "etl")
		report, err := client.Submit(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, wire.ApplicationState_ACCEPTED, report.GetYarnApplicationState())
		var seen []wire.ApplicationState
		_, err = client.Await(t.Context(), s.ApplicationId, wire.ApplicationState_RUNNING, func(r *wire.ApplicationReport) { seen = append(seen, r.GetYarnApplicationState()) })
		require.NoError(t, err)
		require.Equal(t, []wire.ApplicationState{wire.ApplicationState_RUNNING}, seen)

		_, err = client.Submit(t.Context(), submission(t, client, "elt"))
		require.ErrorIs(t, err, rm.ErrRejected)
		require.ErrorContains(t, err, "application_1732190000000_0002 is failed: Application submitted by user alice to unknown queue: elt")

		_, err = client.Submit(t.Context(), submission(t, client, yarntest.ClosedQueue))
		require.ErrorIs(t, err, rm.ErrForbidden)

		found, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{ApplicationTypes: []string{"LEAT"}})
		require.NoError(t, err)
		require.Len(t, found, 2)
		require.NoError(t, client.Kill(t.Context(), s.ApplicationId, "no longer needed"))
		_, err = client.Await(t.Context(), s.ApplicationId, wire.ApplicationState_RUNNING, nil)
		require.ErrorContains(t, err, "is killed: no longer needed")
		report, err = client.Await(t.Context(), s.ApplicationId, wire.ApplicationState_FINISHED, nil)
		require.NoError(t, err)
		require.Equal(t, wire.ApplicationState_KILLED, report.GetYarnApplicationState())
		unknown := &wire.ApplicationId{Id: proto.Int32(99)}
		require.ErrorIs(t, client.Kill(t.Context(), unknown, ""), rm.ApplicationNotFoundException)
		_, err = client.Report(t.Context(), unknown)
		require.ErrorIs(t, err, rm.ApplicationNotFoundException)
	})
}

func TestSubmitDuringFailover(t *testing.T) {
	withYARN(t, func(t *testing.T, cluster *yarntest.Cluster, client *rm.Client) {
		s := submission(t, client, "etl")
		first := true
		cluster.Fault = func(method string) yarntest.Fault {
			if method == "getApplicationReport" && first { // it was not saved yet
				first = false
				cluster.ForgetApps()
				cluster.Restart(true)
				return yarntest.LoseRequest
			}
			return yarntest.None
		}
		_, err := client.Submit(t.Context(), s)
		require.NoError(t, err)
		require.NotNil(t, cluster.App(1))
	})
}

func TestWaitingEnds(t *testing.T) {
	withYARN(t, func(t *testing.T, _ *yarntest.Cluster, client *rm.Client) {
		s := submission(t, client, "etl")
		_, err := client.Submit(t.Context(), s)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = client.Await(ctx, s.ApplicationId, wire.ApplicationState_FINISHED, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestQueuesAndNodes(t *testing.T) {
	withYARN(t, func(t *testing.T, _ *yarntest.Cluster, client *rm.Client) {
		q, err := client.Queue(t.Context(), "etl")
		require.NoError(t, err)
		require.Equal(t, wire.QueueState_Q_RUNNING, q.GetState())
		_, err = client.Queue(t.Context(), "elt")
		require.ErrorIs(t, err, rm.ErrUnknownQueue)
		all, err := client.Queues(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"root.etl"}, all)
		nodes, err := client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
		require.NoError(t, err)
		require.Len(t, nodes, 2)
		metrics, err := client.Metrics(t.Context())
		require.NoError(t, err)
		require.Equal(t, int32(2), metrics.GetNumActiveNms())
		token, err := client.DelegationToken(t.Context(), "yarn")
		require.NoError(t, err)
		require.Nil(t, token, "the cluster is not secured")
	})
}

func TestNoResourceManager(t *testing.T) {
	cluster := yarntest.New()
	for _, tc := range []struct {
		conf conf.Conf
		want string
		kind error
	}{
		{conf.Conf{}, "no ResourceManager is named", conf.ErrConfiguration},
		{conf.Conf{"yarn.resourcemanager.hostname": "h", "yarn.resourcemanager.connect.max-wait.ms": "soon"}, `is "soon"`, conf.ErrConfiguration},
		{conf.Conf{"yarn.resourcemanager.hostname": "h", "hadoop.rpc.protection": "all"}, "hadoop.rpc.protection", conf.ErrConfiguration},
		{conf.Conf{"yarn.resourcemanager.address": "a:b:c"}, "write host:port", conf.ErrConfiguration},
		{conf.Conf{"yarn.resourcemanager.hostname": "h", "hadoop.security.authentication": "kerberos"}, "yarn.resourcemanager.principal is not set; add it to yarn-site.xml", conf.ErrConfiguration},
	} {
		_, err := rm.Connect(rm.Options{Conf: tc.conf})
		require.ErrorContains(t, err, tc.want)
		require.ErrorIs(t, err, tc.kind)
	}
	client := connect(t, cluster, conf.Conf{"yarn.resourcemanager.hostname": "elsewhere"})
	synctest.Test(t, func(t *testing.T) {
		_, err := client.Metrics(t.Context())
		require.ErrorIs(t, err, ipc.ErrUnreachable)
		require.ErrorContains(t, err, "ResourceManager elsewhere:8032")
		client.Close()
	})
}
