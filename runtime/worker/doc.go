// Package worker is what runs inside a user's program when a TaskManager has started it: the tasks of one job.
//
// The program's main() runs up to the Execute that the job is; there the client calls Process.Execute, which compares the
// graph with the submitted one and then obeys orders until the process ends. In application mode and in tests TaskManager
// and worker share a process: then Serve is called with a Link in memory, and everything else is the same.
//
// Promises:
//
//   - The worker ends when its TaskManager ends: the Link is at its end.
//   - Tasks of one worker hand batches over without a copy; tasks of different workers exchange rows by shuffle/network.
//     Deployments may come in any order: a producer has no room until its consumer is there.
//   - In BATCH a vertex writes its outputs to shuffle/blocking, but for those within an iteration, whose vertices run together.
//     A consumer reads the range of sub-partitions that its assignment names; of one that is shared, the rows of some producers.
//     When an attempt is reported as FINISHED, its outputs are files that the TaskManager serves, also after the worker's death;
//     a consumer reads one channel from each TaskManager that has any, and event time ends with the last row of each.
//   - Every deployed attempt is reported until it is FINISHED, CANCELED or FAILED, and those are reported once.
//   - Coordinators run in the worker that the deployments name; requests reach them over the data connections.
//   - Of a checkpoint a worker writes one file, and reports once, when all its tasks and the coordinators that it hosts have saved their
//     state; what sinks have prepared by then is committed when the checkpoint is complete. Tasks begin after the coordinators, which begin
//     by committing what the checkpoint that is restored has decided on.
//   - A task that begins with a checkpoint reads the TaskManager's copies of its state first, where the job keeps them. One that had
//     finished before it only ends. A sub-task that begins anew alone has its coordinators take back what it was given and has
//     reported since.
//   - What sinks of a bounded job have prepared for its end travels with the report of FINISHED and is committed by the commit
//     vertex, or removed by it when the job does not finish; parts that a sink wants committed at once are committed by its own
//     worker.
//
// Start reading at Serve, then deploy.go for how a task is built, wiring.go and blocking.go for how it is
// wired.
package worker
