package submission_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

func spec(t *testing.T, settings ...string) submission.Spec {
	t.Helper()
	s, err := submission.FromConfig(configuration(t, settings), "wordcount")
	require.NoError(t, err)
	return s
}

func configuration(t *testing.T, settings []string) *config.Configuration {
	c := config.New()
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		require.NoError(t, c.Set(key, value))
	}
	return c
}

func TestContext(t *testing.T) {
	s := spec(t, "yarn.application.queue=etl", "yarn.tags=B,a,b", "yarn.application.priority=3", "yarn.application.node-label=fast",
		"yarn.application.lifetime=2 h", "yarn.rolled-logs.exclude-pattern=x", "jobmanager.memory.process.size=2g", "taskmanager.numberOfTaskSlots=4")
	require.Equal(t, submission.Size{MemoryMB: 2560, VCores: 4}, s.Worker)
	id := &wire.ApplicationId{Id: proto.Int32(1)}
	got := s.Context(id, &wire.ContainerLaunchContext{})
	want := &wire.ApplicationSubmissionContext{
		ApplicationId: id, ApplicationName: proto.String("wordcount"), Queue: proto.String("etl"), ApplicationType: proto.String("LEAT"),
		AmContainerSpec: &wire.ContainerLaunchContext{}, MaxAppAttempts: proto.Int32(1000), AttemptFailuresValidityInterval: proto.Int64(10000),
		KeepContainersAcrossApplicationAttempts: proto.Bool(true), Resource: &wire.Resource{Memory: proto.Int64(2048), VirtualCores: proto.Int32(1)},
		ApplicationTags: []string{"a", "b"}, Priority: &wire.Priority{Priority: proto.Int32(3)}, NodeLabelExpression: proto.String("fast"),
		ApplicationTimeouts:   []*wire.ApplicationLifetime{{ApplicationTimeoutType: wire.ApplicationTimeoutType_APP_TIMEOUT_LIFETIME.Enum(), Timeout: proto.Int64(7200)}},
		LogAggregationContext: &wire.LogAggregationContext{RolledLogsIncludePattern: proto.String(".*"), RolledLogsExcludePattern: proto.String("x")},
	}
	require.Empty(t, prototext(want, got))
	plain := spec(t)
	bare := plain.Context(id, nil)
	require.Nil(t, bare.Priority)
	require.Nil(t, bare.LogAggregationContext)
	require.Empty(t, bare.ApplicationTimeouts)
}

// prototext is the difference of two messages.
func prototext(want, got proto.Message) string {
	if proto.Equal(want, got) {
		return ""
	}
	return "want " + want.(interface{ String() string }).String() + "\ngot  " + got.(interface{ String() string }).String()
}

func TestWhatYARNNeverTakes(t *testing.T) {
	for setting, want := range map[string]string{
		"yarn.application.type=a very long type of jobs": "yarn.application.type: \"a very long type of jobs\" has 24 characters, and YARN allows 20",
		"yarn.tags=1,2,3,4,5,6,7,8,9,10,11":              "yarn.tags: there are 11 tags",
		"yarn.tags=caf\u00e9":                            "does not take the tag",
		"yarn.tags=" + strings.Repeat("long", 26):        "at most 100 characters",
	} {
		_, err := submission.FromConfig(configuration(t, []string{setting}), "p")
		require.ErrorContains(t, err, want)
	}
}

