package check_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/yarn/check"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
	"github.com/leatproject/leat/runtime/config"
	_ "github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/hadoop/conf"
)

// run checks a cluster that has the queue default, with properties on top of its configuration.
func run(t *testing.T, properties conf.Conf, queue string) (lines string, ok bool) {
	t.Setenv("HADOOP_USER_NAME", "alice")
	cluster := yarntest.New("n1", "n2")
	cluster.Queues = []*wire.QueueInfo{{QueueName: proto.String("default"), QueuePath: proto.String("root.default"), CurrentCapacity: proto.Float32(0.25)},
		{QueueName: proto.String(yarntest.ClosedQueue)}}
	c := cluster.Conf()
	for name, value := range properties {
		c[name] = value
	}
	settings := config.New()
	require.NoError(t, settings.Set(config.YarnQueue.Key, queue))
	spec, err := submission.FromConfig(settings, "p")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		ok = check.Run(t.Context(), check.Options{Conf: c, Spec: spec, Staging: c.Get("staging", "mem://check/user/alice"), Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler)},
			func(r findings.Finding) { fmt.Fprintf(&b, "%s: %s: %s\n", r.Status, r.Name, r.Text) })
		lines = b.String()
	})
	return lines, ok
}

func TestAllIsWell(t *testing.T) {
	lines, ok := run(t, conf.Conf{"fs.defaultFS": "hdfs://head"}, "default")
	require.True(t, ok)
	require.Equal(t, `ok: configuration: YARN at rm0:8032, rm1:8032, files at hdfs://head, not secured
ok: login: as alice
ok: ResourceManager: answers in 0s; 2 nodes run, 0 are lost, 0 unhealthy
ok: queue and sizes: queue default runs, 25 % of its share is used; JobManager 1536 MB, TaskManagers 2560 MB and 1 vcores fit
ok: files: mem://check/user/alice can be written
ok: clock: agrees with that of HDFS within 1s
`, lines)
}

func TestWhatFails(t *testing.T) {
	for _, tc := range []struct {
		properties conf.Conf
		queue      string
		want       []string
	}{
		{nil, "defautl", []string{`FAILED: queue and sizes: queue "defautl" does not exist`, "ok: files"}},
		{nil, yarntest.ClosedQueue, []string{`FAILED: queue and sizes: queue "closed" takes no applications of user alice: set yarn.application.queue to another`}},
		{conf.Conf{"yarn.resourcemanager.ha.rm-ids": ""}, "default", []string{"FAILED: configuration: ", "yarn.resourcemanager.ha.rm-ids is not set"}},
		{conf.Conf{"yarn.resourcemanager.hostname.a": "x", "yarn.resourcemanager.hostname.b": "y"}, "default", []string{"FAILED: ResourceManager: ", "unreachable"}},
		{conf.Conf{"hadoop.security.authentication": "kerberos"}, "default", []string{"ok: configuration: ", "FAILED: login: ", "yarn.resourcemanager.principal is not set"}},
		{conf.Conf{"staging": "nowhere://x"}, "default", []string{"FAILED: files: "}},
	} {
		lines, ok := run(t, tc.properties, tc.queue)
		require.False(t, ok, lines)
		for _, want := range tc.want {
			require.Contains(t, lines, want)
		}
	}
	lines, ok := run(t, conf.Conf{"yarn.admin.acl": "bob,alice operators"}, yarntest.ClosedQueue)
	require.True(t, ok, lines)
	lines, ok = run(t, conf.Conf{"yarn.nodemanager.vmem-pmem-ratio": "1.5"}, "default")
	require.True(t, ok)
	require.Contains(t, lines, "warning: virtual memory: yarn.nodemanager.vmem-pmem-ratio is 1.5")
}
