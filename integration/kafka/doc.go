// Package kafka tests sources and sinks of topics, and jobs between topics, against a real Kafka. It runs when LEAT_TEST_KAFKA
// names the brokers and is skipped otherwise. The tests that kill brokers also need LEAT_TEST_KAFKA_DIR, those of TLS, logins and
// rights LEAT_TEST_KAFKA_SSL and LEAT_TEST_KAFKA_SASL_SSL. scripts/kafka/up.sh sets them; with LEAT_TEST_HDFS files are written to HDFS:
//
//	eval "$(scripts/kafka/up.sh --brokers 3 --secured yes)"
//	go test ./integration/kafka/
//	scripts/kafka/down.sh
//
// How fast it is say kafka-read and kafka-write of integration/bench.
package kafka
