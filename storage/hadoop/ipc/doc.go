// Package ipc is a client of Hadoop's RPC, version 9: of NameNodes, ResourceManagers and NodeManagers.
//
// A Client calls the methods of one Java interface on one service, which may have several servers of which one is active.
// Calls share one connection to a server and are answered in any order. A connection logs in as Login says: SIMPLE, by a token
// (DIGEST-MD5) or by Kerberos, and signs or encrypts all that follows if that is agreed on. It is closed when it is idle, and
// made anew with the token of that moment.
//
// A call ends with an answer, an exception of the server (*RemoteException; errors.Is with a Class tells which), or one of
//
//	ErrUnreachable  no server has answered for Options.Patience, or for FirstPatience if none ever has
//	ErrAnswerLost   the connection broke when the call was on its way, and the call may not be made twice (Once), or the
//	                context ended then
//	ErrLogin        the login failed in a way that trying again does not heal
//
// In between it is tried again with growing pauses: at the next server when the connection fails or the server is standby, at
// the same one when it says that it is busy. A call keeps its id over all tries; by client id and call id a server recognises
// a call that it has carried out already and gives the old answer again, after a fail-over too. So Rename of a NameNode, for
// one, is carried out once although its answer was lost.
//
// Frames are bounded, and what cannot be understood breaks the connection, not the process.
//
// Start reading at Client, then retries, conn and handshake.
package ipc
