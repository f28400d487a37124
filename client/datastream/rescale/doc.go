// Package rescale tests that the state of every operator of a STREAMING job is in its snapshots and comes back at any
// parallelism: random input, snapshots and failures give, step by step, the output of an undisturbed run. It holds tests only.
package rescale
