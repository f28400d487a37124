package rest

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
)

// FromConfiguration returns a client of the cluster that the configuration names: its members or its REST address, the file of its
// secret, and TLS. patience is as in Options.
func FromConfiguration(conf *config.Configuration, patience time.Duration) (*Client, error) {
	opt, scheme := Options{Patience: patience}, "http://"
	var err error
	if opt.TLS, err = security.RestClient(conf); err != nil {
		return nil, err
	}
	if opt.TLS != nil {
		scheme = "https://"
	}
	for _, m := range config.Get(conf, config.Masters) {
		if m != "" {
			opt.Members = append(opt.Members, scheme+m)
		}
	}
	if len(opt.Members) == 0 {
		opt.Members = []string{scheme + net.JoinHostPort(config.Get(conf, config.RestAddress), strconv.Itoa(config.Get(conf, config.RestPort)))}
	}
	if path := config.Get(conf, config.SecretFile); path != "" {
		s, err := secret.Load(path)
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, config.SecretFile.Key)
		}
		opt.Secret = s
	}
	return New(opt)
}
