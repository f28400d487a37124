package exporter

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/security"
)

// defaultPorts is where Flink's reporter listens when nothing is said.
const defaultPorts = "9249"

// Ports are the ports that a configuration asks for, or "".
func Ports(conf *config.Configuration) string {
	ports := config.Get(conf, config.MetricsPort)
	if ports == "" && config.Get(conf, config.MetricsFactory) != "" {
		return defaultPorts
	}
	return ports
}

// Start answers scrapes of /metrics, and of / as Flink's reporter does, until stop is called. Without a port in the configuration
// it does nothing. It speaks TLS when REST does. The error is the configuration's fault, or that no port is free.
func Start(conf *config.Configuration, s secret.Secret, c metrics.Collector, logger *slog.Logger) (stop func(), err error) {
	ports := Ports(conf)
	if ports == "" {
		return func() {}, nil
	}
	host := config.Get(conf, config.MetricsHost)
	certificates, mutual, err := security.RestServer(conf, logger)
	if err != nil {
		return nil, err
	}
	if !mutual {
		if err := secret.Guard(s, "the endpoint for Prometheus", host); err != nil {
			return nil, err
		}
	}
	handler, err := metrics.Handler(c)
	if err != nil {
		return nil, err
	}
	listener, err := listen(host, ports)
	if err != nil {
		return nil, err
	}
	if certificates != nil {
		listener = tls.NewListener(listener, certificates.Server(mutual))
	}
	mux := http.NewServeMux()
	for _, path := range []string{"GET /metrics", "GET /{$}"} {
		mux.Handle(path, guard(s, host, handler))
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	logger.Info("metrics are offered to Prometheus", "address", listener.Addr().String())
	return func() {
		_ = server.Close() // a scrape that is under way is not waited for
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			logger.Warn("metrics were not offered any more", "error", err)
		}
	}, nil
}

// guard lets those through who know the secret, or if there is none, who speak to a name of this machine: a page of another
// site cannot.
func guard(s secret.Secret, host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if h, _, err := net.SplitHostPort(name); err == nil {
			name = h
		}
		switch {
		case s.IsZero() && r.TLS == nil && !secret.IsLoopback(name) && !strings.EqualFold(name, host):
			http.Error(w, "refused: "+strconv.Quote(r.Host)+" is no name of this server", http.StatusForbidden)
		case !s.MatchesBearer(r.Header.Get("Authorization")):
			w.Header().Set("WWW-Authenticate", `Bearer realm="leat"`)
			http.Error(w, "the cluster's secret is required as a bearer token", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// listen opens the first free port of a range such as 9250-9260.
func listen(host, ports string) (net.Listener, error) {
	low, high, _ := strings.Cut(ports, "-")
	first, err := strconv.ParseUint(strings.TrimSpace(low), 10, 16)
	last, err2 := strconv.ParseUint(strings.TrimSpace(cmp.Or(high, low)), 10, 16)
	if err = errors.Join(err, err2); err != nil || last < first {
		return nil, fmt.Errorf("%s: %q is no port or range of ports", config.MetricsPort.Key, ports)
	}
	for port := first; ; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatUint(port, 10)))
		if err == nil || port == last {
			if err != nil {
				err = fmt.Errorf("the endpoint for Prometheus cannot listen: %w; end what uses the port, or set %s to another or to a range", err, config.MetricsPort.Key)
			}
			return l, err
		}
	}
}
