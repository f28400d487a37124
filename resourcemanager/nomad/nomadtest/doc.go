// Package nomadtest is a Nomad in memory for tests: the part of its HTTP API that workers need, without a network, and with
// faults. Jobs that are dispatched run at once, unless there is no room; what ends them is up to the test.
//
// Start reading at Cluster.
package nomadtest
