package kafka_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/kafka"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

// security is what clients of the secured listeners have.
type security struct {
	t                   *testing.T
	dir, tls, sasl, pem string
	password            string
	tokens              string // URL of an endpoint
}

func newSecurity(t *testing.T) *security {
	s := &security{t: t, tls: os.Getenv("LEAT_TEST_KAFKA_SSL"), sasl: os.Getenv("LEAT_TEST_KAFKA_SASL_SSL")}
	if s.tls == "" {
		t.Skip("LEAT_TEST_KAFKA_SSL is not set: scripts/kafka/up.sh --secured yes")
	}
	s.dir = directory(t)
	s.pem = filepath.Join(s.dir, "tls", "rest-ca.pem")
	password, err := os.ReadFile(filepath.Join(s.dir, "conf", "password"))
	require.NoError(t, err)
	s.password = string(password)
	t.Setenv("KRB5_CONFIG", filepath.Join(s.dir, "krb5", "krb5.conf"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		expires := time.Now().Add(time.Hour)
		if user == "late" {
			expires = time.Now().Add(-time.Hour)
		}
		claims := fmt.Sprintf(`{"sub": "alice", "iat": %d, "exp": %d}`, expires.Add(-2*time.Hour).Unix(), expires.Unix())
		b := base64.RawURLEncoding
		fmt.Fprintf(w, `{"access_token": "%s.%s."}`, b.EncodeToString([]byte(`{"alg": "none"}`)), b.EncodeToString([]byte(claims)))
	}))
	t.Cleanup(server.Close)
	s.tokens = server.URL
	return s
}

// login are the properties of alice, or with TLS alone those of the client of the certificate.
func (s *security) login(mechanism string, more ...string) map[string]string {
	p := map[string]string{"bootstrap.servers": s.sasl, "security.protocol": "SASL_SSL", "ssl.truststore.location": s.pem, "sasl.mechanism": mechanism}
	switch mechanism {
	case "SSL":
		p["bootstrap.servers"], p["security.protocol"], p["ssl.keystore.location"] = s.tls, "SSL", filepath.Join(s.dir, "tls", "client.pem")
		delete(p, "sasl.mechanism")
	case "GSSAPI":
		p["sasl.kerberos.service.name"] = "kafka"
		p["sasl.jaas.config"] = fmt.Sprintf(`com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="%s/krb5/alice.keytab" principal="alice@LEAT.TEST";`, s.dir)
	case "OAUTHBEARER":
		p["sasl.oauthbearer.token.endpoint.url"] = s.tokens
		p["sasl.jaas.config"] = `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="alice" clientSecret="x";`
	default:
		p["sasl.jaas.config"] = fmt.Sprintf(`org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="%s";`, s.password)
	}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
		if more[i+1] == "" {
			delete(p, more[i])
		}
	}
	return p
}

// allow gives alice and the client of the certificate rights: to read or write a topic, to use the group of its name, to write
// transactions whose ids begin with it.
func (s *security) allow(topic string, rights ...string) {
	for _, right := range rights {
		b, operation, pattern := kadm.NewACLs(), kadm.OpRead, kadm.ACLPatternLiteral
		switch right {
		case "read":
			b.Topics(topic)
		case "write":
			b.Topics(topic)
			operation = kadm.OpWrite
		case "group":
			b.Groups(topic)
		case "transactions":
			b.TransactionalIDs(topic)
			operation, pattern = kadm.OpWrite, kadm.ACLPatternPrefixed
		}
		b.Allow("User:alice", "User:CN=Leat client").AllowHosts().Operations(operation).ResourcePatternType(pattern)
		results, err := kadm.NewClient(client(s.t)).CreateACLs(s.t.Context(), b)
		require.NoError(s.t, err)
		for _, r := range results {
			require.NoError(s.t, r.Err)
		}
	}
	s.known(topic, 2*len(rights))
}

// known waits until all brokers know of n rights to what has a name.
func (s *security) known(name string, n int) {
	c := client(s.t)
	all, err := kadm.NewClient(c).ListBrokers(s.t.Context())
	require.NoError(s.t, err)
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for _, broker := range all {
		for found := -1; found != n; {
			request := kmsg.NewPtrDescribeACLsRequest()
			request.ResourceName, request.ResourceType, request.ResourcePatternType = &name, kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
			request.Operation, request.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
			reply, err := c.Broker(int(broker.NodeID)).Request(ctx, request)
			require.NoError(s.t, err)
			found = 0
			for _, r := range reply.(*kmsg.DescribeACLsResponse).Resources {
				found += len(r.ACLs)
			}
		}
	}
}

