//go:build !linux

package processes

import (
	"errors"
	"net"
)

func listenWithin(string, string) (net.Listener, error) {
	return nil, errors.New("network namespaces are Linux's")
}
