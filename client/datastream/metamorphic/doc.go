// Package metamorphic runs random input through many pipelines, each in two random ways, by batch and by stream, with random
// parallelism, exchanges, memory, cancellations and failures: the final table is the same. It holds tests only, so that those of
// package datastream, which are about one thing each, compile fast.
package metamorphic
