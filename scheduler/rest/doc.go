// Package rest is the REST API of the JobManager on port 8081: Flink's paths and JSON, as far as what they tell exists, and a
// read-only page on it.
//
// Every path is in the table of routes.go, from which the OpenAPI document at /openapi.json is made; all of them work with the
// prefix /v1 too. What Flink has and this version has not is in the table of leftout.go and answers 501. testdata/flink.json has
// the shapes of the answers of Flink 2.3. Errors are {"errors": [...]}: 400 for what the client got wrong, 401 without the secret,
// 403 for what is refused, 404 for what is not there, 413 for what is too large, 500 for our own faults, 501 for what is left out,
// 503 while nobody leads. A member that does not lead redirects to the one that does (307).
//
// Security: beyond the loopback interface the cluster's secret is required, as a bearer token, or mutual TLS; without either, only
// requests that were made to a name of this machine are answered. Requests that a browser makes on behalf of another site are refused. Bodies
// are limited, and file names of clients never become paths.
//
// Start reading at New, then routes.go.
package rest
