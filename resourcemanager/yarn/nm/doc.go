// Package nm calls NodeManagers of YARN by Hadoop's RPC: it starts containers that the ResourceManager has given, stops them
// and asks how they are.
//
// Each NodeManager wants a token of its own, which the ResourceManager hands out with the first container there; Nodes asks
// for it at each connection. Connections are closed when they are idle.
//
// Errors are those of storage/hadoop/ipc. A container that could not be started is an *ipc.RemoteException with the class that
// the NodeManager names.
package nm
