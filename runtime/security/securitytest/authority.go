package securitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs certificates for a day.
type Authority struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
	// Truststore is the PEM file of its own certificate.
	Truststore string
}

// NewAuthority makes one, with its files in a folder.
func NewAuthority(t testing.TB, dir, name string) *Authority {
	t.Helper()
	a := &Authority{t: t, Truststore: filepath.Join(dir, name+".ca.pem")}
	a.key, a.cert = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.write(a.Truststore, block("CERTIFICATE", a.cert.Raw))
	return a
}

// Issue writes a keystore for servers and clients of some hosts, and returns its certificate.
func (a *Authority) Issue(path string, hosts ...string) *x509.Certificate {
	a.t.Helper()
	key, cert := a.Sign(hosts...)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	a.write(path, append(block("CERTIFICATE", cert.Raw), block("PRIVATE KEY", encoded)...))
	return cert
}

// Sign makes a certificate of some hosts with its key.
func (a *Authority) Sign(hosts ...string) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "member"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	return a.sign(c)
}

func (a *Authority) sign(c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	a.serial++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(a.serial), time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	issuer, signer := a.cert, a.key
	if issuer == nil {
		issuer, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return key, cert
}

// write replaces a file at once.
func (a *Authority) write(path string, content []byte) {
	require.NoError(a.t, os.WriteFile(path+".new", content, 0o600))
	require.NoError(a.t, os.Rename(path+".new", path))
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
