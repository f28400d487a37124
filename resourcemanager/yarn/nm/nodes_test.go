package nm_test

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/nm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

// withNodes runs a test in a bubble of its own time, with two containers that were given.
func withNodes(t *testing.T, test func(t *testing.T, cluster *yarntest.Cluster, given *wire.AllocateResponse, nodes *nm.Nodes)) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1", "n2")
		_, err := cluster.Register(t.Context(), &wire.RegisterApplicationMasterRequest{})
		require.NoError(t, err)
		count := int32(2)
		name := "*"
		given, err := cluster.Allocate(t.Context(), &wire.AllocateRequest{Ask: []*wire.ResourceRequest{{ResourceName: &name, NumContainers: &count, Capability: cluster.Maximum}}})
		require.NoError(t, err)
		tokens := map[string]*credentials.Token{}
		for _, k := range given.GetNmTokens() {
			tokens[k.GetNodeId().Text()] = credentials.FromProto(k.GetToken())
		}
		nodes, err := nm.New(nm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler),
			Token: func(id *wire.NodeId) *credentials.Token { return tokens[id.Text()] }})
		require.NoError(t, err)
		test(t, cluster, given, nodes)
		nodes.Close()
		require.Error(t, nodes.Stop(t.Context(), given.GetAllocatedContainers()[0]))
	})
}

func TestStartAndStop(t *testing.T) {
	withNodes(t, func(t *testing.T, cluster *yarntest.Cluster, given *wire.AllocateResponse, nodes *nm.Nodes) {
		launch := &wire.ContainerLaunchContext{Command: []string{"exec true"}}
		for _, c := range given.GetAllocatedContainers() {
			_, err := nodes.Status(t.Context(), c)
			require.ErrorContains(t, err, "is not handled by this NodeManager")
			require.NoError(t, nodes.Start(t.Context(), c, launch))
			require.NoError(t, nodes.Start(t.Context(), c, launch), "it runs already")
			require.Equal(t, launch.Command, cluster.Containers()[c.GetId().Text()].Launch.GetCommand())
			s, err := nodes.Status(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, wire.ContainerState_C_RUNNING, s.GetState())
			require.NoError(t, nodes.Stop(t.Context(), c))
			require.NoError(t, nodes.Stop(t.Context(), c))
		}
		require.Empty(t, cluster.Containers())
	})
}

func TestStartFails(t *testing.T) {
	withNodes(t, func(t *testing.T, cluster *yarntest.Cluster, given *wire.AllocateResponse, nodes *nm.Nodes) {
		first, second := given.GetAllocatedContainers()[0], given.GetAllocatedContainers()[1]
		cluster.Start = func(string, string, *wire.ContainerLaunchContext) error { return errors.New("disk\n is full") }
		err := nodes.Start(t.Context(), first, nil)
		require.ErrorIs(t, err, ipc.Class("YarnException"))
		require.ErrorContains(t, err, "disk is full")
		cluster.Start = nil
		tries := 0
		cluster.Fault = func(string) yarntest.Fault {
			tries++
			return yarntest.Fault(map[int]yarntest.Fault{1: yarntest.LoseAnswer}[tries])
		}
		require.NoError(t, nodes.Start(t.Context(), first, nil), "the first try got through")
		cluster.Restart(true)
		require.ErrorIs(t, nodes.Start(t.Context(), second, nil), ipc.Class("InvalidContainerException"))
		host, port := "n3", int32(8041)
		require.ErrorIs(t, nodes.Start(t.Context(), &wire.Container{NodeId: &wire.NodeId{Host: &host, Port: &port}}, nil), nm.ErrNoToken)
		cluster.LoseNode(first.GetNodeId().GetHost())
		require.ErrorIs(t, nodes.Stop(t.Context(), first), ipc.ErrUnreachable)
	})
}

func TestNewToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := yarntest.New("n1")
		asked := 0
		good := &credentials.Token{Kind: credentials.KindNodeManager, Identifier: []byte("nm-n1"), Password: []byte("password")}
		nodes, err := nm.New(nm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler), Token: func(*wire.NodeId) *credentials.Token {
			if asked++; asked < 3 {
				return &credentials.Token{Kind: credentials.KindNodeManager, Identifier: []byte("old"), Password: []byte("password")}
			}
			return good
		}})
		require.NoError(t, err)
		defer nodes.Close()
		host, port := "n1", int32(8041)
		require.NoError(t, nodes.Stop(t.Context(), &wire.Container{NodeId: &wire.NodeId{Host: &host, Port: &port}}))
	})
}

func TestWrongConfiguration(t *testing.T) {
	for _, key := range []string{"hadoop.rpc.protection", "ipc.ping.interval", "yarn.client.nodemanager-connect.max-wait-ms"} {
		_, err := nm.New(nm.Options{Conf: conf.Conf{key: "x"}})
		require.ErrorIs(t, err, conf.ErrConfiguration)
		require.ErrorContains(t, err, key)
	}
}
