package krb5

import (
	"context"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
)

// ServerPrincipal checks whom a server says it is, such as nn/host.example.com, against the configured pattern, such as
// nn/_HOST@EXAMPLE.COM, and returns the principal to get a ticket for. _HOST is the host that was dialled, or, as in Hadoop,
// the name that its address has in DNS. A * in the pattern matches anything but a slash. Without the check any server could
// name a principal whose key it has.
func ServerPrincipal(ctx context.Context, pattern, host, offered string) (string, error) {
	name, realm, hasRealm := strings.Cut(pattern, "@")
	said, _, _ := strings.Cut(offered, "@")
	hosts := []string{host}
	if strings.Contains(name, "_HOST") {
		hosts = hostNames(ctx, host, said)
	}
	for _, h := range hosts {
		want := strings.ReplaceAll(name, "_HOST", strings.ToLower(h))
		if ok, err := path.Match(want, said); err != nil {
			return "", fmt.Errorf("principal %q: %w", pattern, err)
		} else if !ok && !strings.EqualFold(want, said) {
			continue
		}
		if hasRealm && realm != "*" {
			return said + "@" + realm, nil
		}
		return said, nil
	}
	return "", fmt.Errorf("%s says that it is %s, which is not %s (host %s)", host, offered, pattern, strings.Join(hosts, ", "))
}

// hostNames are the names of a host. DNS is asked only if the name that was dialled is not what the server says.
func hostNames(ctx context.Context, host, said string) []string {
	names := []string{host}
	if _, instance, _ := strings.Cut(said, "/"); strings.EqualFold(instance, host) {
		return names
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return names
	}
	for _, address := range addresses {
		found, err := net.DefaultResolver.LookupAddr(ctx, address)
		if err != nil {
			continue
		}
		for _, name := range found {
			if name = strings.TrimSuffix(name, "."); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