// copyOne writes a record exactly once, reads what is in the topic and commits the group's offsets.
func copyOne(t *testing.T, name string, properties map[string]string) error {
	properties = maps.Clone(properties)
	properties["group.id"] = name
	to, err := kafka.NewSink(kafka.SinkOptions[string]{Topic: name, Properties: properties, Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: name,
		Serialize: kafka.Values[string](format.Text{})})
	if err != nil {
		return err
	}
	w, err := to.NewWriter(t.Context(), sink.Env{JobID: "j", JobName: "n", Parallelism: 1})
	if err != nil {
		return err
	}
	err = w.Write(t.Context(), column.BatchOf([]string{"a"}))
	var cs []sink.Committable
	if err == nil {
		cs, err = w.Flush(t.Context(), true)
	}
	if e := w.Close(); err != nil || e != nil {
		return errors.Join(err, e)
	}
	c, err := to.NewCommitter(t.Context())
	if err != nil {
		return err
	}
	if err := errors.Join(c.Commit(t.Context(), cs), c.Close()); err != nil {
		return err
	}
	from, err := kafka.NewSource(kafka.SourceOptions[string]{Topics: []string{name}, Start: kafka.Committed(kafka.ResetEarliest),
		Properties: properties, Deserialize: kafka.Strings})
	if err != nil {
		return err
	}
	return readOne(t, from)
}

// readOne reads the first record of a source of one partition and commits it.
func readOne(t *testing.T, from *kafka.Source[string]) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := from.NewEnumerator(ctx, 1)
	if err != nil {
		return err
	}
	splits, err := e.Next(ctx)
	if err := errors.Join(err, e.Close()); err != nil {
		return err
	}
	r, err := from.NewReader(ctx, source.Env{Parallelism: 1})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Open(ctx, splits[0]); err != nil {
		return err
	}
	out := column.NewBatch[string]()
	for out.Len() == 0 {
		if splits[0], err = r.Fetch(ctx, out); err != nil {
			return err
		}
	}
	return from.CommitPositions(ctx, source.Env{Parallelism: 1}, splits[:1])
}

func TestLogins(t *testing.T) {
	s := newSecurity(t)
	for _, mechanism := range []string{"SSL", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"} {
		t.Run(mechanism, func(t *testing.T) {
			name := topic(t, "secured", 1)
			s.allow(name, "read", "write", "group", "transactions")
			require.NoError(t, copyOne(t, name, s.login(mechanism)))
		})
	}
}

// TestRefusals: what the brokers or their certificates refuse is said with what can be done about it, and without the password.
func TestRefusals(t *testing.T) {
	s := newSecurity(t)
	all := []string{"read", "write", "group", "transactions"}
	for _, x := range []struct {
		name       string
		properties map[string]string
		rights     []string
		want       string
	}{
		{"wrong password", s.login("PLAIN", "sasl.jaas.config", `x required username="alice" password="hunter2";`), all,
			"Invalid username or password: the brokers do not know this user, or not with this password"},
		{"wrong password of SCRAM", s.login("SCRAM-SHA-512", "sasl.jaas.config", `x required username="alice" password="hunter2";`), all,
			"the brokers do not know this user, or not with this password"},
		{"late token", s.login("OAUTHBEARER", "sasl.jaas.config", `x required clientId="late" clientSecret="hunter2";`), all,
			`the brokers refuse the token: {"status":"invalid_token"}`},
		{"wrong keytab", s.login("GSSAPI", "sasl.jaas.config", fmt.Sprintf(`x required keyTab="%s/krb5/late.keytab" principal="late";`, s.dir)), all, "late.keytab"},
		{"unknown authority", s.login("PLAIN", "ssl.truststore.location", filepath.Join(s.dir, "tls", "internal-ca.pem")), all,
			"certificate signed by unknown authority: ssl.truststore.location or ssl.truststore.certificates must hold who has signed"},
		{"no certificate", s.login("SSL", "ssl.keystore.location", ""), all, "the brokers want a certificate that they trust: see ssl.keystore.location"},
		{"no TLS", s.login("PLAIN", "security.protocol", "SASL_PLAINTEXT"), all, "the brokers want TLS on this port: set security.protocol"},
		{"no login", s.login("PLAIN", "security.protocol", "SSL", "sasl.mechanism", "", "sasl.jaas.config", ""), all, "the brokers want another security.protocol on this port"},
		{"TLS to a port without", s.login("PLAIN", "bootstrap.servers", brokers(t)[0]), all, "security.protocol"},
		{"no rights", s.login("PLAIN"), nil, "topic %s: TOPIC_AUTHORIZATION_FAILED"},
		{"no right to write", s.login("PLAIN"), []string{"read", "group", "transactions"}, "allow READ on topics that are read, WRITE on those that are written"},
		{"no right to read", s.login("PLAIN"), []string{"write", "group", "transactions"}, "allow READ on topics that are read, WRITE on those that are written"},
		{"no right to a group", s.login("PLAIN"), []string{"read", "write", "transactions"}, "allow READ on the group"},
		{"no right to transactions", s.login("PLAIN"), []string{"read", "write", "group"}, "allow WRITE on transactional ids that begin with"},
	} {
		t.Run(x.name, func(t *testing.T) {
			name := topic(t, "refused", 1)
			s.allow(name, x.rights...)
			err := copyOne(t, name, x.properties)
			require.ErrorContains(t, err, strings.ReplaceAll(x.want, "%s", name))
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), s.password)
		})
	}
}
