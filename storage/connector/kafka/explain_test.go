package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestExplanations(t *testing.T) {
	for want, err := range map[string]error{
		"[Topic authorization failed.]: the user may not do this: allow READ on topics that are read": kerr.TopicAuthorizationFailed,
		"another run of the job has the same transactional id prefix":                                 fmt.Errorf("x: %w", kerr.ProducerFenced),
		"names that are in the brokers' certificates":                                                 &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a"}},
		"who has signed the brokers' certificates":                                                    &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"a certificate that they trust: see ssl.keystore.location":                                    &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")},
		"do not speak TLS on this port":                                                               tls.RecordHeaderError{Msg: "x"},
		"want another security.protocol on this port":                                                 &kgo.ErrFirstReadEOF{},
		"can they be reached from here":                                                               &net.OpError{Op: "dial", Err: errors.New("refused")},
	} {
		require.ErrorContains(t, explained(err), want)
		require.ErrorIs(t, explained(err), err)
	}
	require.Equal(t, "other", explained(errors.New("other")).Error())
	require.Equal(t, kerr.NotLeaderForPartition, explained(kerr.NotLeaderForPartition))
	require.False(t, unreachable(&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}))
	require.True(t, unreachable(&net.OpError{Op: "dial", Err: errors.New("refused")}))
}
