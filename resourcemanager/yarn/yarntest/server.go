package yarntest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
)

// Conf is the configuration that leads to the cluster.
func (c *Cluster) Conf() conf.Conf {
	return conf.Conf{
		"yarn.resourcemanager.ha.enabled": "true", "yarn.resourcemanager.ha.rm-ids": "a,b",
		"yarn.resourcemanager.hostname.a": "rm0", "yarn.resourcemanager.hostname.b": "rm1",
	}
}

// Token is an AMRMToken that the cluster knows; one that is rolled has an identifier that begins with "amrm".
func Token(identifier string) *credentials.Token {
	return credentials.FromProto(token(credentials.KindAMRM, identifier))
}

// serve makes the servers.
func (c *Cluster) serve() {
	passwords := map[string][]byte{"amrm-1": []byte("password"), "amrm-2": []byte("password")}
	for range 2 {
		c.managers = append(c.managers, &ipctest.Server{Handle: c.client})
		c.schedulers = append(c.schedulers, &ipctest.Server{Handle: c.scheduler, Tokens: passwords})
	}
	for _, host := range c.hosts {
		c.nodes[host] = &ipctest.Server{Handle: c.node(host), Tokens: map[string][]byte{"nm-" + host: []byte("password")}}
	}
}

// Dial connects to a server of the cluster, in memory. A standby listens to nobody.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	var s *ipctest.Server
	switch {
	case port == "8032" && host == fmt.Sprint("rm", c.active):
		s = c.managers[c.active]
	case port == "8030" && host == fmt.Sprint("rm", c.active):
		s = c.schedulers[c.active]
	case port == "8041" && !c.dead[host]:
		s = c.nodes[host]
	}
	c.mu.Unlock()
	if s == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return s.Dial(ctx, network, address)
}

// respond decodes a request, carries it out, and makes an answer of the result.
func respond[Q, A proto.Message](call *ipctest.Call, request Q, do func(Q) (A, error)) ipctest.Answer {
	if err := proto.Unmarshal(call.Request, request); err != nil {
		return ipctest.Answer{Exception: "java.io.IOException", Text: err.Error()}
	}
	answer, err := do(request)
	var remote *ipc.RemoteException
	switch {
	case errors.Is(err, errBroken):
		return ipctest.Answer{HangUp: true}
	case errors.As(err, &remote):
		return ipctest.Answer{Exception: remote.Class, Text: remote.Message + "\n\tat java"}
	case err != nil:
		return ipctest.Answer{Exception: "java.io.IOException", Text: err.Error()}
	}
	return ipctest.Answer{Message: answer}
}

func (c *Cluster) scheduler(call *ipctest.Call) ipctest.Answer {
	ctx := context.Background()
	switch call.Method {
	case "registerApplicationMaster":
		return respond(call, &wire.RegisterApplicationMasterRequest{}, func(r *wire.RegisterApplicationMasterRequest) (*wire.RegisterApplicationMasterResponse, error) {
			return c.Register(ctx, r)
		})
	case "allocate":
		return respond(call, &wire.AllocateRequest{}, func(r *wire.AllocateRequest) (*wire.AllocateResponse, error) { return c.Allocate(ctx, r) })
	case "finishApplicationMaster":
		return respond(call, &wire.FinishApplicationMasterRequest{}, func(r *wire.FinishApplicationMasterRequest) (*wire.FinishApplicationMasterResponse, error) {
			return c.Finish(ctx, r)
		})
	}
	return unknown(call)
}

func unknown(call *ipctest.Call) ipctest.Answer {
	return ipctest.Answer{Exception: "org.apache.hadoop.ipc.RpcNoSuchMethodException", Text: "Unknown method " + call.Method}
}
