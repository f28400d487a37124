package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/clock"
	hadoop "github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// kerberosProperties say who this host's user is, which is nobody's affair in a container.
var kerberosProperties = []string{namenode.KeytabProperty, namenode.PrincipalProperty, namenode.CacheProperty, namenode.UseCacheProperty, namenode.ConfigProperty}

// sharedSite is the configuration of Hadoop for containers.
func sharedSite(site hadoop.Conf) hadoop.Conf {
	shared := maps.Clone(site)
	for _, name := range kerberosProperties {
		delete(shared, name)
	}
	return shared
}

// kerberosConfigFile is in the working directory of the ApplicationMaster's container.
const kerberosConfigFile = "krb5.conf"

// hdfsTokens is Flink's name of the service whose tokens they are.
const hdfsTokens = "hadoopfs"

// kerberos puts what the ApplicationMaster gets new delegation tokens by on HDFS, in the folder that only the user can read. It is
// nil without a keytab: the application ends with its tokens.
func (a *submitted) kerberos(ctx context.Context, files map[string]launch.File) (*application.Kerberos, error) {
	keytab := a.site.Get(namenode.KeytabProperty, "")
	if !a.site.Kerberos() || keytab == "" || !slices.Contains(config.Get(a.conf, config.YarnTokenServices), hdfsTokens) {
		return nil, nil
	}
	k := &application.Kerberos{Keytab: config.Get(a.conf, config.YarnKeytabPath), Principal: a.site.Get(namenode.PrincipalProperty, "")}
	if config.Get(a.conf, config.YarnShipKeytab) {
		k.Keytab = filepath.Base(k.Keytab)
		if err := a.own(ctx, files, k.Keytab, keytab); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, config.KerberosKeytab.Key)
		}
	}
	path := a.site.Get(namenode.ConfigProperty, os.Getenv("KRB5_CONFIG"))
	if path == "" || strings.Contains(path, ":") { // that of the nodes
		return k, nil
	}
	k.Config = kerberosConfigFile
	return k, a.own(ctx, files, kerberosConfigFile, path)
}

// own puts a file of this host into the application's own folder, for containers under that name.
func (a *submitted) own(ctx context.Context, files map[string]launch.File, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	files[name], err = a.stage.Own(ctx, a.id.Text(), strings.ReplaceAll(name, "/", "-"), f)
	return err
}

// tlsFolder holds what processes in containers prove themselves by.
const tlsFolder = "tls/"

// stores puts the files that security.ssl.* name on HDFS, and has the configuration of containers name them there.
func (a *submitted) stores(ctx context.Context, conf *config.Configuration, files map[string]launch.File) error {
	for _, s := range []config.Stores{config.TLSStores, config.InternalStores, config.RestStores} {
		for _, o := range []config.Option[string]{s.Keystore, s.Key, s.Truststore} {
			path := config.Get(conf, o)
			if path == "" {
				continue
			}
			name := tlsFolder + o.Key
			if err := a.own(ctx, files, name, path); err != nil {
				return fmt.Errorf("%w (%s)", err, o.Key)
			}
			if err := conf.Set(o.Key, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstRenewal is when an ApplicationMaster whose tokens are new gets others, so that it knows how long they last.
const firstRenewal = 30 * time.Second

// renew keeps the tokens of the application valid while this process runs, if there is a keytab. Those of a later attempt may have ended:
// then it has new ones at once.
func (m *applicationMaster) renew(ctx context.Context, h *head) error {
	if m.Kerberos == nil {
		return nil
	}
	site := maps.Clone(m.site)
	site[namenode.KeytabProperty], site[namenode.PrincipalProperty], site[namenode.ConfigProperty] = m.Kerberos.Keytab, m.Kerberos.Principal, m.Kerberos.Config
	r := &application.Renewal{Container: m.container, Stage: m.stage, Issue: application.IssueByKerberos(site, authority(m.stage.Dir)), Clock: clock.Real, Logger: h.logger}
	if m.container.Attempt() > 1 {
		if _, err := r.Once(ctx); err != nil {
			return err
		}
	}
	go r.Run(m.running, firstRenewal)
	return nil
}
