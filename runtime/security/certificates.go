package security

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files say where certificates lie. They are what a TaskManager tells its workers.
type Files struct {
	// Keystore holds the own certificate with its chain and private key, as PEM or PKCS#12; Key is a PEM file of the private
	// key, for a Keystore without. Both are empty for a client that shows no certificate.
	Keystore, KeystorePassword, Key string
	// Truststore holds the certificates of trusted authorities; empty trusts those of the system.
	Truststore, TruststorePassword string
	// Fingerprints, if there are any, are the only certificates to be trusted, by SHA-1 or SHA-256 in hexadecimal digits.
	Fingerprints []string
	// Keys begins the keys of the configuration that these are from, such as security.ssl.internal: for errors.
	Keys string
	// MinVersion is the least version of TLS, as in crypto/tls.
	MinVersion uint16
}

// Certificates are the content of Files. They are safe for concurrent use.
type Certificates struct {
	files  Files
	pins   [][]byte
	logger *slog.Logger

	mu     sync.Mutex
	stamps [3]stamp
	now    content
}

// content is what files held when they were read last and were good.
type content struct {
	own   *tls.Certificate // nil without a keystore
	roots *x509.CertPool   // nil without a truststore
}

// stamp tells versions of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

// Open reads the files. The logger is told when they have changed.
func Open(f Files, logger *slog.Logger) (*Certificates, error) {
	c := &Certificates{files: f, logger: logger}
	var err error
	if c.pins, err = parseFingerprints(f); err != nil {
		return nil, err
	}
	c.stamps = f.stamps()
	if c.now, err = f.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Decode opens the files that Encode has written down.
func Decode(encoded []byte, logger *slog.Logger) (*Certificates, error) {
	var f Files
	if err := json.Unmarshal(encoded, &f); err != nil {
		return nil, fmt.Errorf("reading where certificates lie: %w", err)
	}
	return Open(f, logger)
}

// Encode writes down where the files are, for a worker of the same machine; nil without certificates.
func (c *Certificates) Encode() ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	return json.Marshal(c.files)
}

// current is the content of the files as they are now, or as they were last when they are not good.
func (c *Certificates) current() content {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps := c.files.stamps()
	if stamps == c.stamps {
		return c.now
	}
	c.stamps = stamps
	loaded, err := c.files.load()
	if err != nil {
		c.logger.Warn("certificates have changed and cannot be used; going on with the last good ones", "error", err)
		return c.now
	}
	c.now = loaded
	if own := c.now.own; own != nil {
		c.logger.Info("certificates were read again", "subject", own.Leaf.Subject.String(), "expires", own.Leaf.NotAfter)
	}
	return c.now
}

func (f Files) stamps() (all [3]stamp) {
	for i, path := range []string{f.Keystore, f.Key, f.Truststore} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

func (f Files) load() (c content, err error) {
	if f.Keystore != "" {
		if c.own, err = f.loadKeystore(); err != nil {
			return c, fmt.Errorf("%s.keystore: %w", f.Keys, err)
		}
	}
	if f.Truststore != "" {
		if c.roots, err = f.loadTruststore(); err != nil {
			return c, fmt.Errorf("%s.truststore: %w", f.Keys, err)
		}
	}
	return c, nil
}

// Warn logs what will soon be, or is already, wrong with the own certificate.
func (c *Certificates) Warn(now time.Time) {
	const soon = 30 * 24 * time.Hour
	own := c.current().own
	if own != nil && now.Add(soon).After(own.Leaf.NotAfter) {
		c.logger.Warn("the certificate expires within 30 days", "key", c.files.Keys+".keystore", "file", c.files.Keystore, "expires", own.Leaf.NotAfter)
	}
}

// errNoCertificate is wrapped by the failure of a client that is asked for a certificate and has none.
var errNoCertificate = errors.New("the other end demands a certificate, and this end has none")

// Server is the configuration of a server that shows the own certificate and, if mutual, demands one of clients.
func (c *Certificates) Server(mutual bool) *tls.Config {
	config := &tls.Config{MinVersion: c.files.MinVersion,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current().own, nil }}
	if mutual {
		config.ClientAuth = tls.RequireAnyClientCert // VerifyConnection verifies it, by what the truststore holds by then
		config.VerifyConnection = func(s tls.ConnectionState) error { return c.verify(s, "", x509.ExtKeyUsageClientAuth) }
	}
	return config
}

// Client is the configuration of a client of the server at a host, whose name is not looked at when it is empty.
func (c *Certificates) Client(host string) *tls.Config {
	return &tls.Config{MinVersion: c.files.MinVersion, ServerName: host,
		InsecureSkipVerify: true, // VerifyConnection verifies, by what the truststore holds by then
		VerifyConnection:   func(s tls.ConnectionState) error { return c.verify(s, host, x509.ExtKeyUsageServerAuth) },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if own := c.current().own; own != nil {
				return own, nil
			}
			return nil, fmt.Errorf("%w: set %s.keystore", errNoCertificate, c.files.Keys)
		}}
}

func (c *Certificates) verify(s tls.ConnectionState, host string, usage x509.ExtKeyUsage) error {
	leaf := s.PeerCertificates[0]
	intermediates := x509.NewCertPool()
	for _, other := range s.PeerCertificates[1:] {
		intermediates.AddCert(other)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: c.current().roots, Intermediates: intermediates, DNSName: host, KeyUsages: []x509.ExtKeyUsage{usage}})
	var name x509.HostnameError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("the certificate of the other end: %w: use a name that it has, or set security.ssl.verify-hostname to false", err)
	case err != nil:
		return fmt.Errorf("the certificate of the other end, %q, is not trusted: %w: %s.truststore must hold its authority", leaf.Subject.String(), err, c.files.Keys)
	}
	return c.pinned(leaf)
}
