package hdfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/colinmarc/hdfs/v2/hadoopconf"
	krb "github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"
)

// kerberosLogin logs in with the keytab that the properties kerberos.keytab and kerberos.principal name, else with the
// tickets of the cache.
func kerberosLogin(conf hadoopconf.HadoopConf) (*krb.Client, error) {
	file := envOr("KRB5_CONFIG", "/etc/krb5.conf")
	krbConf, err := config.Load(file)
	if err != nil {
		return nil, fmt.Errorf("%w: kerberos is on, but %s cannot be used: %w; set KRB5_CONFIG", errConfiguration, file, err)
	}
	if conf["dfs.namenode.kerberos.principal"] == "" {
		return nil, fmt.Errorf("%w: kerberos is on, but dfs.namenode.kerberos.principal is not set; add it to hdfs-site.xml", errConfiguration)
	}
	if conf["kerberos.keytab"] != "" {
		return keytabLogin(conf["kerberos.keytab"], conf["kerberos.principal"], krbConf)
	}
	return cacheLogin(krbConf)
}

func keytabLogin(file, principal string, krbConf *config.Config) (*krb.Client, error) {
	name, realm, _ := strings.Cut(principal, "@")
	if realm == "" {
		realm = krbConf.LibDefaults.DefaultRealm
	}
	if name == "" || realm == "" {
		return nil, fmt.Errorf("%w: keytab %s is given with principal %q; write name@REALM", errConfiguration, file, principal)
	}
	kt, err := keytab.Load(file)
	if err != nil {
		return nil, fmt.Errorf("%w: read keytab %s: %w", errConfiguration, file, err)
	}
	client := krb.NewWithKeytab(name, realm, kt, krbConf, krb.DisablePAFXFAST(true))
	if err := client.Login(); err != nil {
		return nil, fmt.Errorf("kerberos login of %s@%s with keytab %s: %w", name, realm, file, err)
	}
	return client, nil
}

func cacheLogin(krbConf *config.Config) (*krb.Client, error) {
	file := envOr("KRB5CCNAME", "/tmp/krb5cc_"+strconv.Itoa(os.Getuid()))
	kind, name, ok := strings.Cut(file, ":")
	switch {
	case !ok:
		name = file
	case kind != "FILE":
		return nil, fmt.Errorf("%w: ticket cache %s is not a file; use KRB5CCNAME=FILE:path with kinit", errConfiguration, file)
	}
	const remedy = "run kinit, or give a keytab and principal"
	cache, err := credentials.LoadCCache(name)
	if err != nil {
		return nil, fmt.Errorf("%w: no kerberos ticket in %s: %w; %s", errConfiguration, name, err, remedy)
	}
	client, err := krb.NewFromCCache(cache, krbConf, krb.DisablePAFXFAST(true))
	if err != nil {
		return nil, fmt.Errorf("%w: the kerberos ticket in %s cannot be used: %w; %s", errConfiguration, name, err, remedy)
	}
	return client, nil
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
