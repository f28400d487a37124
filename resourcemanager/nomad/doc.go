// Package nomad gets workers from HashiCorp Nomad: a resourcemanager.Provider for JobManagers that run inside or beside a
// Nomad cluster.
//
// A size of worker is a parameterised batch job, and a worker is one dispatch of it. Nomad restarts and replaces nothing, so the
// scheduler alone decides. A worker's name is part of the id of its job, so a JobManager finds the workers of the one before
// without any record of its own; and it is the dispatch's idempotency token, so a worker is started once however often an answer
// is lost.
//
//	job.go        Spec: what jobs look like, a pure function
//	config.go     what of it is configured
//	client.go     the client, made as all tools of HashiCorp make it, and kinds of errors
//	provider.go   Provider: what is wanted
//	place.go      registers jobs and dispatches workers
//	ahead.go      dispatches those that a JobManager will need which is starting
//	discard.go    stops workers, and ends what nobody waits for
//	clean.go      what clusters have left behind that are over
//	watch.go      the event stream, resumed by index
//	drain.go      workers on nodes that are drained
//	recover.go    comparison with what Nomad lists: after a failover, after gaps, and now and then
//	explain.go    why a worker has ended, in a sentence with a remedy
//	nomadtest     a Nomad in memory that misbehaves
//	check         tries what workers on Nomad need
//
// Rights of the ACL token, in the namespace: list-jobs, read-job and dispatch-job; submit-job to register jobs and stop workers,
// or scale-job with jobs that are registered already; node read to hear of drains beforehand; variables write at nomad/jobs/leat-* where the cluster has a secret.
//
// The cluster's secret lies in a Nomad Variable that only tasks of the worker's own job can read; it is rendered into the task's
// secrets directory and stands in no job, argument, variable of the environment or metadata.
//
// Nomad calls a node lost while its tasks may still be running, so a worker that was told of by Lost may go on for a while:
// names, as epochs, fence it off.
//
// Start reading at Provider.
package nomad
