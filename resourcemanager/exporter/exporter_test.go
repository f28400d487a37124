package exporter_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/exporter"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/security/securitytest"
)

var one = metrics.Collector(func(emit metrics.Emit) {
	emit("flink_taskmanager_", []metrics.Metric{{Name: "Status.JVM.Threads.Count", Value: 7}}, metrics.TaskManagerLabels, "here", "tm-a")
})

// start starts a reporter on a free port and returns where it is.
func start(t *testing.T, s secret.Secret, settings ...string) string {
	var log bytes.Buffer
	stop, err := exporter.Start(configuration(t, append(settings, config.MetricsPort.Key, "0")...), s, one, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	t.Cleanup(stop)
	return "http://" + regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(log.String())
}

func configuration(t *testing.T, settings ...string) *config.Configuration {
	conf := config.New()
	for i := 0; i < len(settings); i += 2 {
		require.NoError(t, conf.Set(settings[i], settings[i+1]))
	}
	return conf
}

func scrape(t *testing.T, url, authorization, host string) (int, string) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", authorization)
	if host != "" {
		r.Host = host
	}
	answer, err := new(http.Transport).RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

func TestScrape(t *testing.T) {
	url := start(t, secret.Secret{}, config.MetricsHost.Key, "127.0.0.1")
	for _, path := range []string{"/metrics", "/"} {
		status, body := scrape(t, url+path, "", "")
		require.Equal(t, 200, status)
		require.Contains(t, body, `flink_taskmanager_Status_JVM_Threads_Count{host="here",tm_id="tm-a"} 7`)
	}
	status, _ := scrape(t, url+"/other", "", "")
	require.Equal(t, 404, status)
	status, _ = scrape(t, url+"/metrics", "", "evil.example")
	require.Equal(t, 403, status)
}

func TestSecretIsRequired(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	url := start(t, s, config.MetricsHost.Key, "127.0.0.1")
	status, _ := scrape(t, url+"/metrics", "", "")
	require.Equal(t, 401, status)
	status, _ = scrape(t, url+"/metrics", s.Bearer(), "")
	require.Equal(t, 200, status)

	_, err = exporter.Start(configuration(t, config.MetricsPort.Key, "0", config.MetricsHost.Key, "0.0.0.0"), secret.Secret{}, one, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "secret")
}

func TestPorts(t *testing.T) {
	require.Empty(t, exporter.Ports(configuration(t)))
	require.Equal(t, "9249", exporter.Ports(configuration(t, "metrics.reporter.prom.factory.class", "org.apache.flink.metrics.prometheus.PrometheusReporterFactory")))
	for _, ports := range []string{"x", "70000", "20-10", "-"} {
		_, err := exporter.Start(configuration(t, config.MetricsPort.Key, ports), secret.Secret{}, one, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "metrics.reporter.prom.port")
	}
}

// Where REST is encrypted, scrapes are.
func TestEncryptedScrape(t *testing.T) {
	dir := t.TempDir()
	a, own := securitytest.NewAuthority(t, dir, "ours"), filepath.Join(dir, "own.pem")
	a.Issue(own, "127.0.0.1")
	settings := []string{config.MetricsHost.Key, "127.0.0.1", "security.ssl.rest.enabled", "true", "security.ssl.rest.keystore", own, "security.ssl.rest.truststore", a.Truststore}
	url := start(t, secret.Secret{}, settings...)
	status, body := scrape(t, url, "", "")
	require.Equal(t, 400, status)
	require.Contains(t, body, "HTTPS")
	client, err := security.RestClient(configuration(t, settings...))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https"+strings.TrimPrefix(url, "http"), nil)
	require.NoError(t, err)
	answer, err := (&http.Transport{TLSClientConfig: client("127.0.0.1"), DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 200, answer.StatusCode)
}
