// Package resourcemanager is the room for where worker processes come from: one interface, Provider, and a folder for each
// kind of cluster.
//
// A JobManager that leads asks its Provider for workers when jobs need more slots than there are, and gives back workers that
// have been idle. A worker that has started registers with the JobManager by itself, under the resource name that it was asked
// for by. Providers decide nothing: they carry out, and tell what was lost.
//
//	standalone  workers come by themselves: scripts, systemd, containers
//	local       processes or goroutines of this machine, started by a function that the caller gives
//	yarn        containers of YARN, for the JobManager that is an application's ApplicationMaster
//	nomad       dispatches of parameterised batch jobs of HashiCorp Nomad
//	findings    what checks tell before anything is started
//	faulty      any other Provider with faults injected, for tests
//
// Promises: Request is idempotent by resource name, so a leader that does not know whether its predecessor has asked asks
// again. A name is never used for two workers: an epoch is part of it. A worker that was lost is told of exactly once and never
// comes back under its name. Package providertest is the suite that every Provider passes.
//
// Start reading at Provider.
package resourcemanager
