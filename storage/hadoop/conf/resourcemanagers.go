package conf

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// YARNPort is a port of ResourceManagers: its property without the suffix of high availability, and its default.
type YARNPort struct {
	Property string
	Default  int
}

// Ports of ResourceManagers.
var (
	ClientPort    = YARNPort{"yarn.resourcemanager.address", 8032}
	SchedulerPort = YARNPort{"yarn.resourcemanager.scheduler.address", 8030}
	webPort       = YARNPort{"yarn.resourcemanager.webapp.address", 8088}
)

// ResourceManagers returns the host:port of all ResourceManagers, of which one is active.
func (c Conf) ResourceManagers(p YARNPort) ([]string, error) {
	if !c.Bool("yarn.resourcemanager.ha.enabled", false) {
		address, err := c.resourceManager(p, "")
		return []string{address}, err
	}
	ids := c.List("yarn.resourcemanager.ha.rm-ids")
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: yarn.resourcemanager.ha.enabled is true, but yarn.resourcemanager.ha.rm-ids is not set", ErrConfiguration)
	}
	var all []string
	for _, id := range ids {
		address, err := c.resourceManager(p, "."+id)
		if err != nil {
			return nil, err
		}
		all = append(all, address)
	}
	return all, nil
}

func (c Conf) resourceManager(p YARNPort, suffix string) (string, error) {
	host := c.Get("yarn.resourcemanager.hostname"+suffix, "")
	address := c.Get(p.Property+suffix, host)
	if !strings.Contains(address, ":") || net.ParseIP(address) != nil {
		address = net.JoinHostPort(address, strconv.Itoa(p.Default))
	}
	if named, _, err := net.SplitHostPort(address); err == nil && (named == "" || named == "0.0.0.0") {
		return "", fmt.Errorf("%w: no ResourceManager is named: set HADOOP_CONF_DIR to a directory whose yarn-site.xml has yarn.resourcemanager.hostname%s or %s%s",
			ErrConfiguration, suffix, p.Property, suffix)
	}
	return address, nil
}

// WebProxies returns the host:port of the proxies by which YARN shows the pages of applications: one of its own, or the
// ResourceManagers.
func (c Conf) WebProxies() ([]string, error) {
	if address := c.Get("yarn.web-proxy.address", ""); address != "" {
		return []string{address}, nil
	}
	return c.ResourceManagers(webPort)
}
