// Package yarntest is a YARN of a few lines for tests: ResourceManagers of which one is active, and NodeManagers, that can
// misbehave. There is one attempt of one application at a time.
//
// A Cluster is used as it is (it implements master.Scheduler, with errors as ResourceManagers have them) or through Hadoop's
// RPC, in memory, by Conf and Dial. What YARN promises it keeps: asks are a state and are counted down, a repeated heartbeat
// gets the same answer, a restarted ResourceManager knows nothing but containers that run.
package yarntest
