package submission

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Issuer hands out delegation tokens; *namenode.Client and *rm.Client do. On a cluster that is not secured there are none.
type Issuer interface {
	DelegationToken(ctx context.Context, renewer string) (*credentials.Token, error)
}

// Tokens gets the tokens that an application needs on a secured cluster, from issuers that are logged in by Kerberos. The
// ResourceManager renews them.
func Tokens(ctx context.Context, c conf.Conf, issuers ...Issuer) (*credentials.Credentials, error) {
	all := &credentials.Credentials{}
	if !c.Kerberos() {
		return all, nil
	}
	renewer, err := Renewer(c)
	if err != nil {
		return nil, err
	}
	for _, issuer := range issuers {
		t, err := issuer.DelegationToken(ctx, renewer)
		if err != nil {
			return nil, fmt.Errorf("delegation token for the application: %w", err)
		}
		if t != nil {
			all.Add(t.Service, t)
		}
	}
	return all, nil
}

// Renewer is the principal of the ResourceManager. With another one YARN refuses the application.
func Renewer(c conf.Conf) (string, error) {
	principal := c.Get("yarn.resourcemanager.principal", "")
	if principal == "" {
		return "", fmt.Errorf("%w: kerberos is on, but yarn.resourcemanager.principal is not set; add it to yarn-site.xml", conf.ErrConfiguration)
	}
	addresses, err := c.ResourceManagers(conf.ClientPort)
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return "", fmt.Errorf("%w: address %q of the ResourceManager: %w", conf.ErrConfiguration, addresses[0], err)
	}
	return strings.ReplaceAll(principal, "_HOST", strings.ToLower(host)), nil
}
