package security

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// javaMagic begins keystores of Java's own format.
var javaMagic = []byte{0xfe, 0xed, 0xfe, 0xed}

var pemMagic = []byte("-----BEGIN ")

// read reads a keystore and tells whether it is PEM; else it is taken for PKCS#12.
func read(path string) (data []byte, isPEM bool, err error) {
	if data, err = os.ReadFile(path); err != nil {
		return nil, false, err
	}
	if bytes.HasPrefix(data, javaMagic) {
		return nil, false, fmt.Errorf("%s is a Java keystore (JKS): convert it by keytool -importkeystore -srckeystore %s -destkeystore new.p12 -deststoretype PKCS12, and name that", path, path)
	}
	return data, bytes.Contains(data, pemMagic), nil
}

func (f Files) loadKeystore() (*tls.Certificate, error) {
	data, isPEM, err := read(f.Keystore)
	if err != nil {
		return nil, err
	}
	if !isPEM {
		return f.decodeKeystore(data)
	}
	keys := data
	if f.Key != "" {
		if keys, err = os.ReadFile(f.Key); err != nil {
			return nil, fmt.Errorf("its private key: %w (%s.key)", err, f.Keys)
		}
	}
	if bytes.Contains(keys, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
		return nil, fmt.Errorf("the private key of %s is encrypted: use PKCS#12, by openssl pkcs12 -export, or a key without a password that only its owner may read", f.Keystore)
	}
	own, err := tls.X509KeyPair(data, keys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; a PEM keystore holds the certificate, its chain, and the private key unless %s.key names its file", f.Keystore, err, f.Keys)
	}
	return &own, nil
}

func (f Files) decodeKeystore(data []byte) (*tls.Certificate, error) {
	key, leaf, chain, err := pkcs12.DecodeChain(data, f.KeystorePassword)
	if err != nil {
		return nil, fmt.Errorf("%s as PKCS#12: %w (%s.keystore-password)", f.Keystore, err, f.Keys)
	}
	own := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range chain {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	return own, nil
}

func (f Files) loadTruststore() (*x509.CertPool, error) {
	data, isPEM, err := read(f.Truststore)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !isPEM {
		all, err := pkcs12.DecodeTrustStore(data, f.TruststorePassword)
		if err != nil {
			return nil, fmt.Errorf("%s as PKCS#12: %w (%s.truststore-password)", f.Truststore, err, f.Keys)
		}
		for _, c := range all {
			roots.AddCert(c)
		}
		return roots, nil
	}
	found := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Truststore, err)
		}
		roots.AddCert(c)
		found = true
	}
	if !found {
		return nil, fmt.Errorf("%s holds no certificate", f.Truststore)
	}
	return roots, nil
}

func parseFingerprints(f Files) (pins [][]byte, err error) {
	for _, text := range f.Fingerprints {
		pin, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
		if err != nil || len(pin) != sha1.Size && len(pin) != sha256.Size {
			return nil, fmt.Errorf("%s.cert.fingerprint: %q is neither SHA-1 nor SHA-256 in hexadecimal digits: openssl x509 -noout -fingerprint -sha256 -in FILE prints it", f.Keys, text)
		}
		pins = append(pins, pin)
	}
	return pins, nil
}

// pinned refuses certificates that are not among the fingerprints, if there are any.
func (c *Certificates) pinned(leaf *x509.Certificate) error {
	short, long := sha1.Sum(leaf.Raw), sha256.Sum256(leaf.Raw)
	for _, pin := range c.pins {
		if bytes.Equal(pin, short[:]) || bytes.Equal(pin, long[:]) {
			return nil
		}
	}
	if len(c.pins) == 0 {
		return nil
	}
	return errors.New("the certificate of the other end is not among the fingerprints of " + c.files.Keys + ".cert.fingerprint")
}
