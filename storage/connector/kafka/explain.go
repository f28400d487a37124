package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// remedies are what the user can do about what brokers answer.
var remedies = map[*kerr.Error]string{
	kerr.ProducerFenced:                     fencedRemedy,
	kerr.InvalidProducerEpoch:               fencedRemedy,
	kerr.UnknownTopicOrPartition:            "create the topic or correct its name",
	kerr.MessageTooLarge:                    "raise max.request.size and the topic's max.message.bytes",
	kerr.InvalidTransactionTimeout:          "transaction.timeout.ms is longer than the brokers allow (transaction.max.timeout.ms): lower it or raise that",
	kerr.SaslAuthenticationFailed:           "the brokers do not know this user, or not with this password, ticket or token: see sasl.mechanism and sasl.jaas.config",
	kerr.UnsupportedSaslMechanism:           "the brokers do not take this sasl.mechanism on this port",
	kerr.TopicAuthorizationFailed:           "the user may not do this: allow READ on topics that are read, WRITE on those that are written",
	kerr.GroupAuthorizationFailed:           "the user may not use this group.id: allow READ on the group, or set commit.offsets.on.checkpoint to false",
	kerr.TransactionalIDAuthorizationFailed: "the user may not write transactions of these ids: allow WRITE on transactional ids that begin with the TransactionalIDPrefix",
	kerr.ClusterAuthorizationFailed:         "the user may not do this: before Kafka 3.0 allow IDEMPOTENT_WRITE on the cluster, or set enable.idempotence to false",
}

const fencedRemedy = "the transaction has timed out (transaction.timeout.ms), or another run of the job has the same transactional id prefix"

// tlsAlert is the operation of a net.OpError in which the other side has refused a connection of TLS.
const tlsAlert = "remote error"

// explained adds to an error of the client what the user can do about it.
func explained(err error) error {
	var (
		answer   *kerr.Error
		closed   *kgo.ErrFirstReadEOF
		stranger *tls.CertificateVerificationError
		name     x509.HostnameError
		header   tls.RecordHeaderError
		network  *net.OpError
		remedy   string
	)
	switch {
	case errors.As(err, &answer):
		remedy = remedies[answer]
	case errors.As(err, &name):
		remedy = "bootstrap.servers and advertised.listeners must have names that are in the brokers' certificates"
	case errors.As(err, &stranger):
		remedy = "ssl.truststore.location or ssl.truststore.certificates must hold who has signed the brokers' certificates"
	case errors.As(err, &network) && network.Op == tlsAlert:
		remedy = "the brokers want a certificate that they trust: see ssl.keystore.location"
	case errors.As(err, &header):
		remedy = "the brokers do not speak TLS on this port: see security.protocol and bootstrap.servers"
	case strings.Contains(err.Error(), "plaintext connection speaking to a tls endpoint"):
		remedy = "the brokers want TLS on this port: set security.protocol to SSL or SASL_SSL"
	case errors.As(err, &closed):
		remedy = "the brokers want another security.protocol on this port"
	case errors.As(err, &network) && network.Op == "dial":
		remedy = "are these the brokers (bootstrap.servers), do they run, and can they be reached from here?"
	}
	if remedy == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}
