// Package processes is for tests of real processes: it starts, kills, stops and reads them (Process), cuts them off a network
// (Network), fills their disks (Disk), and restarts what the scripts of this tree have started (Daemons).
//
// All that a test has made ends with it. Networks and disks need root on Linux: where they cannot be had, an error says why, and
// the test leaves out what needs them.
package processes
