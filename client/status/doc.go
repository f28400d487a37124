// Package status is what a program tells the command that started it about its jobs: one JSON object a line on the file
// descriptor that LEAT_STATUS_FD names.
//
// A program that leat run starts writes Submitted, then Progress about twice a second, then one of Finished, Failed or
// Canceled for each job; Rejected for a job that could not be submitted; Plan instead of all of them when LEAT_INFO asks for
// the plan. The CLI reads them with a Decoder and draws them, or passes them on with --json.
//
// Promises: reporting never fails a job; when nobody reads (no LEAT_STATUS_FD, or a reader that has gone) events are dropped.
// Decoders skip fields that they do not know, so that versions may differ.
//
// Start reading at event.go.
package status
