// Package rpc is the control protocol between the JobManager and its TaskManagers: protobuf over gRPC.
//
// A TaskManager dials the members it knows until one answers Welcome, and keeps that one stream. It says Register, then a
// full Report; from then on changes and, at least every heartbeat, an empty report. The leader answers with Orders, and with
// Alive when there is nothing to say. A stream is reliable and in order, so a change is reported once per stream; a new
// stream begins with a full report again. Whoever hears nothing for a lease closes the stream.
//
// Fencing. An order counts only if its fence is greater than every fence obeyed before, by generation, then term, then
// sequence. The fence of a Welcome is (generation, term, 0): one that is less than the generation and term obeyed last is
// refused and another leader is looked for. Under a new generation, or another number than before, all tasks end and all
// outputs but those that Register offered are dropped; under a new term everything goes on. Attempts decide within a task:
// an attempt that is not newer than the one known is not started.
//
// Redelivery. Orders are derived from state, so any may come twice: a deployment of a known attempt, a cancellation of an
// ended or unknown one, and a drop of an unknown job are answered by reporting the present state.
//
// Coordinators (split enumerators and their like) of a job live together in one worker of the job: that of the TaskManager
// which Deployment.coordinator names, the same in all deployments of the job until it is lost. The leader appoints the
// TaskManager of the first task that it deploys; epoch is the fence of that order. The worker starts the coordinators with
// the first deployment that names its TaskManager with a new epoch. Requests of sub-tasks travel between workers by the data
// connections and never by the JobManager, so they go on while there is no leader. A CoordinatorStatus with a cause, or the
// loss of the TaskManager, ends the epoch: what the coordinators knew is gone, and the leader appoints anew. An attempt asks
// the epoch that it was deployed in only, so those that still read fail and begin again; the new coordinators are told what
// finished sub-tasks have taken, and the leader refuses the end of an attempt of an older epoch that they were not told of. A
// restart of all sources has a new epoch too. A leader learns from Register and full reports who hosts what. Sinks commit by
// the commit vertex: results hold what they have prepared.
//
// Versions. Both ends tell the version that they speak; they may differ by one, and the newer speaks the older's. Fields
// are only ever added.
//
// Print rows and logs are read by LogRequest, also by long polling; nothing of them is pushed.
//
// Start reading at control.proto; worker.proto is what a TaskManager says to its workers.
package rpc

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative control.proto worker.proto
