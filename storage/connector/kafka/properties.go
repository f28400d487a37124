package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// metadataMinAge is the least time between two questions for the same topic: how long a new leader is not noticed.
const metadataMinAge = 250 * time.Millisecond

// settings is what properties mean.
type settings struct {
	brokers  []string
	common   []kgo.Opt
	consumer []kgo.Opt
	producer []kgo.Opt
	security security

	group         string
	committed     bool // isolation.level
	reset         Reset
	discovery     time.Duration
	commitOffsets bool
	room          int // bytes of records that wait for readers: fetch.max.bytes

	acks       kgo.Acks
	idempotent bool
	delivery   time.Duration // how long a barrier waits for what was written
	timeout    time.Duration // of transactions; 0 if not said
	// ignored are those that mean something to Java's client only.
	ignored []string
}

// property applies a value.
type property func(s *settings, value string) error

// properties are those with a meaning here, by name.
var properties = map[string]property{
	"bootstrap.servers": func(s *settings, v string) error {
		for _, b := range strings.Split(v, ",") {
			if b = strings.TrimSpace(b); b != "" {
				s.brokers = append(s.brokers, b)
			}
		}
		return nil
	},
	"client.id":                          text(func(s *settings, v string) { s.common = append(s.common, kgo.ClientID(v)) }),
	"request.timeout.ms":                 millis(func(s *settings, d time.Duration) { s.common = append(s.common, kgo.RequestTimeoutOverhead(d)) }),
	"connections.max.idle.ms":            millis(func(s *settings, d time.Duration) { s.common = append(s.common, kgo.ConnIdleTimeout(d)) }),
	"metadata.max.age.ms":                millis(func(s *settings, d time.Duration) { s.common = append(s.common, kgo.MetadataMaxAge(d)) }),
	"socket.connection.setup.timeout.ms": millis(func(s *settings, d time.Duration) { s.common = append(s.common, kgo.DialTimeout(d)) }),
	"retry.backoff.ms": millis(func(s *settings, d time.Duration) {
		s.common = append(s.common, kgo.RetryBackoffFn(func(tries int) time.Duration { return min(d<<min(tries, 10), max(d, 5*time.Second)) }))
	}),

	"security.protocol":                     text(func(s *settings, v string) { s.security.protocol = strings.ToUpper(v) }),
	"sasl.mechanism":                        text(func(s *settings, v string) { s.security.mechanism = strings.ToUpper(v) }),
	"sasl.jaas.config":                      text(func(s *settings, v string) { s.security.jaas = v }),
	"sasl.kerberos.service.name":            text(func(s *settings, v string) { s.security.service = v }),
	"sasl.oauthbearer.token.endpoint.url":   text(func(s *settings, v string) { s.security.tokenURL = v }),
	"sasl.oauthbearer.scope":                text(func(s *settings, v string) { s.security.scope = v }),
	"ssl.truststore.location":               text(func(s *settings, v string) { s.security.truststore = v }),
	"ssl.truststore.password":               text(func(s *settings, v string) { s.security.truststorePassword = v }),
	"ssl.truststore.certificates":           text(func(s *settings, v string) { s.security.trusted = v }),
	"ssl.truststore.type":                   oneOf(nil, "PEM", "PKCS12"),
	"ssl.keystore.location":                 text(func(s *settings, v string) { s.security.keystore = v }),
	"ssl.keystore.password":                 text(func(s *settings, v string) { s.security.keystorePassword = v }),
	"ssl.keystore.key":                      text(func(s *settings, v string) { s.security.key = v }),
	"ssl.keystore.certificate.chain":        text(func(s *settings, v string) { s.security.chain = v }),
	"ssl.keystore.type":                     oneOf(nil, "PEM", "PKCS12"),
	"ssl.endpoint.identification.algorithm": oneOf(func(s *settings, v string) { s.security.anyHost = v == "" }, "", "https", "HTTPS"),

	"group.id":          text(func(s *settings, v string) { s.group = v }),
	"auto.offset.reset": oneOf(func(s *settings, v string) { s.reset = Reset(v) }, "earliest", "latest", "none"),
	"isolation.level":   oneOf(func(s *settings, v string) { s.committed = v == "read_committed" }, "read_committed", "read_uncommitted"),
	"fetch.min.bytes":   number(func(s *settings, n int64) { s.consumer = append(s.consumer, kgo.FetchMinBytes(int32(n))) }),
	"fetch.max.bytes": number(func(s *settings, n int64) {
		s.consumer, s.room = append(s.consumer, kgo.FetchMaxBytes(int32(n))), int(n)
	}),
	"max.partition.fetch.bytes":       number(func(s *settings, n int64) { s.consumer = append(s.consumer, kgo.FetchMaxPartitionBytes(int32(n))) }),
	"fetch.max.wait.ms":               millis(func(s *settings, d time.Duration) { s.consumer = append(s.consumer, kgo.FetchMaxWait(d)) }),
	"client.rack":                     text(func(s *settings, v string) { s.consumer = append(s.consumer, kgo.Rack(v)) }),
	"partition.discovery.interval.ms": millis(func(s *settings, d time.Duration) { s.discovery = d }),
	"commit.offsets.on.checkpoint":    oneOf(func(s *settings, v string) { s.commitOffsets = v == "true" }, "true", "false"),

	"acks": oneOf(func(s *settings, v string) {
		s.acks = map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks(), "-1": kgo.AllISRAcks()}[v]
	}, "0", "1", "all", "-1"),
	"enable.idempotence": oneOf(func(s *settings, v string) { s.idempotent = v == "true" }, "true", "false"),
	"compression.type": oneOf(func(s *settings, v string) {
		s.producer = append(s.producer, kgo.ProducerBatchCompression(map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
			"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}[v]))
	}, "none", "gzip", "snappy", "lz4", "zstd"),
	"linger.ms":              millis(func(s *settings, d time.Duration) { s.producer = append(s.producer, kgo.ProducerLinger(d)) }),
	"max.request.size":       number(func(s *settings, n int64) { s.producer = append(s.producer, kgo.ProducerBatchMaxBytes(int32(n))) }),
	"buffer.memory":          number(func(s *settings, n int64) { s.producer = append(s.producer, kgo.MaxBufferedBytes(int(n))) }),
	"delivery.timeout.ms":    millis(func(s *settings, d time.Duration) { s.delivery = d }),
	"transaction.timeout.ms": millis(func(s *settings, d time.Duration) { s.timeout = d }),
	"retries":                number(func(s *settings, n int64) { s.producer = append(s.producer, kgo.RecordRetries(int(n))) }),
	"max.in.flight.requests.per.connection": number(func(s *settings, n int64) {
		s.producer = append(s.producer, kgo.MaxProduceRequestsInflightPerBroker(int(n)))
	}),
}

// foreign are properties of Java's client that are accepted and do nothing.
var foreign = map[string]bool{"allow.auto.create.topics": true, "auto.commit.interval.ms": true, "auto.include.jmx.reporter": true, "batch.size": true,
	"check.crcs": true, "client.dns.lookup": true, "client.id.prefix": true, "default.api.timeout.ms": true, "enable.auto.commit": true,
	"enable.metrics.push": true, "exclude.internal.topics": true, "heartbeat.interval.ms": true, "interceptor.classes": true, "key.deserializer": true,
	"key.serializer": true, "max.block.ms": true, "max.poll.interval.ms": true, "max.poll.records": true, "metric.reporters": true,
	"metrics.num.samples": true, "metrics.recording.level": true, "metrics.sample.window.ms": true, "partition.assignment.strategy": true,
	"partitioner.class": true, "receive.buffer.bytes": true, "reconnect.backoff.max.ms": true, "reconnect.backoff.ms": true,
	"register.consumer.metrics": true, "retry.backoff.max.ms": true, "sasl.client.callback.handler.class": true, "sasl.login.callback.handler.class": true,
	"security.providers": true, "send.buffer.bytes": true, "session.timeout.ms": true, "ssl.cipher.suites": true, "ssl.enabled.protocols": true,
	"ssl.protocol": true, "ssl.provider": true, "value.deserializer": true, "value.serializer": true}

// parse gives properties their meaning. Values are not in its errors, for they may be secret.
func parse(values map[string]string) (*settings, error) {
	s := &settings{committed: true, discovery: 5 * time.Minute, commitOffsets: true, room: 50 << 20, acks: kgo.AllISRAcks(), idempotent: true, delivery: 2 * time.Minute}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		apply, known := properties[name]
		switch {
		case foreign[name]:
			s.ignored = append(s.ignored, name)
		case !known:
			return nil, fmt.Errorf("kafka: unknown property %q%s", name, suggestion(name))
		default:
			if err := apply(s, strings.TrimSpace(values[name])); err != nil {
				return nil, fmt.Errorf("kafka: property %s: %w", name, err)
			}
		}
	}
	if len(s.brokers) == 0 {
		return nil, errors.New("kafka: no brokers: set the property bootstrap.servers to host:port, or several separated by commas")
	}
	opts, err := s.security.options()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	s.common = append(s.common, opts...)
	s.common = append(s.common, kgo.SeedBrokers(s.brokers...), kgo.MetadataMinAge(metadataMinAge), kgo.DisableClientMetrics())
	return s, nil
}

