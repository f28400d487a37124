package hdfs

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/colinmarc/hdfs/v2/hadoopconf"
)

// errConfiguration marks what only a change of the configuration can heal.
var errConfiguration = errors.New("hadoop configuration")

const defaultPort = "8020"

// loadConf reads the site files of dir, or if it is empty those that the environment names, and puts overrides on top.
func loadConf(dir string, overrides map[string]string) (hadoopconf.HadoopConf, error) {
	conf := hadoopconf.HadoopConf{}
	dirs := confDirs()
	if dir != "" {
		dirs = []string{dir}
	}
	for _, dir := range dirs {
		found, err := hadoopconf.Load(dir)
		if err != nil {
			return nil, fmt.Errorf("%w in %s: %w", errConfiguration, dir, err)
		}
		if found != nil {
			maps.Copy(conf, found)
			break
		}
	}
	maps.Copy(conf, overrides)
	return conf, nil
}

func confDirs() []string {
	var dirs []string
	if dir := os.Getenv("HADOOP_CONF_DIR"); dir != "" {
		dirs = append(dirs, dir)
	}
	if home := os.Getenv("HADOOP_HOME"); home != "" {
		dirs = append(dirs, filepath.Join(home, "etc", "hadoop"), filepath.Join(home, "conf"))
	}
	return dirs
}

// namenodes resolves the authority of an hdfs URL to the RPC addresses of its NameNodes, and of no other name service. An
// empty authority means fs.defaultFS.
func namenodes(conf hadoopconf.HadoopConf, authority string) ([]string, error) {
	if authority == "" {
		fs := conf["fs.defaultFS"]
		if fs == "" {
			fs = conf["fs.default.name"]
		}
		u, err := url.Parse(fs)
		if err != nil || u.Scheme != "hdfs" || u.Host == "" {
			return nil, fmt.Errorf("%w: the path names no NameNode and fs.defaultFS is %q; write hdfs://host:port/path or set "+
				"HADOOP_CONF_DIR to a directory whose core-site.xml has fs.defaultFS", errConfiguration, fs)
		}
		authority = u.Host
	}
	if strings.Contains(authority, ":") {
		return []string{authority}, nil
	}
	if ids := conf["dfs.ha.namenodes."+authority]; ids != "" {
		return haNamenodes(conf, authority, ids)
	}
	if addr := conf["dfs.namenode.rpc-address."+authority]; addr != "" {
		return []string{withPort(addr)}, nil
	}
	return []string{withPort(authority)}, nil
}

func haNamenodes(conf hadoopconf.HadoopConf, service, ids string) ([]string, error) {
	var addrs []string
	for id := range strings.SplitSeq(ids, ",") {
		key := "dfs.namenode.rpc-address." + service + "." + strings.TrimSpace(id)
		addr := conf[key]
		if addr == "" {
			return nil, fmt.Errorf("%w: name service %s has a NameNode %s, but %s is not set", errConfiguration, service, id, key)
		}
		addrs = append(addrs, withPort(addr))
	}
	return addrs, nil
}

func withPort(addr string) string {
	addr = strings.TrimSpace(addr)
	if strings.Contains(addr, ":") {
		return addr
	}
	return net.JoinHostPort(addr, defaultPort)
}
