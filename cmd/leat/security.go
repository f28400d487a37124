package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
)

// membership is what a JobManager or TaskManager proves itself with.
type membership struct {
	secret   secret.Secret
	internal *security.Certificates // nil without TLS between processes
	peers    *security.Peers
}

func loadMembership(conf *config.Configuration, logger *slog.Logger) (id membership, err error) {
	if id.secret, err = loadSecret(conf); err != nil {
		return id, err
	}
	if id.internal, err = security.Internal(conf, logger); err != nil {
		return id, wrongUsage("%w", err)
	}
	if id.internal != nil {
		id.internal.Warn(time.Now())
	}
	id.peers = security.NewPeers(id.secret.Bytes(), id.internal)
	return id, nil
}

// loadSecret is the cluster's secret, if the configuration names its file.
func loadSecret(conf *config.Configuration) (secret.Secret, error) {
	path := config.Get(conf, config.SecretFile)
	if path == "" {
		return secret.Secret{}, nil
	}
	s, err := secret.Load(path)
	if err != nil {
		return secret.Secret{}, wrongUsage("%w (%s)", err, config.SecretFile.Key)
	}
	return s, nil
}

// guard refuses to let processes of the cluster listen where everybody reaches them, unless they prove who they are.
func (id membership) guard(what, host string) error {
	if id.internal != nil {
		return nil
	}
	return guard(id.secret, what, host, config.InternalTLS.Key)
}

// guard refuses to listen beyond the loopback interface without the secret; tlsKey would do instead.
func guard(s secret.Secret, what, host, tlsKey string) error {
	if err := secret.Guard(s, what, host); err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("%w (or set %s)", err, tlsKey)}
	}
	return nil
}

// restTLS is what the REST server encrypts by; nil when it does not. Beyond the loopback interface it is told what is missing.
func restTLS(conf *config.Configuration, s secret.Secret, host string, logger *slog.Logger) (*tls.Config, error) {
	certificates, mutual, err := security.RestServer(conf, logger)
	if err != nil {
		return nil, wrongUsage("%w", err)
	}
	if !mutual {
		if err := guard(s, "REST", host, config.RestAuthentication.Key); err != nil {
			return nil, err
		}
	}
	if certificates == nil {
		if !secret.IsLoopback(host) {
			logger.Warn("requests to REST carry the cluster's secret in the clear: set " + config.RestTLS.Key + ", or let nobody else listen on the network")
		}
		return nil, nil
	}
	certificates.Warn(time.Now())
	return certificates.Server(mutual), nil
}
