package kafka

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"software.sslmate.com/src/go-pkcs12"
)

// security is what the properties security.*, sasl.* and ssl.* say.
type security struct {
	protocol, mechanism, jaas, service, tokenURL, scope string

	truststore, truststorePassword, trusted string
	keystore, keystorePassword, key, chain  string
	anyHost                                 bool // certificates of other hosts will do
}

func (s *security) options() (opts []kgo.Opt, err error) {
	switch s.protocol {
	case "", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
	default:
		return nil, fmt.Errorf("property security.protocol: it must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
	}
	if strings.HasSuffix(s.protocol, "SSL") {
		c, err := s.tls()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(c))
	}
	if strings.HasPrefix(s.protocol, "SASL") {
		m, err := s.sasl()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(m))
	} else if s.jaas != "" || s.mechanism != "" {
		return nil, errors.New("properties sasl.* are given, but security.protocol is not SASL_SSL or SASL_PLAINTEXT")
	}
	return opts, nil
}

func (s *security) sasl() (sasl.Mechanism, error) {
	switch s.mechanism {
	case "PLAIN":
		user, password, err := s.credentials()
		return plain.Auth{User: user, Pass: password}.AsMechanism(), err
	case "SCRAM-SHA-256":
		user, password, err := s.credentials()
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), err
	case "SCRAM-SHA-512":
		user, password, err := s.credentials()
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), err
	case "", "GSSAPI":
		return s.kerberos()
	case "OAUTHBEARER":
		return s.oauth()
	}
	return nil, errors.New("property sasl.mechanism: it must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER")
}

var jaasOption = regexp.MustCompile(`([A-Za-z0-9_]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]+)`)

// option is an option of sasl.jaas.config: name="value".
func (s *security) option(name string) string {
	for _, m := range jaasOption.FindAllStringSubmatch(s.jaas, -1) {
		if m[1] == name {
			return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.TrimSuffix(strings.TrimPrefix(m[2], `"`), `"`))
		}
	}
	return ""
}

func (s *security) credentials() (user, password string, err error) {
	user, password = s.option("username"), s.option("password")
	if user == "" || password == "" {
		return "", "", fmt.Errorf("property sasl.jaas.config: sasl.mechanism %s wants username=\"...\" password=\"...\" in it", s.mechanism)
	}
	return user, password, nil
}

func (s *security) tls() (c *tls.Config, err error) {
	c = &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case s.trusted != "":
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(s.trusted)) {
			return nil, errors.New("property ssl.truststore.certificates: there is no PEM certificate in it")
		}
	case s.truststore != "":
		if c.RootCAs, err = s.roots(); err != nil {
			return nil, fmt.Errorf("property ssl.truststore.location: %w", err)
		}
	}
	if s.keystore != "" || s.chain != "" {
		own, err := s.own()
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{*own}
	}
	if s.anyHost {
		// The chain is checked all the same, the host's name is not.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(state tls.ConnectionState) error {
			chain := x509.VerifyOptions{Roots: c.RootCAs, Intermediates: x509.NewCertPool()}
			for _, between := range state.PeerCertificates[1:] {
				chain.Intermediates.AddCert(between)
			}
			_, err := state.PeerCertificates[0].Verify(chain)
			return err
		}
	}
	return c, nil
}

// readStore reads a file of PEM or PKCS#12.
func readStore(path string) (data []byte, isPEM bool, err error) {
	if data, err = os.ReadFile(path); err != nil {
		return nil, false, err
	}
	if bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}) {
		return nil, false, fmt.Errorf("%s is a Java keystore (JKS): convert it by keytool -importkeystore -srckeystore %s -destkeystore new.p12 -deststoretype PKCS12", path, path)
	}
	return data, bytes.Contains(data, []byte("-----BEGIN ")), nil
}

func (s *security) roots() (*x509.CertPool, error) {
	data, isPEM, err := readStore(s.truststore)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if isPEM {
		if !roots.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("there is no certificate in %s", s.truststore)
		}
		return roots, nil
	}
	all, err := pkcs12.DecodeTrustStore(data, s.truststorePassword)
	if err != nil {
		return nil, fmt.Errorf("%s as PKCS#12: %w (ssl.truststore.password)", s.truststore, err)
	}
	for _, one := range all {
		roots.AddCert(one)
	}
	return roots, nil
}

// own is the certificate that brokers are shown.
func (s *security) own() (*tls.Certificate, error) {
	if s.chain != "" {
		own, err := tls.X509KeyPair([]byte(s.chain), []byte(s.key))
		if err != nil {
			return nil, errors.New("properties ssl.keystore.certificate.chain and ssl.keystore.key: they must be PEM, the key without a password, and belong together")
		}
		return &own, nil
	}
	data, isPEM, err := readStore(s.keystore)
	if err != nil {
		return nil, fmt.Errorf("property ssl.keystore.location: %w", err)
	}
	if isPEM {
		own, err := tls.X509KeyPair(data, data)
		if err != nil {
			return nil, fmt.Errorf("property ssl.keystore.location: %s: %w; it must hold the private key, without a password, and the certificate with its chain", s.keystore, err)
		}
		return &own, nil
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, s.keystorePassword)
	if err != nil {
		return nil, fmt.Errorf("property ssl.keystore.location: %s as PKCS#12: %w (ssl.keystore.password)", s.keystore, err)
	}
	own := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range chain {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	return own, nil
}
