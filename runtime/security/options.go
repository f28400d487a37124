package security

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/leatproject/leat/runtime/config"
)

// role is the keys of one use of TLS.
type role struct {
	keys         string // what they begin with
	enabled      config.Option[bool]
	stores       config.Stores
	fingerprints config.Option[[]string]
}

var (
	internal = role{"security.ssl.internal", config.InternalTLS, config.InternalStores, config.InternalFingerprints}
	rest     = role{"security.ssl.rest", config.RestTLS, config.RestStores, config.RestFingerprints}
)

// Internal is the certificates that the processes of a cluster show each other; nil unless security.ssl.internal.enabled.
func Internal(conf *config.Configuration, logger *slog.Logger) (*Certificates, error) {
	if !internal.isEnabled(conf) {
		return nil, nil
	}
	f := internal.files(conf)
	f.MinVersion = tls.VersionTLS13
	if err := f.demand(true); err != nil {
		return nil, err
	}
	return Open(f, logger)
}

// RestServer is the TLS of the REST server and whether it demands certificates of clients; nil unless security.ssl.rest.enabled.
func RestServer(conf *config.Configuration, logger *slog.Logger) (server *Certificates, mutual bool, err error) {
	if !rest.isEnabled(conf) {
		return nil, false, nil
	}
	f, mutual := rest.files(conf), config.Get(conf, config.RestAuthentication)
	if err := f.demand(mutual); err != nil {
		return nil, false, err
	}
	server, err = Open(f, logger)
	return server, mutual, err
}

// RestClient is the TLS of a client of REST, by the host that it connects to; nil unless security.ssl.rest.enabled.
func RestClient(conf *config.Configuration) (func(host string) *tls.Config, error) {
	if !rest.isEnabled(conf) {
		return nil, nil
	}
	f, silent := rest.files(conf), slog.New(slog.DiscardHandler)
	c, err := Open(f, silent)
	if errors.Is(err, fs.ErrPermission) { // of a keystore in a shared config.yaml that is the server's own
		f.Keystore = ""
		c, err = Open(f, silent)
	}
	if err != nil {
		return nil, err
	}
	if config.Get(conf, config.TLSVerifyHostname) {
		return c.Client, nil
	}
	return func(string) *tls.Config { return c.Client("") }, nil
}

func (r role) isEnabled(conf *config.Configuration) bool {
	if own, set := config.Lookup(conf, r.enabled); set {
		return own
	}
	return config.Get(conf, config.TLS)
}

func (r role) files(conf *config.Configuration) Files {
	of := func(o func(config.Stores) config.Option[string]) string {
		if own, set := config.Lookup(conf, o(r.stores)); set {
			return own
		}
		return config.Get(conf, o(config.TLSStores))
	}
	f := Files{Keys: r.keys, Fingerprints: config.Get(conf, r.fingerprints), MinVersion: tls.VersionTLS12,
		Keystore:           of(func(s config.Stores) config.Option[string] { return s.Keystore }),
		KeystorePassword:   of(func(s config.Stores) config.Option[string] { return s.KeystorePassword }),
		Key:                of(func(s config.Stores) config.Option[string] { return s.Key }),
		Truststore:         of(func(s config.Stores) config.Option[string] { return s.Truststore }),
		TruststorePassword: of(func(s config.Stores) config.Option[string] { return s.TruststorePassword })}
	if config.Get(conf, config.TLSProtocol) == "TLSv1.3" {
		f.MinVersion = tls.VersionTLS13
	}
	return f
}

// demand refuses settings that lack a store.
func (f Files) demand(truststore bool) error {
	if f.Keystore == "" {
		return fmt.Errorf("%s.keystore is not set: TLS needs it, a PEM or PKCS#12 file of the certificate and private key of this process", f.Keys)
	}
	if truststore && f.Truststore == "" {
		return fmt.Errorf("%s.truststore is not set: mutual TLS needs it, a PEM or PKCS#12 file of the authority of the others' certificates", f.Keys)
	}
	return nil
}
