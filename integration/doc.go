// Package integration holds what needs more than a unit test: tests against real components (hdfs) and benchmarks
// (bench). Tests here skip, saying so, when the component is not there; scripts/test starts it.
package integration