func TestCheck(t *testing.T) {
	queue := func(change func(*wire.QueueInfo)) *wire.QueueInfo {
		q := &wire.QueueInfo{QueueName: proto.String("default"), State: wire.QueueState_Q_RUNNING.Enum(), AccessibleNodeLabels: []string{"fast"}}
		if change != nil {
			change(q)
		}
		return q
	}
	node := &wire.NodeReport{Capability: &wire.Resource{Memory: proto.Int64(4096), VirtualCores: proto.Int32(4)}}
	for _, tc := range []struct {
		settings string
		queue    *wire.QueueInfo
		queues   []string
		nodes    []*wire.NodeReport
		want     string
		fatal    bool
	}{
		{"", queue(nil), nil, []*wire.NodeReport{node}, "", false},
		{"yarn.application.queue=etll", nil, []string{"root.default", "root.etl"}, []*wire.NodeReport{node},
			`queue "etll" does not exist; did you mean "etl"? (there are root.default, root.etl); set yarn.application.queue`, true},
		{"", nil, strings.Split("a,b,c,d,e,f,g,h,i,j,k", ","), []*wire.NodeReport{node}, "(there are a, b, c, d, e, f, g, h, i, j and 1 more)", true},
		{"", queue(func(q *wire.QueueInfo) { q.State = wire.QueueState_Q_DRAINING.Enum() }), nil, []*wire.NodeReport{node}, `queue "default" is draining and takes no applications`, true},
		{"", queue(func(q *wire.QueueInfo) { q.ChildQueues = []*wire.QueueInfo{{QueueName: proto.String("x")}} }), nil, []*wire.NodeReport{node}, "the queues below it do: x", true},
		{"yarn.taskmanager.node-label=gpu", queue(nil), nil, []*wire.NodeReport{node}, `no access to nodes with the label "gpu", only to ["fast"]; change yarn.taskmanager.node-label`, true},
		{"yarn.application.node-label=fast", queue(nil), nil, []*wire.NodeReport{node}, "", false},
		{"taskmanager.memory.process.size=9000m", queue(nil), nil, []*wire.NodeReport{node},
			"a TaskManager of 9000 MB is larger than any container can be: yarn.scheduler.maximum-allocation-mb is 8192; lower taskmanager.memory.process.size", true},
		{"yarn.containers.vcores=9", queue(nil), nil, []*wire.NodeReport{node}, "yarn.scheduler.maximum-allocation-vcores is 8; lower yarn.containers.vcores", true},
		{"jobmanager.memory.process.size=5g", queue(nil), nil, []*wire.NodeReport{node}, "no node is as large as the JobManager of 5120 MB and 1 vcores", false},
		{"jobmanager.memory.process.size=512m", queue(nil), nil, []*wire.NodeReport{node}, "the JobManager of 512 MB is killed where NodeManagers check virtual memory", false},
		{"", queue(nil), nil, nil, "the cluster has no running nodes", false},
	} {
		var settings []string
		if tc.settings != "" {
			settings = []string{tc.settings}
		}
		s := spec(t, settings...)
		found := s.Check(submission.Cluster{Maximum: &wire.Resource{Memory: proto.Int64(8192), VirtualCores: proto.Int32(8)}, Queue: tc.queue, Queues: tc.queues, Nodes: tc.nodes})
		if tc.want == "" {
			require.Empty(t, found, tc.settings)
			continue
		}
		require.Len(t, found, 1, "%v", found)
		require.Contains(t, found[0].Text, tc.want)
		require.Equal(t, tc.fatal, found[0].Fatal)
	}
}

func TestLook(t *testing.T) {
	t.Setenv("HADOOP_USER_NAME", "alice")
	t.Setenv("HADOOP_TOKEN_FILE_LOCATION", "")
	cluster := yarntest.New("n1")
	cluster.Queues = []*wire.QueueInfo{{QueueName: proto.String("etl")}}
	client, err := rm.Connect(rm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		defer client.Close()
		id, c, err := submission.Look(t.Context(), client, "etl")
		require.NoError(t, err)
		require.NotNil(t, id)
		require.NotNil(t, c.Queue)
		require.Len(t, c.Nodes, 1)
		_, c, err = submission.Look(t.Context(), client, "elt")
		require.NoError(t, err)
		require.Equal(t, []string{"etl"}, c.Queues)
	})
}