func text(set func(*settings, string)) property {
	return func(s *settings, v string) error { set(s, v); return nil }
}

func oneOf(set func(*settings, string), allowed ...string) property {
	return func(s *settings, v string) error {
		if !slices.Contains(allowed, v) {
			return fmt.Errorf("it must be one of %q", allowed)
		}
		if set != nil {
			set(s, v)
		}
		return nil
	}
}

func number(set func(*settings, int64)) property {
	return func(s *settings, v string) error {
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || n < 0 {
			return errors.New("it must be a whole number from 0 to 2147483647")
		}
		set(s, n)
		return nil
	}
}

// millis takes a number of milliseconds; negative ones mean never and so 0.
func millis(set func(*settings, time.Duration)) property {
	return func(s *settings, v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return errors.New("it must be a whole number of milliseconds")
		}
		set(s, time.Duration(max(n, 0))*time.Millisecond)
		return nil
	}
}

// suggestion names the property that is most like an unknown one, if any is.
func suggestion(name string) string {
	best, least := "", len(name)/3+1
	for _, known := range slices.Sorted(maps.Keys(properties)) {
		if d := distance(name, known); d < least {
			best, least = known, d
		}
	}
	if best == "" {
		return "; see the table of properties in the documentation of the package"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the number of letters to insert, remove or replace to get from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
