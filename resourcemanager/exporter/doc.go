// Package exporter offers the metrics of a process to Prometheus, at the port that metrics.reporter.prom.port names.
//
// It listens on the loopback interface unless metrics.reporter.prom.bind-host says otherwise; beyond that, and wherever the
// cluster has a secret, scrapes must bring it as a bearer token (authorization.credentials_file of Prometheus). With
// security.ssl.rest.enabled it speaks TLS. Start reading at Start.
package exporter
