// Package jobmanagertest has what tests of the JobManager and of its REST server need: a JobManager on the memory log whose
// control protocol goes through memory, TaskManagers that run nothing but say what real ones would, and a small job.
package jobmanagertest
