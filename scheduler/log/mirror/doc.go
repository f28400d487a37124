// Package mirror keeps the facts that must outlive every JobManager as small whole files on a file system, and gives them to a new
// generation when all members of the old one are lost.
//
// Files lie in DIR/CLUSTER/GENERATION and are made by create-without-overwrite, so that of two writers one wins:
//
//	begin                   the generation has begun: every older one is over
//	SEQUENCE.snapshot       the whole state; the first one when a leader begins
//	SEQUENCE.facts          the facts of one entry
//
// A sequence is the leader's term and a count within it.
//
// The order of events makes this safe. An entry's facts are written after the log has taken it and before Propose returns, so
// nothing is done about an entry that the mirror lacks. A leader leads only when its snapshot is written. A new generation first
// creates its begin file and later reads the old one; a leader looks for a newer begin file after every write, so what it has seen
// through as durable is read. The first snapshot of a generation has all that the last one has left; only then are the files of
// older generations removed.
//
// Start reading at Claim, then Open.
package mirror
