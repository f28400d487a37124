package namenode

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/krb5"
	"github.com/leatproject/leat/storage/hadoop/sasl"
)

// Protocol is the Java interface of NameNodes for clients.
const Protocol = "org.apache.hadoop.hdfs.protocol.ClientProtocol"

// Properties by which a configuration says more than Hadoop's own does: who to be.
const (
	KeytabProperty    = "kerberos.keytab"
	PrincipalProperty = "kerberos.principal"
	CacheProperty     = "kerberos.cache"            // as KRB5CCNAME
	UseCacheProperty  = "kerberos.use-ticket-cache" // false: a keytab or nothing
	ConfigProperty    = "kerberos.config"           // as KRB5_CONFIG
)

// Options make a client.
type Options struct {
	Conf      conf.Conf
	Authority string // of the hdfs URL; empty: fs.defaultFS
	Logger    *slog.Logger
	// NoTokens logs in by Kerberos although there is a delegation token: with a token no other can be got.
	NoTokens bool
	// CallerContext is for the audit log; may be empty.
	CallerContext string
}

// logins are shared by all clients of a process that are the same principal.
var logins = struct {
	sync.Mutex
	byOptions map[krb5.Options]*krb5.Login
}{byOptions: map[krb5.Options]*krb5.Login{}}

func kerberosLogin(c conf.Conf) (*krb5.Login, error) {
	o := krb5.Options{
		Keytab: c.Get(KeytabProperty, ""), Principal: c.Get(PrincipalProperty, ""), Cache: c.Get(CacheProperty, os.Getenv("KRB5CCNAME")),
		Config: c.Get(ConfigProperty, os.Getenv("KRB5_CONFIG")),
	}
	if o.Keytab == "" && !c.Bool(UseCacheProperty, true) {
		return nil, fmt.Errorf("%w: the ticket cache is not to be used (security.kerberos.login.use-ticket-cache), and there is no keytab; "+
			"set security.kerberos.login.keytab", conf.ErrConfiguration)
	}
	logins.Lock()
	defer logins.Unlock()
	if l, ok := logins.byOptions[o]; ok {
		return l, nil
	}
	l, err := krb5.Open(o)
	if err != nil {
		return nil, err
	}
	logins.byOptions[o] = l
	return l, nil
}

// UserName is HADOOP_USER_NAME, else the user of the process: who one is where nobody checks.
func UserName() (string, error) {
	if name := os.Getenv("HADOOP_USER_NAME"); name != "" {
		return name, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("%w: the user of this process has no name: %w; set HADOOP_USER_NAME", conf.ErrConfiguration, err)
	}
	return u.Username, nil
}

// tokenSource reads a delegation token of the environment's file at each connection, because YARN puts renewed ones there. It
// is nil if the environment names no file.
func tokenSource(kind string, names func() []string, log *slog.Logger) (func() *credentials.Token, error) {
	path := os.Getenv(credentials.Environment)
	if path == "" {
		return nil, nil
	}
	if _, err := credentials.Load(path); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ipc.ErrLogin, credentials.Environment, err)
	}
	services := names()
	return func() *credentials.Token {
		c, err := credentials.Load(path)
		if err != nil {
			log.Warn("hadoop: the delegation tokens cannot be used", "kind", kind, "error", err)
			return nil
		}
		return c.Find(kind, services...)
	}, nil
}

// tokenServices are the names under which a token of a name service may be kept.
func tokenServices(service conf.NameService) []string {
	if service.Logical {
		return append([]string{"ha-hdfs:" + service.Name}, service.Addresses...)
	}
	return TokenServices(service.Addresses)
}

// TokenServices are the names that Hadoop may have given tokens of servers at these host:port: by name and by address.
func TokenServices(addresses []string) []string {
	names := []string{}
	for _, address := range addresses {
		names = append(names, address)
		if host, port, err := net.SplitHostPort(address); err == nil {
			ips, _ := net.LookupHost(host) // without an answer the name must do
			for _, ip := range ips {
				names = append(names, net.JoinHostPort(ip, port))
			}
		}
	}
	return names
}

// Server is a kind of servers that one logs in to by Kerberos or by a delegation token.
type Server struct {
	Principal     string // property that has the servers' principal
	File          string // where users set it: hdfs-site.xml
	TokenKind     string
	TokenServices func() []string // names under which a token for them may be kept
}

// Login says who a client of such servers is.
func Login(o Options, s Server) (ipc.Login, error) {
	c := o.Conf
	protection, err := sasl.Protections(c.Get("hadoop.rpc.protection", ""))
	if err != nil {
		return ipc.Login{}, fmt.Errorf("%w: hadoop.rpc.protection: %w", conf.ErrConfiguration, err)
	}
	l := ipc.Login{
		ServerPrincipal:    c.Get(s.Principal+".pattern", c.Get(s.Principal, "")),
		ServerPrincipalKey: s.Principal + " in " + s.File,
		Protection:         protection,
		AllowSimple:        c.Bool("ipc.client.fallback-to-simple-auth-allowed", false),
	}
	if !o.NoTokens {
		if l.Token, err = tokenSource(s.TokenKind, s.TokenServices, o.Logger); err != nil {
			return l, err
		}
	}
	if !c.Kerberos() {
		l.User, err = UserName()
		return l, err
	}
	if l.Token != nil && l.Token() != nil && c.Get(KeytabProperty, "") == "" {
		return l, nil // a container has a token and no ticket
	}
	if l.ServerPrincipal == "" {
		return l, fmt.Errorf("%w: kerberos is on, but %s is not set; add it to %s", conf.ErrConfiguration, s.Principal, s.File)
	}
	k, err := kerberosLogin(c)
	if err != nil {
		return l, fmt.Errorf("%w: %w", ipc.ErrLogin, err)
	}
	l.Kerberos = k
	return l, nil
}

// Timeouts sets those that Hadoop's configuration has for all of its RPC.
func Timeouts(c conf.Conf, o *ipc.Options) (err error) {
	for key, field := range map[string]*time.Duration{
		"ipc.client.connect.timeout":        &o.ConnectTimeout,
		"ipc.client.rpc-timeout.ms":         &o.CallTimeout,
		"ipc.client.connection.maxidletime": &o.IdleTime,
		"ipc.ping.interval":                 &o.PingInterval,
	} {
		if *field, err = c.Milliseconds(key, 0); err != nil {
			return err
		}
	}
	return nil
}
