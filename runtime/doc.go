// Package runtime is what a job is made of and what runs it inside a worker: graph (the job as data), config, state,
// operator (the seam and all operators) and task (the goroutine that owns a chain of them).
//
// Start reading at runtime/graph, then runtime/operator, then runtime/task.
package runtime
