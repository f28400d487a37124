package rm

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/sasl"
)

// Java interfaces of ResourceManagers.
const (
	clientProtocol    = "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB"
	schedulerProtocol = "org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB"
)

// Classes of exceptions that decide what a caller does next.
const (
	ApplicationNotFoundException            ipc.Class = "ApplicationNotFoundException"
	ApplicationMasterNotRegisteredException ipc.Class = "ApplicationMasterNotRegisteredException"
	ApplicationAttemptNotFoundException     ipc.Class = "ApplicationAttemptNotFoundException"
	InvalidApplicationMasterRequest         ipc.Class = "InvalidApplicationMasterRequestException"
	InvalidResourceRequestException         ipc.Class = "InvalidResourceRequestException"
	InvalidLabelResourceRequestException    ipc.Class = "InvalidLabelResourceRequestException"
	InvalidContainerReleaseException        ipc.Class = "InvalidContainerReleaseException"
)

// principal is the property that has the principal of ResourceManagers.
const principal = "yarn.resourcemanager.principal"

// Options make a connection. Only Conf is needed.
type Options struct {
	Conf   conf.Conf
	Logger *slog.Logger
	// NoTokens logs in by Kerberos although there is a delegation token: with a token no other can be got.
	NoTokens bool
	// CallerContext is for the audit log; may be empty.
	CallerContext string
	Dial          func(ctx context.Context, network, address string) (net.Conn, error)
}

// rpc is what both ports have in common.
func (o *Options) rpc(port conf.YARNPort) (ipc.Options, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	addresses, err := o.Conf.ResourceManagers(port)
	if err != nil {
		return ipc.Options{}, err
	}
	rpc := ipc.Options{Service: "ResourceManager", Addresses: addresses, CallerContext: o.CallerContext, Logger: o.Logger, Dial: o.Dial}
	return rpc, namenode.Timeouts(o.Conf, &rpc)
}

// Connect makes a client for the port of users. It logs in to Kerberos if the configuration says so, but does not connect.
func Connect(o Options) (*Client, error) {
	rpc, err := o.rpc(conf.ClientPort)
	if err != nil {
		return nil, err
	}
	rpc.Protocol = clientProtocol
	if rpc.Patience, err = o.Conf.Milliseconds("yarn.resourcemanager.connect.max-wait.ms", 15*time.Minute); err != nil {
		return nil, err
	}
	if rpc.Patience < 0 { // for ever
		rpc.Patience = 365 * 24 * time.Hour
	}
	rpc.Login, err = namenode.Login(namenode.Options{Conf: o.Conf, Logger: o.Logger, NoTokens: o.NoTokens}, namenode.Server{
		Principal: principal, File: "yarn-site.xml", TokenKind: credentials.KindResourceManager,
		TokenServices: func() []string {
			return append(namenode.TokenServices(rpc.Addresses), strings.Join(rpc.Addresses, ","), tokenService(context.Background(), o.Conf, rpc.Addresses))
		},
	})
	if err != nil {
		return nil, err
	}
	calls, err := ipc.New(rpc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", conf.ErrConfiguration, err)
	}
	return &Client{rpc: calls, conf: o.Conf, addresses: rpc.Addresses, user: rpc.Login.Name()}, nil
}

// tokenService is the name that Hadoop gives a token for all ResourceManagers of a cluster.
func tokenService(ctx context.Context, c conf.Conf, addresses []string) string {
	names := make([]string, len(addresses))
	for i, address := range addresses {
		names[i] = c.TokenService(ctx, address)
	}
	return strings.Join(names, ",")
}

// schedulerPatience is short: whoever sends heartbeats knows better how long to try.
const schedulerPatience = 10 * time.Second

// ConnectScheduler makes a client for the port of ApplicationMasters, which logs in by the AMRMToken of its attempt.
func ConnectScheduler(o Options, token *credentials.Token) (*Scheduler, error) {
	rpc, err := o.rpc(conf.SchedulerPort)
	if err != nil {
		return nil, err
	}
	protection, err := sasl.Protections(o.Conf.Get("hadoop.rpc.protection", ""))
	if err != nil {
		return nil, fmt.Errorf("%w: hadoop.rpc.protection: %w", conf.ErrConfiguration, err)
	}
	rpc.Protocol, rpc.Patience, rpc.FirstPatience = schedulerProtocol, schedulerPatience, schedulerPatience
	s := &Scheduler{}
	s.UseToken(token)
	rpc.Login = ipc.Login{Token: s.token.Load, Protection: protection}
	if s.rpc, err = ipc.New(rpc); err != nil {
		return nil, fmt.Errorf("%w: %w", conf.ErrConfiguration, err)
	}
	return s, nil
}
