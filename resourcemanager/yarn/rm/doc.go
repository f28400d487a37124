// Package rm calls ResourceManagers of YARN by Hadoop's RPC.
//
// A Client speaks for users: it submits applications, reports on them, kills them, and tells about queues and nodes. A
// Scheduler speaks for the ApplicationMaster of one attempt, by the token that the attempt was given; package master says when
// to call what. Where there are several ResourceManagers, calls go to the one that is active, and are made again when another
// takes over; how long is yarn.resourcemanager.connect.max-wait.ms.
//
// Errors are those of storage/hadoop/ipc. An exception of the ResourceManager is told by its class:
//
//	errors.Is(err, rm.ApplicationNotFoundException)
//
// An application that was refused or has failed is ErrRejected, with YARN's diagnostics.
package rm
