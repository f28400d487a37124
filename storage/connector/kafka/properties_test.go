package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestProperties parses the lines of testdata/properties: NAME=VALUE.
func TestProperties(t *testing.T) {
	datadriven.RunTest(t, "testdata/properties", func(t *testing.T, d *datadriven.TestData) string {
		values := map[string]string{"bootstrap.servers": "a:1, b:2"}
		for _, line := range strings.Split(d.Input, "\n") {
			name, value, _ := strings.Cut(line, "=")
			values[name] = value
		}
		s, err := parse(values)
		if err != nil {
			require.NotContains(t, err.Error(), "hunter2")
			return err.Error() + "\n"
		}
		return fmt.Sprintf("group=%s reset=%s committed=%t discovery=%v timeout=%v ignored=%v brokers=%v\n",
			s.group, s.reset, s.committed, s.discovery, s.timeout, s.ignored, s.brokers)
	})
}

// TestPropertiesFile parses the files of testdata/propertiesfile.
func TestPropertiesFile(t *testing.T) {
	datadriven.RunTest(t, "testdata/propertiesfile", func(t *testing.T, d *datadriven.TestData) string {
		path := filepath.Join(t.TempDir(), "client.properties")
		require.NoError(t, os.WriteFile(path, []byte(d.Input), 0o600))
		values, err := ReadProperties(path)
		if err != nil {
			require.NotContains(t, err.Error(), "hunter2")
			_, problem, _ := strings.Cut(err.Error(), path+": ")
			return problem + "\n"
		}
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "%s=%s\n", strings.Trim(strconv.QuoteToASCII(name), `"`), strconv.QuoteToASCII(values[name]))
		}
		return b.String()
	})
	_, err := ReadProperties("/nowhere/client.properties")
	require.ErrorContains(t, err, "no such file")
}

func TestLogins(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", `a"b`), kfake.Superuser("SCRAM-SHA-512", "ben", "pw"))
	require.NoError(t, err)
	defer c.Close()
	login := func(mechanism, jaas string) error {
		s, err := parse(map[string]string{"bootstrap.servers": c.ListenAddrs()[0], "security.protocol": "SASL_PLAINTEXT",
			"sasl.mechanism": mechanism, "sasl.jaas.config": jaas})
		require.NoError(t, err)
		client, err := kgo.NewClient(append(s.common, kgo.RequestRetries(0))...)
		require.NoError(t, err)
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		return client.Ping(ctx)
	}
	require.NoError(t, login("PLAIN", `org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="a\"b";`))
	require.NoError(t, login("SCRAM-SHA-512", `org.apache.kafka.common.security.scram.ScramLoginModule required username=ben password=pw;`))
	err = login("SCRAM-SHA-512", `x required username="ben" password="hunter2";`)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestTokens(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		switch {
		case r.FormValue("grant_type") != "client_credentials" || id != "me" || r.FormValue("scope") != "all":
			w.WriteHeader(http.StatusBadRequest)
		case secret == "empty":
			fmt.Fprint(w, `{}`)
		case secret == "hunter2":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprint(w, `{"access_token": "tok"}`)
		}
	}))
	defer server.Close()
	endpoint, err := url.Parse(server.URL)
	require.NoError(t, err)
	token, err := requestToken(t.Context(), server.Client(), endpoint, "me", "good", "all")
	require.NoError(t, err)
	require.Equal(t, "tok", token)
	_, err = requestToken(t.Context(), server.Client(), endpoint, "me", "empty", "all")
	require.ErrorContains(t, err, "no access_token")
	_, err = requestToken(t.Context(), server.Client(), endpoint, "me", "hunter2", "all")
	require.ErrorContains(t, err, "401")
	require.NotContains(t, err.Error(), "hunter2")
}

// certificate makes one for localhost, in PEM.
func certificate(t *testing.T) (cert, key []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	encoded, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

func TestCertificates(t *testing.T) {
	cert, key := certificate(t)
	own := filepath.Join(t.TempDir(), "own.pem")
	require.NoError(t, os.WriteFile(own, append(cert, key...), 0o600))
	jks := filepath.Join(t.TempDir(), "old.jks")
	require.NoError(t, os.WriteFile(jks, []byte{0xfe, 0xed, 0xfe, 0xed, 0}, 0o600))
	for _, s := range []security{
		{truststore: own, keystore: own},
		{trusted: string(cert), chain: string(cert), key: string(key), anyHost: true},
	} {
		c, err := s.tls()
		require.NoError(t, err)
		require.Len(t, c.Certificates, 1)
		require.Equal(t, s.anyHost, c.InsecureSkipVerify)
	}
	for want, s := range map[string]security{
		"keytool -importkeystore":              {truststore: jks},
		"no such file":                         {keystore: "/nowhere"},
		"there is no PEM certificate":          {trusted: "x"},
		"must be PEM, the key without":         {chain: string(cert), key: "hunter2"},
		"there is no certificate in":           {truststore: writeKey(t, key)},
		"must hold the private key, without a": {keystore: writeKey(t, cert)},
	} {
		_, err := s.tls()
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func writeKey(t *testing.T, data []byte) string {
	file := filepath.Join(t.TempDir(), "x.pem")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	return file
}
