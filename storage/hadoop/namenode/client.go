package namenode

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Client calls the active NameNode of a name service. It is safe for concurrent use.
type Client struct {
	*ipc.Client
	Service conf.NameService
	login   ipc.Login
	conf    conf.Conf
}

// patience is how long a call is tried while no NameNode answers: time for one to restart, or for the other to take over.
const patience = time.Minute

// Connect makes a client. It logs in to Kerberos if the configuration says so, but does not connect to a NameNode.
func Connect(o Options) (*Client, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	service, err := o.Conf.NameNodes(o.Authority)
	if err != nil {
		return nil, err
	}
	l, err := Login(o, Server{
		Principal: "dfs.namenode.kerberos.principal", File: "hdfs-site.xml", TokenKind: credentials.KindHDFS,
		TokenServices: func() []string { return tokenServices(service) },
	})
	if err != nil {
		return nil, err
	}
	rpc := ipc.Options{
		Service: "NameNode", Protocol: Protocol, Addresses: service.Addresses, Login: l, CallerContext: o.CallerContext, Logger: o.Logger,
		Patience: patience,
	}
	if err := Timeouts(o.Conf, &rpc); err != nil {
		return nil, err
	}
	c, err := ipc.New(rpc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", conf.ErrConfiguration, err)
	}
	return &Client{Client: c, Service: service, login: l, conf: o.Conf}, nil
}

// User is who the NameNode takes this client for, as far as it is known here.
func (c *Client) User() string { return c.login.Name() }

// Rename renames a file or directory; it never overwrites. An existing target is FileAlreadyExistsException, a missing
// source FileNotFoundException.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	request := &wire.RenameRequest{Src: &from, Dst: &to, OverwriteDest: proto.Bool(false)}
	return c.Call(ctx, "rename2", request, &wire.RenameResponse{})
}

// Stat tells about a path; nil if there is nothing.
func (c *Client) Stat(ctx context.Context, path string) (*wire.FileStatus, error) {
	answer := &wire.GetFileInfoResponse{}
	if err := c.Call(ctx, "getFileInfo", &wire.GetFileInfoRequest{Src: &path}, answer); err != nil {
		return nil, err
	}
	return answer.GetFs(), nil
}

// Login is how this client logs in: by it other protocols of the NameNodes can be spoken.
func (c *Client) Login() ipc.Login { return c.login }

// DataEncryptionKey gets a key for connections to DataNodes.
func (c *Client) DataEncryptionKey(ctx context.Context) (*wire.DataEncryptionKey, error) {
	answer := &wire.GetDataEncryptionKeyResponse{}
	err := c.Call(ctx, "getDataEncryptionKey", &wire.GetDataEncryptionKeyRequest{}, answer)
	return answer.GetDataEncryptionKey(), err
}

// DelegationToken gets a token that renewer may renew: for YARN the principal of the ResourceManager. It needs a login by
// Kerberos (Options.NoTokens). It is nil on a cluster that is not secured.
func (c *Client) DelegationToken(ctx context.Context, renewer string) (*credentials.Token, error) {
	answer := &wire.GetDelegationTokenResponse{}
	if err := c.Call(ctx, "getDelegationToken", &wire.GetDelegationTokenRequest{Renewer: &renewer}, answer); err != nil {
		return nil, err
	}
	if answer.Token == nil {
		return nil, nil
	}
	t := credentials.FromProto(answer.GetToken())
	t.Service = c.TokenService(ctx)
	return t, nil
}

// TokenService is the name that Hadoop gives tokens of the name service.
func (c *Client) TokenService(ctx context.Context) string {
	if c.Service.Logical {
		return "ha-hdfs:" + c.Service.Name
	}
	return c.conf.TokenService(ctx, c.Service.Addresses[0])
}

// Renew makes a token last longer and tells until when. Only its renewer may.
func (c *Client) Renew(ctx context.Context, t *credentials.Token) (time.Time, error) {
	answer := &wire.RenewDelegationTokenResponse{}
	if err := c.Call(ctx, "renewDelegationToken", &wire.RenewDelegationTokenRequest{Token: t.Proto()}, answer); err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(answer.GetNewExpiryTime())), nil
}

// Cancel makes a token invalid.
func (c *Client) Cancel(ctx context.Context, t *credentials.Token) error {
	return c.Call(ctx, "cancelDelegationToken", &wire.CancelDelegationTokenRequest{Token: t.Proto()}, &wire.CancelDelegationTokenResponse{})
}
