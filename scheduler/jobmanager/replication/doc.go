// Package replication opens the log of a JobManager whose facts are mirrored, and of one that has others beside it: it finds out
// which generation of the cluster lives, whether this member may take part in it, and who the other members are.
//
// A generation is begun by whoever comes first, or by Recover when all members or their state are lost. Its note says by which
// form of log it lives and who its first members are. Each member keeps what it has agreed to in a folder of its own for each
// generation, and has a mark in the mirror: one that has a mark but no folder has lost its state. It could contradict what it has
// agreed to before, so it takes no part until the others have removed it.
//
// Start reading at Join.
package replication
