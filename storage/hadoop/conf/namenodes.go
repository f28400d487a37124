package conf

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

const defaultPort = "8020"

// NameService is a name service of HDFS.
type NameService struct {
	Name      string   // as in hdfs://Name/
	Addresses []string // host:port of its NameNodes
	Logical   bool     // Name is none of a host: there may be several NameNodes
}

// NameNodes resolves the authority of an hdfs URL, such as host:port or the name of a name service. An empty one means
// fs.defaultFS.
func (c Conf) NameNodes(authority string) (NameService, error) {
	if authority == "" {
		var err error
		if authority, err = c.defaultAuthority(); err != nil {
			return NameService{}, err
		}
	}
	if strings.Contains(c["fs.hdfs.impl"], "ViewFileSystemOverloadScheme") {
		return NameService{}, fmt.Errorf("%w: fs.hdfs.impl makes hdfs:// a mount table (ViewFileSystemOverloadScheme), which is not "+
			"supported; give the name service that holds the path, and a configuration without fs.hdfs.impl", ErrConfiguration)
	}
	if strings.Contains(authority, ":") {
		return NameService{Name: authority, Addresses: []string{authority}}, nil
	}
	if ids := c.List("dfs.ha.namenodes." + authority); len(ids) > 0 {
		addresses, err := c.haNameNodes(authority, ids)
		return NameService{Name: authority, Addresses: addresses, Logical: true}, err
	}
	if address := c.Get("dfs.namenode.rpc-address."+authority, ""); address != "" {
		return NameService{Name: authority, Addresses: []string{withPort(address)}, Logical: true}, nil
	}
	return NameService{Name: authority, Addresses: []string{withPort(authority)}}, nil
}

func (c Conf) defaultAuthority() (string, error) {
	fs := c.Get("fs.defaultFS", "")
	u, err := url.Parse(fs)
	if err == nil && strings.HasPrefix(u.Scheme, "viewfs") {
		return "", fmt.Errorf("%w: fs.defaultFS is %s: mount tables (viewfs) are not supported; write the hdfs:// URL that the table "+
			"has for the path", ErrConfiguration, fs)
	}
	if err != nil || u.Scheme != "hdfs" || u.Host == "" {
		return "", fmt.Errorf("%w: the path names no NameNode and fs.defaultFS is %q; write hdfs://host:port/path or set "+
			"HADOOP_CONF_DIR to a directory whose core-site.xml has fs.defaultFS", ErrConfiguration, fs)
	}
	return u.Host, nil
}

func (c Conf) haNameNodes(service string, ids []string) ([]string, error) {
	var addresses []string
	for _, id := range ids {
		key := "dfs.namenode.rpc-address." + service + "." + id
		address := c.Get(key, "")
		if address == "" {
			return nil, fmt.Errorf("%w: name service %s has a NameNode %s, but %s is not set", ErrConfiguration, service, id, key)
		}
		addresses = append(addresses, withPort(address))
	}
	return addresses, nil
}

func withPort(address string) string {
	if strings.Contains(address, ":") {
		return address
	}
	return net.JoinHostPort(address, defaultPort)
}
