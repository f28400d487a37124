// Package datanodetest is DataNodes in memory for tests: they store and serve blocks as real ones do, and misbehave on demand.
//
// A Cluster's Nodes are reached by Dial under the addresses that their Info has. The first of a pipeline stores packets at the
// others as well, and acknowledges for all.
package datanodetest
