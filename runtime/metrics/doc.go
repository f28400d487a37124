// Package metrics has the figures of tasks and processes by Flink's names, and offers them to Prometheus.
//
//	newest.go      what was measured last, with rates since the time before
//	names.go       the names that it has in REST and Prometheus
//	process.go     what Go's runtime and the operating system tell of this process
//	prometheus.go  series of the names with Flink's labels
//	handler.go     answers to scrapes
//
// What is measured comes as rpc.Metrics, from this process or from another; rates need two of them.
package metrics
