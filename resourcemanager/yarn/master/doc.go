// Package master is the ApplicationMaster's side of YARN's scheduler protocol.
//
// A Machine is what one attempt of an application wants from the ResourceManager and has from it: asks, containers, releases,
// nodes that are to be avoided, tokens. It is pure: Next makes the heartbeat that is due, Accept, Resync and Reject take in what
// became of it, and Events tell what has happened. A Master is the shell around it: it registers, sends heartbeats, registers
// again with a ResourceManager that has restarted or taken over, and unregisters.
//
// Promises: each ask is answered by one container or is still outstanding, however often answers are lost and ResourceManagers
// change; a container that nobody has asked for, or no longer, is given back at once; the end of a container that is held is
// told of once, that of one that was released never. A heartbeat whose answer is lost is sent again as it was, for the
// ResourceManager would not read another one.
//
// A Master that has heard nothing of any ResourceManager for the time after which YARN gives an ApplicationMaster up ends with
// ErrLost: another attempt may run by then.
package master
