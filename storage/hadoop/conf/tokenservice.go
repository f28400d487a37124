package conf

import (
	"context"
	"net"
)

// TokenService is the name that Hadoop gives tokens of the server at host:port: its IP address and port, or host:port if the
// configuration says so or the host has no address.
func (c Conf) TokenService(ctx context.Context, address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !c.Bool("hadoop.security.token.service.use_ip", true) {
		return address
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil || len(addresses) == 0 {
		return address
	}
	return net.JoinHostPort(addresses[0].Unmap().String(), port)
}