func TestStage(t *testing.T) {
	ctx := t.Context()
	local := filepath.Join(t.TempDir(), "leat")
	require.NoError(t, os.WriteFile(local, []byte("binary"), 0o700))
	root := "mem://" + filepath.Base(filepath.Dir(filepath.Dir(local)))
	s := submission.Stage{Dir: root + "/user/alice/", Provided: []string{root + "/apps/"}}
	files := submission.Shipped([]string{local}, []string{local + ".zip"})
	require.Equal(t, submission.Local{Name: "leat.zip", Path: local + ".zip", Archive: true}, files[1])

	first, err := s.Files(ctx, files[:1])
	require.NoError(t, err)
	digest := filepath.Base(first["leat"].Path)
	require.Len(t, digest, 64)
	require.Equal(t, launch.Private, first["leat"].Visibility)
	require.Equal(t, int64(6), first["leat"].Size)
	again, err := s.Files(ctx, files[:1])
	require.NoError(t, err)
	require.Equal(t, first, again, "nothing is uploaded twice: the time would differ")

	fs, within, err := filesystem.For(ctx, s.Provided[0]+digest)
	require.NoError(t, err)
	w, err := fs.Create(ctx, within)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	provided, err := s.Files(ctx, files[:1])
	require.NoError(t, err)
	require.Equal(t, launch.Public, provided["leat"].Visibility)
	require.Contains(t, provided["leat"].Path, "/apps/"+digest)

	_, err = s.Files(ctx, []submission.Local{files[0], files[0]})
	require.ErrorContains(t, err, "cannot have two files of the name leat")
	_, err = s.Files(ctx, files)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = s.Files(ctx, []submission.Local{{Name: "d", Path: t.TempDir()}})
	require.ErrorContains(t, err, "is a folder; pack it")
}

func TestFilesOfAnApplication(t *testing.T) {
	ctx := t.Context()
	s := submission.Stage{Dir: "mem://" + t.Name() + "/user/alice"}
	require.NoError(t, s.Remove(ctx, "application_1_0001"))
	f, err := s.Own(ctx, "application_1_0001", "config.yaml", strings.NewReader("a: b"))
	require.NoError(t, err)
	require.Equal(t, launch.Application, f.Visibility)
	require.Equal(t, "mem://"+t.Name()+"/user/alice/.leat/application_1_0001/config.yaml", f.Path)
	_, err = s.Own(ctx, "application_1_0001", "config.yaml", strings.NewReader(""))
	require.ErrorIs(t, err, filesystem.ErrExist)
	require.NoError(t, s.Remove(ctx, "application_1_0001"))
	fs, within, err := filesystem.For(ctx, s.Application("application_1_0001"))
	require.NoError(t, err)
	_, err = fs.Stat(ctx, within)
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}

type issuer struct{ service string }

func (i issuer) DelegationToken(_ context.Context, renewer string) (*credentials.Token, error) {
	return &credentials.Token{Kind: "k", Service: i.service, Identifier: []byte(renewer)}, nil
}

func TestTokens(t *testing.T) {
	secured := conf.Conf{"hadoop.security.authentication": "kerberos", "yarn.resourcemanager.principal": "rm/_HOST@R", "yarn.resourcemanager.hostname": "Head"}
	c, err := submission.Tokens(t.Context(), secured, issuer{"hdfs"}, issuer{"rm"})
	require.NoError(t, err)
	require.Len(t, c.Tokens, 2)
	require.Equal(t, "rm/head@R", string(c.Tokens[0].Token.Identifier))
	c, err = submission.Tokens(t.Context(), conf.Conf{}, issuer{"hdfs"})
	require.NoError(t, err)
	require.Empty(t, c.Tokens)
	_, err = submission.Tokens(t.Context(), conf.Conf{"hadoop.security.authentication": "kerberos"})
	require.ErrorContains(t, err, "yarn.resourcemanager.principal is not set")
}
